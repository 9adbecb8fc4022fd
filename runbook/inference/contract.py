"""The consumer's contract: what Karakeep sends, asked as it asks, judged as it judges, tried as often as it tries.

Karakeep tries a bookmark four times, with chance in every answer. A fault that comes from chance may therefore pass
at a later try, and the evidence says at which; a fault that would come again is not tried again.

A base model, without a template for a conversation, only continues the prompt: one answer in four has no end (measured
on Gemma 3 270M). It shows that the server keeps the form, and is given as many tries as that takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runbook.checks import Check
from runbook.errors import AnswerFailed
from runbook.inference.asking import patience_s
from runbook.karakeep import judge, judge_failure, tagging_request
from runbook.karakeep.judge import HAS_SCHEMA, HAS_TAGS, IS_JSON, NOT_CUT, WHOLE
from runbook.karakeep.limits import TRIES
from runbook.ollama import Answer, Ollama, context_of, is_base_model
from runbook.parameters import Parameters

# A page with a known subject. Short, so that even a base model mostly comes to an end.
PAGE = "Kubernetes is a container orchestration platform"

BASE_MODEL_TRIES = 12

# Another try may mend these; a thought in the answer, a late answer or a full context come again.
BY_CHANCE = frozenset({WHOLE, NOT_CUT, IS_JSON, HAS_SCHEMA, HAS_TAGS})


@dataclass(frozen=True)
class Attempt:
    """What became of one request, with all its tries.

    Attributes:
        checks: The checks of the last answer.
        faults: What was wrong with each try that failed.
        answer: The last answer; None where it did not come whole.
    """

    checks: tuple[Check, ...]
    faults: tuple[str, ...]
    answer: Answer | None

    @property
    def holds(self) -> bool:
        """Whether the last answer is one that the consumer can use."""
        return not any(check.status == "failed" for check in self.checks)

    @property
    def by_chance(self) -> bool:
        """Whether all that failed may pass another time."""
        return all(check.name in BY_CHANCE for check in self.checks if check.status == "failed")

    @property
    def tries(self) -> int:
        """How often it was asked."""
        return len(self.faults) + self.holds


def attempt(
    ollama: Ollama,
    parameters: Parameters,
    request: Mapping[str, Any],
    *,
    tries: int = TRIES,
    context_length: int | None = None,
    has_subject: bool = True,
) -> Attempt:
    """Send one of the consumer's requests until it is answered well, or until the consumer would give up.

    Args:
        ollama: The server.
        parameters: The target, whose limits and form are the consumer's.
        request: The body of `/api/generate`.
        tries: How often at most.
        context_length: The context in force, in tokens; None takes the target's.
        has_subject: Whether the page is about something.
    """
    faults: list[str] = []
    last = Attempt((), (), None)
    for _ in range(tries):
        answer = None
        try:
            answer = ollama.generate(request, deadline_s=patience_s(parameters))
            checks = judge(answer, parameters, has_subject=has_subject, context_length=context_length)
        except AnswerFailed as failure:
            checks = judge_failure(failure)
        failed = [check for check in checks if check.status == "failed"]
        faults += [f"{check.name}: {check.evidence}" for check in failed[:1]]
        last = Attempt(checks, tuple(faults), answer)
        if last.holds or not last.by_chance:
            break
    return last


def verify_contract(ollama: Ollama, parameters: Parameters, page: str = PAGE) -> tuple[Check, ...]:
    """Whether the text model gives the consumer tags.

    Returns:
        How many tries it took, then the checks of the last answer.
    """
    shown = ollama.show(parameters.text_model)
    context = context_of(shown, request=parameters.context_length)
    tries = BASE_MODEL_TRIES if is_base_model(shown) else TRIES
    request = tagging_request(parameters, page)
    found = attempt(ollama, parameters, request, tries=tries, context_length=context.tokens)
    return (_summary(found, tries), *found.checks)


def _summary(found: Attempt, allowed: int) -> Check:
    """How many tries the consumer needs."""
    name, aside = f"The consumer gets its tags within {TRIES} tries", ""
    if allowed > TRIES:
        name, aside = (
            "The server keeps the form that the consumer asks for",
            " of a base model, whose tags mean nothing",
        )
    before = "; ".join(f"try {number}: {fault}" for number, fault in enumerate(found.faults, start=1))
    got = "tags" if found.holds else "none"
    evidence = f"{got} after {found.tries} {'try' if found.tries == 1 else 'tries'}{aside}"
    hint = next((check.hint for check in found.checks if check.hint), "")
    return Check.that(name, found.holds, f"{evidence}; {before}" if before else evidence, hint)
