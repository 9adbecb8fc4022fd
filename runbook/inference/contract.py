"""The consumer's contract: what Karakeep sends, asked as it asks, judged as it judges, tried as often as it tries.

Karakeep tries a bookmark four times, with chance in every answer. A fault that comes from chance may therefore pass
at a later try, and the evidence says at which; a fault that would come again is not tried again.

A base model, without a template for a conversation, only continues the prompt: one answer in four has no end (measured
on Gemma 3 270M). It shows that the server keeps the form, and is given as many tries as that takes.
"""

from __future__ import annotations

from runbook.checks import Check
from runbook.errors import AnswerFailed
from runbook.inference.asking import patience_s
from runbook.karakeep import judge, judge_failure, tagging_request
from runbook.karakeep.judge import HAS_SCHEMA, HAS_TAGS, IS_JSON, NOT_CUT, WHOLE
from runbook.karakeep.limits import TRIES
from runbook.ollama import Ollama, context_of, is_base_model
from runbook.parameters import Parameters

# A page with a known subject. Short, so that even a base model mostly comes to an end.
PAGE = "Kubernetes is a container orchestration platform"

BASE_MODEL_TRIES = 12

# Another try may mend these; a thought in the answer, a late answer or a full context come again.
BY_CHANCE = frozenset({WHOLE, NOT_CUT, IS_JSON, HAS_SCHEMA, HAS_TAGS})


def verify_contract(ollama: Ollama, parameters: Parameters, page: str = PAGE) -> tuple[Check, ...]:
    """Whether the text model gives the consumer tags.

    Returns:
        How many tries it took, then the checks of the last answer.
    """
    request = tagging_request(parameters, page)
    shown = ollama.show(parameters.text_model)
    context = context_of(shown, request=parameters.context_length)
    tries = BASE_MODEL_TRIES if is_base_model(shown) else TRIES
    faults: list[str] = []
    checks: tuple[Check, ...] = ()
    for _ in range(tries):
        try:
            answer = ollama.generate(request, deadline_s=patience_s(parameters))
            checks = judge(answer, parameters, context_length=context.tokens)
        except AnswerFailed as failure:
            checks = judge_failure(failure)
        failed = [check for check in checks if check.status == "failed"]
        if not failed:
            break
        faults.append(f"{failed[0].name}: {failed[0].evidence}")
        if any(check.name not in BY_CHANCE for check in failed):
            break
    return (_summary(faults, checks, tries), *checks)


def _summary(faults: list[str], checks: tuple[Check, ...], allowed: int) -> Check:
    """How many tries the consumer needs."""
    name, aside = f"The consumer gets its tags within {TRIES} tries", ""
    if allowed > TRIES:
        name, aside = (
            "The server keeps the form that the consumer asks for",
            " of a base model, whose tags mean nothing",
        )
    failed = any(check.status == "failed" for check in checks)
    tries = len(faults) + (0 if failed else 1)
    before = "; ".join(f"try {number}: {fault}" for number, fault in enumerate(faults, start=1))
    evidence = f"{'none' if failed else 'tags'} after {tries} {'try' if tries == 1 else 'tries'}{aside}"
    return Check.that(name, not failed, f"{evidence}; {before}" if before else evidence, _first_hint(checks))


def _first_hint(checks: tuple[Check, ...]) -> str:
    return next((check.hint for check in checks if check.hint), "")
