"""Asking a model something and turning whatever comes back, a failure too, into checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runbook.checks import Check
from runbook.errors import AnswerFailed
from runbook.karakeep import KEEP_ALIVE
from runbook.ollama import Answer, Ollama
from runbook.parameters import Parameters

# The server stops a model that has repeated one token 31 times, and sends no end of the answer then. An answer of
# fewer tokens always has an end, even from a model without a chat template that never stops by itself.
FREE_ANSWER_TOKENS = 30


def patience_s(parameters: Parameters) -> float:
    """How long to wait for an answer, in seconds: past the consumer's own limits, to be able to say what it takes."""
    return max(parameters.job_timeout_s, parameters.fetch_timeout_s)


def question(ollama: Ollama, parameters: Parameters, model: str, prompt: str, **more: Any) -> dict[str, Any]:
    """A free question with a short answer, in the consumer's context so that nothing is loaded twice."""
    thinks = "thinking" in (ollama.show(model).get("capabilities") or ())
    return {
        "model": model,
        "prompt": prompt,
        "stream": True,
        "keep_alive": KEEP_ALIVE,
        "options": {"num_ctx": parameters.context_length, "num_predict": FREE_ANSWER_TOKENS},
        **({"think": False} if thinks else {}),
        **more,
    }


def answer_check(name: str, ollama: Ollama, request: Mapping[str, Any], *, within_s: float, tries: int = 3) -> Check:
    """Whether the model says something: an answer that is whole and not empty.

    Args:
        name: The name of the check.
        ollama: The server.
        request: The body of `/api/generate`.
        within_s: How long to wait for each answer, in seconds.
        tries: How often an empty answer is asked for again: a weak model may begin with blanks.
    """
    seen = ""
    for number in range(1, tries + 1):
        try:
            answer = ollama.generate(request, deadline_s=within_s)
        except AnswerFailed as failure:
            return Check.that(name, False, f"{failure.what} {failure.why}", failure.next)
        seen = _described(answer)
        if answer.text.strip():
            return Check.that(name, True, seen if number == 1 else f"{seen}; {number - 1} empty before it")
    return Check.that(name, False, f"empty, {tries} times: {seen}", "Look at the model's template, or choose another.")


def _described(answer: Answer) -> str:
    text = " ".join(answer.text.split())
    quoted = text if len(text) <= 80 else text[:80] + "..."
    return f"{quoted!r}, {answer.output_tokens} tokens, {answer.done_reason}, {answer.wall_s:.1f} s"
