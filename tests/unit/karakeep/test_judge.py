from __future__ import annotations

from typing import Any

import pytest

from runbook.checks import Check
from runbook.errors import AnswerFailed
from runbook.karakeep import judge, judge_failure, tagging_request
from runbook.karakeep.judge import (
    HAS_SCHEMA,
    HAS_TAGS,
    IN_RESPONSE,
    IS_JSON,
    NO_THINKING,
    NOT_CUT,
    NOT_TRUNCATED,
    WHOLE,
)
from runbook.ollama import Answer, Ollama
from runbook.parameters import Parameters
from tests.unit.ollama.stub import Stub, done, words

GOOD = '{"tags":["Kubernetes","Longhorn","Storage"]}'


def answer(text: str = GOOD, **more: Any) -> Answer:
    known = {"done_reason": "stop", "prompt_tokens": 258, "output_tokens": 21, "first_byte_s": 1.0, "wall_s": 2.0}
    return Answer(text=text, **{**known, **more})


def failed(checks: tuple[Check, ...]) -> dict[str, Check]:
    return {check.name: check for check in checks if check.status == "failed"}


def judged(stub: Stub, ollama: Ollama, parameters: Parameters, *lines: Any, **how: Any) -> tuple[Check, ...]:
    """The checks of an answer that comes over the wire in these lines."""
    stub.on("/api/generate", *lines, **how)
    try:
        return judge(ollama.generate(tagging_request(parameters, "a page")), parameters)
    except AnswerFailed as failure:
        return judge_failure(failure)


def test_an_answer_in_the_thinking_field_is_named_as_that(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    thought = {"response": "", "thinking": '{"tags":["k8s"]}', "done": False}
    checks = judged(stub, ollama, parameters, thought, done())
    assert list(failed(checks)) == [IN_RESPONSE]
    assert "answer went to the thinking field" in failed(checks)[IN_RESPONSE].evidence
    assert "template never opens a thought" in failed(checks)[IN_RESPONSE].hint
    assert "think" not in stub.asked("/api/generate")[0]


def test_an_object_without_tags_does_not_meet_the_schema(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    checks = judged(stub, ollama, parameters, *words("{}"), done())
    assert failed(checks)[HAS_SCHEMA].evidence == "does not meet the schema: tags missing"


def test_no_tags_are_a_failure_for_a_page_with_a_subject_only(parameters: Parameters) -> None:
    empty = answer('{"tags":[]}')
    assert list(failed(judge(empty, parameters))) == [HAS_TAGS]
    assert failed(judge(empty, parameters, has_subject=False)) == {}


def test_a_good_answer_passes_every_check(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    checks = judged(stub, ollama, parameters, *words(GOOD), done())
    assert {check.status for check in checks} == {"passed"}
    assert next(check for check in checks if check.name == HAS_TAGS).evidence == "3: Kubernetes, Longhorn, Storage"


CRASH = 'POST predict: Post "http://127.0.0.1:41999/completion": EOF'
HALF = {"response": '{"tags":["a', "done": False}


@pytest.mark.parametrize(
    ("lines", "how"),
    [((HALF, {"error": CRASH}), {}), ((HALF,), {"closes_early": True}), (({"error": CRASH},), {"status": 500})],
)
def test_a_crash_of_the_runner_is_the_servers_failure_and_not_bad_json(
    stub: Stub, ollama: Ollama, parameters: Parameters, lines: tuple[Any, ...], how: dict[str, Any]
) -> None:
    checks = judged(stub, ollama, parameters, *lines, **how)
    assert list(failed(checks)) == [WHOLE]
    evidence = failed(checks)[WHOLE].evidence
    assert "server or runner failure" in evidence
    assert "JSON" not in evidence and "tags" not in evidence
    assert "log" in failed(checks)[WHOLE].hint


def test_an_empty_answer_is_empty_and_not_bad_json_as_well(parameters: Parameters) -> None:
    checks = judge(answer(" \n"), parameters)
    assert list(failed(checks)) == [IN_RESPONSE]
    assert next(check for check in checks if check.name == IS_JSON).status == "skipped"


def test_an_answer_that_was_cut_is_a_failure_where_its_json_is_not_whole(parameters: Parameters) -> None:
    checks = judge(answer('{"tags":["k8s","k8s', done_reason="length"), parameters)
    assert list(failed(checks)) == [NOT_CUT]
    assert failed(checks)[NOT_CUT].evidence == "stopped at 256 tokens, in the middle of the JSON"


def test_an_answer_that_was_cut_behind_its_json_passes(parameters: Parameters) -> None:
    assert failed(judge(answer(GOOD + "\n" * 80, done_reason="length"), parameters)) == {}


def test_a_thought_in_the_response_is_a_failure(parameters: Parameters) -> None:
    assert list(failed(judge(answer(f"<think>\nhm\n</think>\n{GOOD}"), parameters))) == [NO_THINKING]


def test_a_late_answer_fails_the_job_limit(parameters: Parameters) -> None:
    assert list(failed(judge(answer(wall_s=200.0), parameters))) == ["Answer arrives within the job limit"]


@pytest.mark.parametrize(("limit_s", "status"), [(0.2, "failed"), (10.0, "passed")])
def test_the_clocks_are_held_against_what_came_over_the_wire(
    stub: Stub, ollama: Ollama, parameters: Parameters, limit_s: float, status: str
) -> None:
    limited = parameters.model_copy(update={"job_timeout_s": limit_s, "fetch_timeout_s": limit_s})
    checks = judged(stub, ollama, limited, *words(GOOD), done(), first_byte_s=0.3, gap_s=0.05)
    clocks = [check.status for check in checks if "limit" in check.name]
    assert clocks == [status, status]


@pytest.mark.parametrize(
    ("prompt_tokens", "output_tokens", "status"),
    [(2048, 21, "failed"), (1990, 21, "failed"), (1900, 200, "failed"), (1900, 60, "passed"), (None, 21, "skipped")],
)
def test_a_prompt_that_fills_the_context_has_lost_its_instructions(
    parameters: Parameters, prompt_tokens: int | None, output_tokens: int, status: str
) -> None:
    checks = judge(answer(prompt_tokens=prompt_tokens, output_tokens=output_tokens), parameters)
    assert next(check for check in checks if check.name == NOT_TRUNCATED).status == status


def test_the_context_in_force_counts_and_not_the_one_that_was_set(parameters: Parameters) -> None:
    wide = parameters.model_copy(update={"context_length": 131_072})
    full = answer(prompt_tokens=2048)
    assert NOT_TRUNCATED not in failed(judge(full, wide))
    assert NOT_TRUNCATED in failed(judge(full, wide, context_length=2048))
