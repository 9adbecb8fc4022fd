from pathlib import Path

from runbook.record import Journal, Redactor, RunFolder, previous_run, read_journal, sha256
from tests.unit.record.making import make_run

NEXT = "20261125T070000Z-0003"


def test_the_first_run_of_a_target_has_none_before_it(tmp_path: Path) -> None:
    Journal(RunFolder.lab(tmp_path).journal, Redactor()).append("stepStarted", step="00_start_here")
    assert previous_run(RunFolder.create(tmp_path)) is None


def test_the_newest_run_is_named_with_its_chain_and_its_record(tmp_path: Path) -> None:
    for name in ("20261125T061500Z-0002", "20261125T061400Z-0001"):
        make_run(tmp_path, name=name)
    newest = RunFolder(tmp_path / "20261125T061500Z-0002")
    history = read_journal(newest.journal)
    assert previous_run(RunFolder(tmp_path / NEXT)) == {
        "id": newest.id,
        "events": len(history.events),
        "chainHead": history.head,
        "record": sha256(newest.record),
    }


def test_a_run_that_was_killed_has_no_record_and_a_damaged_one_no_chain(tmp_path: Path) -> None:
    killed = make_run(tmp_path, until="02_do", name="20261125T061500Z-0002")
    named = previous_run(RunFolder(tmp_path / NEXT))
    assert named is not None
    assert named["record"] is None
    assert named["events"]
    killed.journal.write_text("x\n")
    assert previous_run(RunFolder(tmp_path / NEXT)) == {
        "id": killed.id,
        "events": None,
        "chainHead": None,
        "record": None,
    }
