from pathlib import Path

from runbook.checks import Check
from runbook.record import Journal, read_journal
from runbook.views import steps


def test_a_step_counts_its_checks_and_says_whether_it_ended(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("stepStarted", step="01_hardware")
    for check in (Check.that("a", True, ""), Check.skipped("b", "")):
        journal.append("check", step="01_hardware", phase="verification", check=check)
    journal.append("finishReached", step="01_hardware")
    journal.append("stepStarted", step="02_model_selection")
    rows = steps(read_journal(tmp_path / "journal.jsonl"), ["01_hardware", "02_model_selection", "03_apply"]).rows
    assert list(rows[0].values()) == ["01_hardware", 1, 0, 1, True]
    assert rows[1]["ended"] is False
    assert rows[2]["ended"] == "not started"
