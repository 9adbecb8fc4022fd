import hashlib
from pathlib import Path

import pytest

from runbook.archive import removal as room
from runbook.archive import remove, retention, shelf
from runbook.archive.retention import Retention
from runbook.errors import RecordError, UsageError
from runbook.record import RunFolder, only_run, read_journal, verify
from runbook.record.previous import previous_run
from runbook.record.tombstone import TOMBSTONE, read_tombstone

from .conftest import MakeRun, run_name


@pytest.fixture
def chain(make_run: MakeRun) -> list[RunFolder]:
    """Three runs, each naming the one before it."""
    runs: list[RunFolder] = []
    for number in (1, 2, 3):
        before = previous_run(RunFolder(runs[-1].path.with_name(run_name(number)))) if runs else None
        runs.append(make_run(number, previous=before))
    return runs


def planned(outputs: Path, keep: int = 1) -> Retention:
    return retention(outputs, keep=keep)


def test_what_the_next_run_names_is_in_the_tombstone(outputs: Path, chain: list[RunFolder]) -> None:
    named = read_journal(chain[2].journal).events[0].fields["previousRun"]
    remove(outputs, planned(outputs).removals)
    left = read_tombstone(chain[1].path)
    assert left is not None
    assert {key: left[key] for key in ("id", "events", "chainHead", "record")} == named
    assert left["previousRun"]["id"] == run_name(1)
    assert (left["verdict"], left["why"]) == ("succeeded", "not one of the newest 1")
    assert left["startedAt"] < left["finishedAt"] < left["removedAt"]


def test_only_the_tombstone_stays_and_other_runs_are_untouched(outputs: Path, chain: list[RunFolder]) -> None:
    kept = {path: path.read_bytes() for path in chain[2].path.rglob("*") if path.is_file()}
    remove(outputs, planned(outputs).removals)
    assert [path.name for path in chain[0].path.iterdir()] == [TOMBSTONE]
    assert {path: path.read_bytes() for path in chain[2].path.rglob("*") if path.is_file()} == kept


def test_the_index_shows_what_was_removed(outputs: Path, chain: list[RunFolder]) -> None:
    remove(outputs, planned(outputs).removals)
    states = {one.card.run: one.card for one in shelf(outputs)}
    assert states[run_name(1)].verdict == "removed"
    assert states[run_name(1)].reason.startswith("succeeded; removed 20")


def test_verify_follows_the_chain_past_the_tombstone(outputs: Path, chain: list[RunFolder]) -> None:
    follows = f"the run before it, {run_name(2)}, is what its first event names"
    assert follows in verify(chain[2].path).proved
    remove(outputs, planned(outputs).removals)
    assert follows in verify(chain[2].path).proved
    left = chain[1].path / TOMBSTONE
    left.write_text(left.read_text().replace('"events": ', '"events": 1'))
    assert [one.where for one in verify(chain[2].path).findings if ".." in one.where] == [f"../{run_name(2)}"]


@pytest.mark.parametrize("moment", range(1, 8))
def test_interrupted_at_any_moment_the_next_one_finishes(
    outputs: Path, chain: list[RunFolder], monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    digest = hashlib.sha256(chain[1].record.read_bytes()).hexdigest()
    done = 0

    def delete(path: Path) -> None:
        nonlocal done
        done += 1
        if done == moment:
            raise KeyboardInterrupt
        real(path)

    real = room._delete
    monkeypatch.setattr(room, "_delete", delete)
    with pytest.raises(KeyboardInterrupt):
        remove(outputs, planned(outputs).removals)
    monkeypatch.setattr(room, "_delete", real)
    assert chain[2].record.is_file()
    remove(outputs, planned(outputs).removals)
    for run in chain[:2]:
        assert [path.name for path in run.path.iterdir()] == [TOMBSTONE]
    left = read_tombstone(chain[1].path)
    assert left is not None
    assert left["record"] == digest
    assert planned(outputs).removals == ()


def test_a_run_that_changed_since_the_plan_is_not_removed(outputs: Path, chain: list[RunFolder]) -> None:
    plan = planned(outputs)
    chain[0].record.write_text(chain[2].record.read_text())
    with pytest.raises(RecordError, match=run_name(1)):
        remove(outputs, plan.removals)
    assert chain[0].journal.is_file()
    assert not (chain[0].path / TOMBSTONE).exists()


def test_no_run_of_a_target_that_is_being_rebuilt_is_removed(outputs: Path, chain: list[RunFolder]) -> None:
    plan = planned(outputs)
    with only_run(outputs / "homelab"), pytest.raises(UsageError, match="being rebuilt"):
        remove(outputs, plan.removals)
    assert chain[0].record.is_file()


def test_a_link_inside_a_run_is_removed_and_not_what_it_leads_to(
    outputs: Path, chain: list[RunFolder], tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("kept")
    (chain[0].path / "link").symlink_to(tmp_path / "mine")
    remove(outputs, planned(outputs).removals)
    assert (tmp_path / "mine" / "file").read_text() == "kept"


@pytest.mark.parametrize("content", ["", "[]", '{"schema": 9, "id": "x"}', '{"schema": 1, "id": "another"}'])
def test_a_tombstone_that_makes_no_sense_is_said_to(outputs: Path, chain: list[RunFolder], content: str) -> None:
    (chain[0].path / TOMBSTONE).write_text(content)
    with pytest.raises(RecordError):
        read_tombstone(chain[0].path)
    assert next(one for one in shelf(outputs) if one.card.run == run_name(1)).card.verdict == "unreadable"
