from __future__ import annotations

import pytest

from runbook.checks import Check
from runbook.karakeep import Limits, limit_checks, safe_job_limit_s
from runbook.parameters import Parameters

DEFAULTS = Limits()
RAISED = Limits(job_s=600, fetch_s=600)


@pytest.mark.parametrize(
    ("first_byte_s", "total_s", "limits", "job", "header"),
    [
        (6, 22, DEFAULTS, "passed", "passed"),
        (6, 22, RAISED, "passed", "passed"),
        (11, 47, DEFAULTS, "failed", "passed"),
        (11, 47, RAISED, "passed", "passed"),
        (305, 360, DEFAULTS, "failed", "failed"),
        (305, 360, RAISED, "passed", "failed"),
    ],
)
def test_an_answer_is_held_against_both_clocks(
    first_byte_s: float, total_s: float, limits: Limits, job: str, header: str
) -> None:
    checks = limit_checks(first_byte_s, total_s, limits)
    assert [check.status for check in checks] == [job, header]


def late() -> Check:
    return limit_checks(11, 47, DEFAULTS)[0]


def test_a_late_answer_tells_what_the_tries_waste() -> None:
    assert late().evidence == "47.0 s, the limit is 30 s: Karakeep tries 4 times and wastes 120 s"


def test_a_late_answer_names_a_job_limit_of_at_least_twice_its_time() -> None:
    assert "INFERENCE_JOB_TIMEOUT_SEC to 100 or more" in late().hint
    assert safe_job_limit_s(22) == 50
    assert safe_job_limit_s(360) == 720


def test_a_late_first_byte_is_mended_by_no_setting() -> None:
    assert "No setting raises this limit above 300 s" in limit_checks(305, 360, RAISED)[1].hint
    assert "a shorter prompt" in limit_checks(305, 360, RAISED)[1].hint


def test_a_fetch_limit_below_the_hard_one_can_be_raised() -> None:
    short = Limits(job_s=600, fetch_s=60)
    assert "INFERENCE_FETCH_TIMEOUT_SEC" in limit_checks(80, 90, short)[1].hint


def test_the_limits_are_the_targets(parameters: Parameters) -> None:
    assert Limits.of(parameters) == Limits(job_s=180, fetch_s=600)
    assert Limits.of(parameters).header_s == 300
