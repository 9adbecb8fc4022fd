from pathlib import Path

import pytest

from runbook.archive import compare
from runbook.archive.comparison import Comparison
from runbook.archive.measured import Measured
from runbook.errors import UsageError
from runbook.record import RunFolder

from .conftest import QUIET, MakeRun

SLOWER = tuple(value * 0.7 for value in QUIET)
FASTER = tuple(value * 1.4 for value in QUIET)


def decode(found: Comparison) -> Measured:
    return next(one for one in found.measured if one.quantity.startswith("decode speed, "))


def test_a_run_does_not_differ_from_itself(make_run: MakeRun) -> None:
    run = make_run(1)
    found = compare(run, run)
    assert (found.parameters, found.versions, found.manifests, found.steps, found.checks) == ((), (), (), (), ())
    assert found.worse == ()
    assert decode(found).direction == "noise"


def test_a_slower_run_is_worse_by_its_size(make_run: MakeRun) -> None:
    found = compare(make_run(1), make_run(2, decode=SLOWER))
    assert decode(found).direction == "worse"
    assert decode(found).judgement == "slower"
    assert decode(found).change.startswith("-30.0 % (-3")
    (why,) = found.worse
    assert why.startswith("gemma3:270m decode speed, tokens/s: slower, -30.0 %")


def test_a_faster_run_is_not_worse(make_run: MakeRun) -> None:
    found = compare(make_run(1), make_run(2, decode=FASTER))
    assert decode(found).judgement == "faster"
    assert decode(found).change.startswith("+40.0 % (+3")
    assert found.worse == ()


def test_a_change_within_the_noise_is_called_noise(make_run: MakeRun) -> None:
    found = compare(make_run(1), make_run(2, decode=tuple(value * 0.98 for value in QUIET)))
    assert decode(found).judgement == "noise: the values of the two runs overlap"


def test_too_few_values_are_no_reason_to_alarm(make_run: MakeRun) -> None:
    found = compare(make_run(1, decode=QUIET[:3]), make_run(2, decode=SLOWER[:3]))
    assert decode(found).direction == "unknown"
    assert found.worse == ()


def test_a_speed_that_left_the_interval_of_its_estimate_is_worse(make_run: MakeRun) -> None:
    found = compare(make_run(1, estimate=(40, 50), decode=QUIET[:3]), make_run(2, estimate=(40, 50), decode=SLOWER[:3]))
    assert [one.direction for one in found.measured if "estimate" in one.quantity] == ["worse"]
    assert "below the estimate of 40.0 to 50.0" in found.worse[0]


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        ("passed", "failed", True),
        ("passed", "skipped", True),
        ("skipped", "failed", True),
        ("failed", "passed", False),
        ("skipped", "passed", False),
        ("failed", "skipped", False),
    ],
)
def test_a_check_that_lost_its_evidence_is_worse(make_run: MakeRun, before: str, after: str, worse: bool) -> None:
    found = compare(make_run(1, checks=[("c", before)]), make_run(2, checks=[("c", after)]))
    (turn,) = found.checks
    assert (turn.before, turn.after, turn.worse) == (before, after, worse)
    assert bool(found.worse) is worse


def test_a_new_check_is_worse_only_if_it_failed(make_run: MakeRun) -> None:
    before = make_run(1, checks=[])
    assert not compare(before, make_run(2, checks=[("c", "passed")])).worse
    assert compare(before, make_run(3, checks=[("c", "failed")])).worse


def test_a_check_that_is_gone_is_worse_where_its_step_did_not_succeed(make_run: MakeRun) -> None:
    before = make_run(1, checks=[("a", "passed"), ("b", "passed")])
    assert not compare(before, make_run(2, checks=[("a", "passed")])).worse
    stopped = compare(before, make_run(3, checks=[("a", "passed")], step="failed", verdict="failed"))
    assert [turn.name for turn in stopped.checks if turn.worse] == ["b"]
    assert any(one.startswith("Step 06_measure: succeeded, now failed") for one in stopped.worse)


def test_two_checks_of_one_name_are_told_apart(make_run: MakeRun) -> None:
    twice = [("c", "passed"), ("c", "passed")]
    found = compare(make_run(1, checks=twice), make_run(2, checks=[("c", "passed"), ("c", "failed")]))
    assert [turn.after for turn in found.checks] == ["failed"]


def test_parameters_versions_and_manifests_are_compared(make_run: MakeRun) -> None:
    facts = {
        "packages": {"httpx": "0.29"},
        "materials": [{"name": "manifests/ai/namespace.yaml", "digest": {"sha256": "cd" * 32}}],
    }
    found = compare(make_run(1), make_run(2, facts=facts, parameters={"memory_limit": "8Gi"}))
    assert [(one.name, one.after) for one in found.parameters] == [("memory_limit", "8Gi")]
    assert [(one.name, one.before, one.after) for one in found.versions] == [("package httpx", "0.28.1", "0.29")]
    assert [(one.name, one.after) for one in found.manifests] == [("manifests/ai/namespace.yaml", "cd" * 6)]


def test_what_only_one_run_measured_is_said(make_run: MakeRun) -> None:
    found = compare(make_run(1), make_run(2, decode=()))
    assert decode(found).direction == "only before"
    assert found.worse == ()


def test_a_killed_run_is_read_from_its_journal(make_run: MakeRun) -> None:
    found = compare(make_run(1), make_run(2, sealed=False))
    assert found.after.verdict == "unfinished"
    assert found.after.remarks == ("it has no record: its journal was read instead",)
    assert found.worse[0].startswith("Step 06_measure: succeeded, now unfinished")


def test_results_that_were_changed_are_remarked(make_run: MakeRun) -> None:
    run = make_run(2)
    run.results.write_text(run.results.read_text() + " ")
    assert "results.json is not the file that its record seals" in compare(make_run(1), run).after.remarks[0]


def test_a_folder_that_is_no_run_is_refused(make_run: MakeRun, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be compared"):
        compare(make_run(1), RunFolder(tmp_path))
