from __future__ import annotations

import pytest

from runbook.checks import Check
from runbook.karakeep import judge, limits
from runbook.karakeep.meaning import MEANINGS, meaning
from runbook.ollama import Answer
from runbook.parameters import Parameters


def test_every_check_of_an_answer_has_a_meaning_for_the_user() -> None:
    answer = Answer(text='{"tags":["a"]}', done_reason="stop", prompt_tokens=9, output_tokens=9)
    checks = judge(answer, Parameters(target="shelf", context="shelf"))
    assert {check.name for check in checks} == set(MEANINGS)


@pytest.mark.parametrize("name", [limits.JOB, limits.HEADER])
def test_the_first_failure_decides(name: str) -> None:
    checks = [
        Check.that("Something else", True, ""),
        Check.that(name, False, ""),
        Check.that("Answer is JSON", False, ""),
    ]
    assert meaning(checks) == MEANINGS[name]


def test_nothing_failed_means_nothing() -> None:
    assert meaning([Check.that(limits.JOB, True, "")]) == ""
