"""Judging an answer as the consumer would: does it become tags, in time, from the whole prompt?

The checks are a chain where one decides the next: an answer that is empty is not called bad JSON as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from runbook.checks import Check
from runbook.errors import AnswerFailed
from runbook.karakeep.limits import Limits, limit_checks
from runbook.karakeep.reading import Reading, read_tags
from runbook.ollama import Answer
from runbook.parameters import Parameters

# A prompt that is too long is cut to exactly the context. One that leaves less than this has no room for an answer:
# writing it pushes the head of the prompt, the instructions, out of the context.
ROOM_FOR_ANSWER_TOKENS = 64

WHOLE = "Answer arrives whole"
IN_RESPONSE = "Answer arrives in the response field"
NO_THINKING = "No thinking in the answer"
NOT_CUT = "Answer is not cut"
IS_JSON = "Answer is JSON"
HAS_SCHEMA = "Answer meets the schema"
HAS_TAGS = "Answer has tags"
NOT_TRUNCATED = "Prompt was not truncated"

THINKING_REMEDY = (
    "Derive a model whose template never opens a thought (`runbook karakeep derive`), choose another model, or let "
    "Karakeep use the /v1 route with reasoning off. `think` among the options has no effect."
)


def judge(
    answer: Answer, parameters: Parameters, *, has_subject: bool = True, context_length: int | None = None
) -> tuple[Check, ...]:
    """What the consumer gets from an answer.

    Args:
        answer: A whole answer to the request of `tagging_request`.
        parameters: The target, whose limits, context and output schema are the consumer's.
        has_subject: Whether the page is about something; for an error page the consumer asks for no tags.
        context_length: The context that was in force, in tokens; None takes the target's.
    """
    reading = read_tags(answer.text)
    return (
        Check.that(WHOLE, True, f"ended with {answer.done_reason or 'done'} after {answer.wall_s:.1f} s"),
        *_content(answer, reading, has_subject, parameters.max_output_tokens),
        *limit_checks(answer.first_byte_s, answer.wall_s, Limits.of(parameters)),
        _prompt_check(answer, context_length or parameters.context_length),
    )


def judge_failure(failure: AnswerFailed) -> tuple[Check, ...]:
    """The checks of an answer that did not come whole: it is the server's failure and never the model's bad JSON."""
    return (Check.that(WHOLE, False, f"{failure.what} {failure.why}".strip(), failure.next),)


def _content(answer: Answer, reading: Reading, has_subject: bool, limit_tokens: int) -> Iterator[Check]:
    """The checks of the text itself; after one that decides, the rest is skipped."""
    checks = (
        _response(answer),
        _thinking(answer),
        _cut(answer, reading, limit_tokens),
        Check.that(IS_JSON, reading.is_json, reading.problem or "parsed", "Choose a stronger model."),
        _schema(reading),
        _tags(reading, has_subject),
    )
    cause = ""
    for check in checks:
        if cause:
            yield Check.skipped(check.name, f"decided by: {cause}")
            continue
        yield check
        cause = check.name if check.status == "failed" else ""


def _response(answer: Answer) -> Check:
    if answer.text.strip():
        return Check.that(IN_RESPONSE, True, f"{len(answer.text):,} characters")
    if answer.thinking.strip():
        evidence = f"answer went to the thinking field: {len(answer.thinking):,} characters there, 0 in the response"
        return Check.that(IN_RESPONSE, False, evidence, THINKING_REMEDY)
    return Check.that(IN_RESPONSE, False, "empty", "Choose another model, or look at its template.")


def _thinking(answer: Answer) -> Check:
    if "<think" in answer.text or "</think>" in answer.text:
        return Check.that(NO_THINKING, False, "a thought stands in the response", THINKING_REMEDY)
    aside = f"{len(answer.thinking):,} characters in the thinking field, which cost time only"
    return Check.that(NO_THINKING, True, aside if answer.thinking else "none")


def _cut(answer: Answer, reading: Reading, limit_tokens: int) -> Check:
    if answer.done_reason != "length":
        return Check.that(NOT_CUT, True, f"ended by itself ({answer.done_reason or 'done'})")
    what = "but the JSON is whole" if reading.is_json else "in the middle of the JSON"
    return Check.that(
        NOT_CUT,
        reading.is_json,
        f"stopped at {limit_tokens:,} tokens, {what}",
        "Raise INFERENCE_MAX_OUTPUT_TOKENS in Karakeep and `max_output_tokens` in the target, or choose a model that "
        "comes to an end.",
    )


def _schema(reading: Reading) -> Check:
    evidence = (
        "tags is a list of strings" if reading.tags is not None else f"does not meet the schema: {reading.problem}"
    )
    return Check.that(HAS_SCHEMA, reading.tags is not None, evidence, "Choose another model.")


def _tags(reading: Reading, has_subject: bool) -> Check:
    tags = [tag for tag in reading.tags or () if tag]
    if tags or not has_subject:
        return Check.that(
            HAS_TAGS, True, f"{len(tags)}: {', '.join(tags)}" if tags else "none, as asked for such a page"
        )
    return Check.that(HAS_TAGS, False, "0 tags for a page with a known subject", "Choose another model.")


def _prompt_check(answer: Answer, context_length: int) -> Check:
    if answer.prompt_tokens is None:
        return Check.skipped(NOT_TRUNCATED, "the server did not say how many tokens the prompt has")
    room = context_length - answer.prompt_tokens
    used = f"{answer.prompt_tokens:,} of {context_length:,} tokens"
    shifted = answer.output_tokens is not None and answer.output_tokens > room
    hint = (
        "Raise INFERENCE_CONTEXT_LENGTH in Karakeep and `context_length` in the target: when the context is full, the "
        "instructions at its head are lost first."
    )
    if room < ROOM_FOR_ANSWER_TOKENS:
        return Check.that(NOT_TRUNCATED, False, f"{used}: the prompt fills the context", hint)
    evidence = f"{used}, and {answer.output_tokens:,} of answer" if answer.output_tokens is not None else used
    return Check.that(NOT_TRUNCATED, not shifted, evidence + (": more than fits" if shifted else ""), hint)
