from __future__ import annotations

from pathlib import Path

from runbook.record import earlier_result

RESULTS = '{"schema":1,"steps":{"04_pull":{"models":%s}},"undefined":{}}'


def run(folder: Path, name: str, models: str) -> Path:
    (folder / name).mkdir()
    (folder / name / "results.json").write_text(RESULTS % models)
    return folder / name


def test_the_newest_other_run_that_has_a_result_gives_it(tmp_path: Path) -> None:
    run(tmp_path, "20261123T061500Z-3fa9", '["old"]')
    run(tmp_path, "20261124T061500Z-3fa9", '["new"]')
    (tmp_path / "20261125T061500Z-aaaa").mkdir()
    present = run(tmp_path, "20261126T061500Z-3fa9", '["own"]')
    assert earlier_result(present, "models") == ("20261124T061500Z-3fa9", ["new"])


def test_a_damaged_run_is_passed_over(tmp_path: Path) -> None:
    run(tmp_path, "20261123T061500Z-3fa9", '["old"]')
    run(tmp_path, "20261124T061500Z-3fa9", '["torn"')
    assert earlier_result(tmp_path / "now", "models") == ("20261123T061500Z-3fa9", ["old"])


def test_what_was_found_by_hand_comes_last(tmp_path: Path) -> None:
    run(tmp_path, "lab", '["by hand"]')
    assert earlier_result(tmp_path / "now", "models") == ("lab", ["by hand"])
    assert earlier_result(tmp_path / "lab", "models") is None


def test_where_nothing_was_kept_there_is_none(tmp_path: Path) -> None:
    assert earlier_result(tmp_path / "missing" / "now", "models") is None
