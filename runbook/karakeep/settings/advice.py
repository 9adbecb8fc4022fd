"""The plan's advice about Karakeep, and whether it holds for the versions at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runbook.karakeep.settings.rule import Release


@dataclass(frozen=True)
class Advice:
    """One piece of advice, judged.

    Attributes:
        text: What the plan says, in our words.
        holds: Whether it still holds.
        why: What decides that.
    """

    text: str
    holds: bool
    why: str


Versions = tuple[Release | None, Release | None]
Judge = Callable[[Versions], tuple[bool, str]]


def _always(why: str) -> Judge:
    return lambda _: (True, why)


def _never(why: str) -> Judge:
    return lambda _: (False, why)


def _gemma(versions: Versions) -> tuple[bool, str]:
    _, ollama = versions
    if ollama is not None and ollama.is_before(0, 7):
        return True, f"Ollama {ollama} has the leak"
    return False, "mended in Ollama 0.7.0 (ollama#10696); `structured` is right for gemma3 too"


def _generate(versions: Versions) -> tuple[bool, str]:
    karakeep, _ = versions
    if karakeep is not None and karakeep.is_before(0, 30):
        return False, f"Karakeep {karakeep} asks through /api/chat, which `runbook karakeep check` does not replay"
    return True, "and it is what makes thinking models fail: /api/generate applies the schema from the first token"


def _default(versions: Versions) -> tuple[bool, str]:
    karakeep, _ = versions
    if karakeep is not None and not karakeep.is_before(0, 33):
        return False, f"Karakeep {karakeep} has a later default, which is no model of Ollama either: still set one"
    return True, "up to Karakeep 0.32; later ones have another default that Ollama does not have either"


PLAN: tuple[tuple[str, Judge], ...] = (
    ("OPENAI_API_KEY must not be set", _always("it is looked for before OLLAMA_BASE_URL")),
    ("OLLAMA_BASE_URL must not be localhost", _always("that is Karakeep's own container")),
    ("the default text model is gpt-4.1-mini", _default),
    ("raise the job's limit and the request's", _always("30 s and 300 s are the defaults")),
    (
        "INFERENCE_FETCH_TIMEOUT_SEC=600 gives slow answers the time they need",
        _never("their first byte has to come within 300 s whatever is set (karakeep#2994)"),
    ),
    ("keep one worker", _always("answers wait for each other on a CPU")),
    (
        "start with a context of 2048",
        _always("but prompt and answer share it, and it beats the server's own"),
    ),
    ("disable tagging during bulk imports", _always("INFERENCE_ENABLE_AUTO_TAGGING=false")),
    ("write custom prompts for the form of tags", _always("they are set inside Karakeep, not in its environment")),
    ("gemma3 with structured answers leaks memory: use plain", _gemma),
    ("0.30 asks through generate", _generate),
    ("no options can be passed through", _always("only num_ctx and num_predict are sent; others belong to the model")),
    (
        "qwen3 works with structured answers",
        _never("thinking is on unless turned off, and the answer is empty (ollama#10538)"),
    ),
    ("`/nothink` in front of a prompt skips thinking", _never("the word is `/no_think`, and Karakeep adds neither")),
    ("OLLAMA_KEEP_ALIVE=5m on the server decides", _always("unless Karakeep sets its own, which beats it")),
)


def judge_advice(karakeep: Release | None, ollama: Release | None) -> tuple[Advice, ...]:
    """The plan's advice for versions of Karakeep and Ollama; an unknown one is taken as a current one."""
    return tuple(Advice(text, *judge((karakeep, ollama))) for text, judge in PLAN)
