"""Rules about names and forms: what Karakeep cannot read, does not know, or what belongs to somebody else."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from runbook.karakeep.settings.environment import number_of
from runbook.karakeep.settings.rule import Found, Rule, Situation
from runbook.karakeep.settings.variables import (
    EFFORT,
    EFFORTS,
    FAMILIES,
    FORM,
    FORMER,
    FORMS,
    KINDS,
    KNOWN,
    OF_THE_SERVER,
    POSITIVE,
    SWITCH,
)

TAGGING, SUMMARIES = "INFERENCE_ENABLE_AUTO_TAGGING", "INFERENCE_ENABLE_AUTO_SUMMARIZATION"
NEAR = 0.84
STOPS = "Karakeep checks its environment at the start, refuses this, and does not come up"


def nearest(name: str) -> str:
    """The variable that a misspelt one most likely means; empty where none is near."""
    plain = name.upper().replace("-", "_").replace(".", "_")
    if plain in KNOWN:
        return plain
    return next(iter(difflib.get_close_matches(plain, sorted(KNOWN), n=1, cutoff=NEAR)), "")


def _unreadable(situation: Situation) -> Iterator[Found]:
    for name, kind in KINDS.items():
        setting = situation.environment.get(name)
        if setting is None or setting.value is None:
            continue
        wanted = _wanted(kind, setting.value)
        if wanted:
            yield Found(name, f"{setting.shown} is not {wanted}: {STOPS}", f"Write {wanted}.", setting=setting)


def _wanted(kind: str, value: str) -> str:
    """What is expected of a value that is none of its kind; empty where it is one."""
    if kind == POSITIVE:
        number = number_of(value)
        return "" if number is not None and number > 0 else "a number above 0, without a unit"
    if kind == SWITCH:
        return "" if value in ("true", "false") else "true or false, in small letters"
    choices = {FORM: FORMS, EFFORT: EFFORTS}.get(kind)
    return "" if choices is None or value in choices else "one of " + ", ".join(choices)


def _unknown(situation: Situation) -> Iterator[Found]:
    for setting in situation.environment.settings:
        name = setting.name
        if name in KNOWN or name in OF_THE_SERVER:
            continue
        right = FORMER.get(name) or nearest(name)
        if right:
            effect = "Karakeep knows no such variable and ignores it without a word"
            yield Found(name, effect, f"Write {right}.", setting=setting)
        elif name.startswith(FAMILIES):
            effect = "no variable of the Karakeep versions that this lint knows: it is most likely ignored"
            yield Found(name, effect, "Look it up, or remove it.", "note", setting)


def _of_the_server(situation: Situation) -> Iterator[Found]:
    for setting in situation.environment.settings:
        if setting.name in OF_THE_SERVER:
            instead = "Set OLLAMA_BASE_URL here" if setting.name == "OLLAMA_HOST" else "Remove it here"
            remedy = f"{instead}; in a target it belongs under `environment`, for Ollama's own pod."
            yield Found(setting.name, "the Ollama server's variable; Karakeep ignores it", remedy, setting=setting)


def _twice(situation: Situation) -> Iterator[Found]:
    for name in situation.environment.twice():
        setting = situation.environment.get(name)
        yield Found(name, "set more than once: only the last one counts", "Remove the others.", setting=setting)


def _quoted(situation: Situation) -> Iterator[Found]:
    for setting in situation.environment.settings:
        value = setting.value or ""
        marks = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        if marks or value != value.strip():
            what = "quotation marks" if marks else "blanks at an end"
            effect = f"the {what} are part of the value, which then is another one"
            yield Found(setting.name, effect, f"Write it without {what}.", setting=setting)


def _work(situation: Situation) -> Iterator[Found]:
    tagging, summaries = situation.environment.get(TAGGING), situation.environment.get(SUMMARIES)
    if tagging and tagging.value == "false":
        effect = "no new bookmark is tagged, which is right during a bulk import only"
        yield Found(TAGGING, effect, f"Set {TAGGING}=true afterwards.", setting=tagging)
    elif tagging is None:
        effect = "on by default: a bulk import queues every bookmark, for days on a CPU, and new ones wait behind it"
        yield Found(TAGGING, effect, f"Set {TAGGING}=false while you import.", setting=tagging)
    if summaries and summaries.value == "true":
        effect = "each bookmark is asked for twice, and a summary is longer than tags: half as many a minute at most"
        yield Found(SUMMARIES, effect, f"Set {SUMMARIES}=false on a CPU.", "warning", summaries)


RULES = (
    Rule("K21", "error", "Karakeep's own check of its environment", _unreadable),
    Rule("K22", "warning", "Karakeep's list of variables", _unknown),
    Rule("K23", "warning", "Ollama's list of variables", _of_the_server),
    Rule("K24", "warning", "how an environment is read", _twice),
    Rule("K25", "warning", "how an environment is read", _quoted),
    Rule("K26", "note", "the plan", _work),
)
