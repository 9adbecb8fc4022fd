"""Rules about which models Karakeep asks for, and in which form."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runbook import models
from runbook.errors import UsageError
from runbook.forms import SECRET_VALUES
from runbook.karakeep.settings.rule import Found, Rule, Situation, missing
from runbook.ollama import same_model

TEXT, IMAGE, SCHEMA = "INFERENCE_TEXT_MODEL", "INFERENCE_IMAGE_MODEL", "INFERENCE_OUTPUT_SCHEMA"
OF_OTHERS = re.compile(r"(gpt-(?!oss)|o[1-9](-|$)|chatgpt|claude|gemini|text-embedding)", re.IGNORECASE)
NOT_THERE = "Ollama answers 404, model not found, for each of them"
FALLBACK = "qwen2.5:3b"


def _no_text_model(situation: Situation) -> Iterator[Found]:
    if not situation.wants_ollama:
        return
    model = situation.parameters.text_model if situation.parameters else "the model that was pulled"
    effect = f"the default is {_default(situation)}, no model of Ollama: {NOT_THERE}"
    yield from missing(situation, TEXT, effect, f"Set {TEXT}={model}.")


def _no_image_model(situation: Situation) -> Iterator[Found]:
    if not situation.wants_ollama:
        return
    vision = situation.parameters.vision_model if situation.parameters else None
    remedy = f"Set {IMAGE}={vision}." if vision else f"Set {IMAGE} to a vision model, such as moondream, and pull it."
    effect = "images and screenshots are asked of a model of OpenAI by default: " + NOT_THERE
    yield from missing(situation, IMAGE, effect, remedy)


def _default(situation: Situation) -> str:
    if situation.karakeep is None:
        return "gpt-4.1-mini or a later one of the same maker"
    return "gpt-4.1-mini" if situation.karakeep.is_before(0, 33) else "a later model of OpenAI"


def _of_another_maker(situation: Situation) -> Iterator[Found]:
    if not situation.wants_ollama:
        return
    for name in (TEXT, IMAGE):
        value = situation.environment.text(name)
        if value and OF_OTHERS.match(value):
            remedy = f"Set {name} to a model that was pulled."
            yield Found(name, f"no model of Ollama: {NOT_THERE}", remedy, setting=situation.environment.get(name))


def _not_pulled(situation: Situation) -> Iterator[Found]:
    parameters = situation.parameters
    if parameters is None or not situation.wants_ollama:
        return
    for name, wanted in ((TEXT, parameters.text_model), (IMAGE, parameters.vision_model)):
        value = situation.environment.text(name)
        if not value or OF_OTHERS.match(value) or _is_one_of(value, parameters.models):
            continue
        have = ", ".join(parameters.models)
        remedy = f"Set {name}={wanted}, or " if wanted else "Otherwise "
        remedy += f"add {value!r} to the target's models and pull it." if _is_plain(value) else "pull that model."
        effect = f"the target pulls {have}, and not this one: {NOT_THERE}, unless it was pulled by hand"
        yield Found(name, effect, remedy, setting=situation.environment.get(name))


def _is_one_of(value: str, names: tuple[str, ...]) -> bool:
    try:
        return any(same_model(value, one) for one in names)
    except UsageError:
        return False


def _is_plain(value: str) -> bool:
    return re.fullmatch(r"[\w.:/-]{1,60}", value) is not None and not SECRET_VALUES.search(value)


def _blind(situation: Situation) -> Iterator[Found]:
    value = situation.environment.text(IMAGE)
    entry = models.find(value) if value else None
    if entry is not None and "vision" not in entry.capabilities:
        effect = f"{entry.name} takes no images: each image and screenshot fails"
        setting = situation.environment.get(IMAGE)
        yield Found(IMAGE, effect, f"Set {IMAGE} to a vision model, such as moondream.", setting=setting)


def _thinks(situation: Situation) -> Iterator[Found]:
    """Without a value for `think` the server turns thinking on, and Karakeep sends none."""
    value = situation.environment.text(TEXT)
    entry = models.find(value) if value else None
    form = situation.environment.text(SCHEMA) or "structured"
    if entry is None or "thinking" not in entry.capabilities or form == "plain" or not situation.wants_ollama:
        return
    if not situation.generates:
        return
    effect = (
        f"{entry.name} thinks unless told otherwise, which Karakeep does not do: with `{form}` the answer is empty or "
        "broken, and bookmarks stay without tags"
    )
    remedy = (
        f"Set {TEXT} to a model that does not think, such as {FALLBACK}, or to one that "
        f"`runbook karakeep derive` makes of {entry.name}; `/nothink` in a prompt does nothing."
    )
    yield Found(TEXT, effect, remedy, setting=situation.environment.get(TEXT))


def _needless_plain(situation: Situation) -> Iterator[Found]:
    """The leak that plain answers were to avoid was mended in Ollama 0.7.0."""
    setting = situation.environment.get(SCHEMA)
    model = situation.environment.text(TEXT) or ""
    if setting is None or setting.value is None or setting.value.strip() != "plain":
        return
    old = situation.ollama is not None and situation.ollama.is_before(0, 7)
    if old and model.startswith("gemma3"):
        return
    effect = "nothing holds the model to JSON, so more answers cannot be read and are asked for again, up to four times"
    if model.startswith("gemma3"):
        effect += "; the memory leak of gemma3 with structured answers, its usual reason, was mended in Ollama 0.7.0"
    yield Found(SCHEMA, effect, f"Set {SCHEMA}=structured, or leave it out.", setting=setting)


def _leaking(situation: Situation) -> Iterator[Found]:
    model = situation.environment.text(TEXT) or ""
    form = situation.environment.text(SCHEMA) or "structured"
    old = situation.ollama is not None and situation.ollama.is_before(0, 7)
    if old and model.startswith("gemma3") and form == "structured":
        effect = "Ollama before 0.7.0 leaks memory with gemma3 and structured answers until the pod is killed"
        remedy = f"Set {SCHEMA}=plain until Ollama is updated."
        yield Found(TEXT, effect, remedy, setting=situation.environment.get(TEXT))


RULES = (
    Rule("K06", "error", "the plan", _no_text_model),
    Rule("K07", "warning", "the plan", _no_image_model),
    Rule("K08", "error", "the plan", _of_another_maker),
    Rule("K09", "error", "the target", _not_pulled),
    Rule("K10", "error", "the catalogue's capabilities", _blind),
    Rule("K11", "error", "ollama#10538; reproduced on 0.15.6", _thinks),
    Rule("K12", "warning", "ollama#10688, closed by #10696", _needless_plain),
    Rule("K13", "error", "ollama#10688, closed by #10696", _leaking),
)
