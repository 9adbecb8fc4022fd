import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runbook.archive import pin, retention, unpin
from runbook.archive.pins import pins
from runbook.errors import UsageError

from .conftest import MakeRun, run_name

LATER = datetime.now(UTC) + timedelta(days=100)


def gone(outputs: Path, **limits: float) -> list[str]:
    plan = retention(outputs, at=LATER, **limits)  # type: ignore[arg-type]
    return sorted(one.place.rpartition("/")[2] for one in plan.removals)


def test_the_newest_of_each_target_stay(outputs: Path, make_run: MakeRun) -> None:
    for number in (1, 2, 3):
        make_run(number)
    for number in (4, 5):
        make_run(number, target="other")
    assert gone(outputs, keep=1) == [run_name(1), run_name(2), run_name(4)]
    assert gone(outputs, keep=2) == [run_name(1)]


def test_age_alone_and_both_limits_together(outputs: Path, make_run: MakeRun) -> None:
    for number in (1, 2, 3):
        make_run(number)
    assert gone(outputs, older_than_days=30) == [run_name(1), run_name(2)]
    assert gone(outputs, older_than_days=101) == []
    assert gone(outputs, older_than_days=30, keep=2) == [run_name(1)]


def test_what_failed_or_never_ended_stays(outputs: Path, make_run: MakeRun) -> None:
    make_run(1, verdict="failed")
    make_run(2, sealed=False)
    make_run(3, verdict="interrupted")
    make_run(4)
    assert gone(outputs, keep=0) == [run_name(3)]


def test_pinned_runs_examples_and_the_last_that_succeeded_stay(outputs: Path, make_run: MakeRun) -> None:
    example = make_run(1)
    shutil.move(example.path, outputs / "examples" / "homelab" / example.id)
    kept = make_run(2)
    make_run(3)
    pin(kept.path.parent, kept.id, "before the upgrade")
    plan = retention(outputs, keep=0, at=LATER)
    assert plan.removals == ()
    assert sorted(one.why for one in plan.kept) == [
        "an example",
        "pinned: before the upgrade",
        "the last that succeeded",
    ]


def test_what_cannot_be_read_or_was_renamed_stays(outputs: Path, make_run: MakeRun) -> None:
    make_run(1).record.write_text("damaged")
    make_run(2)
    renamed = make_run(3)
    renamed.path.rename(renamed.path.with_name("my copy"))
    make_run(4)
    (outputs / "homelab" / run_name(2)).rename(outputs / "elsewhere")
    (outputs / "homelab" / run_name(2)).symlink_to(outputs / "elsewhere")
    assert gone(outputs, keep=0) == []


def test_a_run_that_proves_a_step_of_a_kept_run_stays(outputs: Path, make_run: MakeRun) -> None:
    for number in (1, 2):
        make_run(number)
    make_run(3, proved_by=run_name(1))
    assert gone(outputs, keep=1) == [run_name(2)]
    make_run(4)
    assert gone(outputs, keep=1) == [run_name(1), run_name(2), run_name(3)]


@pytest.mark.parametrize("limits", [{}, {"keep": -1}, {"older_than_days": -1}])
def test_limits_that_mean_nothing_are_refused(outputs: Path, limits: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        retention(outputs, **limits)


def test_a_plan_changes_nothing(outputs: Path, make_run: MakeRun) -> None:
    make_run(1)
    make_run(2)
    before = sorted(outputs.rglob("*"))
    retention(outputs, keep=0)
    assert sorted(outputs.rglob("*")) == before


def test_pins_are_lines_that_people_can_write_too(tmp_path: Path) -> None:
    (tmp_path / "pins.txt").write_text("# ours\n\nb  why not\n")
    pin(tmp_path, "a", "two\nlines")
    assert (tmp_path / "pins.txt").read_text() == "# ours\na  two lines\nb  why not\n"
    assert unpin(tmp_path, "b")
    assert not unpin(tmp_path, "b")
    assert pins(tmp_path) == {"a": "two lines"}
