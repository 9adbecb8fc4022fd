"""A plain `papermill --engine runbook`: the same engine journals, outside of a rebuild."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from runbook.errors import UsageError
from runbook.record import History, read_journal

pytestmark = pytest.mark.usefixtures("few_imports")


@pytest.fixture(autouse=True)
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where notebooks opened by hand record, for the target `local`."""
    monkeypatch.setenv("RUNBOOK_OUTPUTS", str(tmp_path / "labs"))
    return tmp_path / "labs" / "local" / "lab" / "journal.jsonl"


def execute(notebook: Path, **parameters: Any) -> Path:
    output = notebook.parents[1] / "out.ipynb"
    papermill.execute_notebook(notebook, output, parameters, engine_name="runbook", progress_bar=False)
    return output


def cells(history: History) -> list[tuple[int, str]]:
    return [(one.fields["cell"], one.fields["state"]) for one in history.events if one.name == "cellFinished"]


def test_a_notebook_that_records_is_journalled_in_the_lab_of_its_target(book: Any, lab: Path) -> None:
    folder = book("05_verify", "print('seen')", parameters=PARAMETERS)
    output = execute(folder / "05_verify.ipynb")
    history = read_journal(lab)
    assert [one.name for one in history.events if one.name != "cellStarted"] == [
        "notebookStarted", "cellFinished", "stepStarted", "cellFinished", "cellFinished", "check", "cellFinished",
        "finishReached", "cellFinished", "notebookFinished",
    ]  # fmt: skip
    assert cells(history) == [(number, "ok") for number in range(1, 6)]
    assert history.events[-1].fields["outcome"] == "ran to its end"
    executed = nbformat.read(output, as_version=4)
    assert executed.cells[3].outputs[0].text == "seen\n"
    assert {cell.metadata.papermill.status for cell in executed.cells} == {"completed"}


PARAMETERS = 'target: str = "local"  # target\nrun: str = ""  # run folder'


def test_the_run_that_it_is_given_takes_its_journal(book: Any, tmp_path: Path) -> None:
    folder = book("05_verify", parameters=PARAMETERS)
    (tmp_path / "mine").mkdir()
    execute(folder / "05_verify.ipynb", run=str(tmp_path / "mine"))
    assert cells(read_journal(tmp_path / "mine" / "journal.jsonl"))[0] == (1, "ok")


def test_a_sealed_run_takes_no_further_notebook(book: Any, tmp_path: Path) -> None:
    folder = book("05_verify", parameters=PARAMETERS)
    sealed = tmp_path / "mine"
    sealed.mkdir()
    (sealed / "record.json").write_text("{}")
    with pytest.raises(UsageError, match="The run mine is sealed"):
        execute(folder / "05_verify.ipynb", run=str(sealed))
    assert [path.name for path in sealed.iterdir()] == ["record.json"]


def test_a_notebook_that_records_nothing_has_its_journal_beside_the_output(book: Any, tmp_path: Path) -> None:
    folder = book("01_plain", "1 + 1", "raise ValueError('no')", "2 + 2", begun=False, whole=False)
    with pytest.raises(PapermillExecutionError, match="ValueError"):
        execute(folder / "01_plain.ipynb")
    history = read_journal(tmp_path / "01_plain.journal.jsonl")
    assert cells(history) == [(1, "ok"), (2, "failed")]
    assert history.events[-1].fields["outcome"] == "failed"
    assert [one["state"] for one in history.events[-1].fields["cells"]] == ["ok", "failed", "not run"]


def test_papermill_finds_the_engine_by_its_name_on_the_command_line(book: Any, tmp_path: Path) -> None:
    folder = book("01_plain", "print('hello')", begun=False, whole=False)
    command = [sys.executable, "-m", "papermill", "--engine", "runbook", "--no-progress-bar", "--log-output"]
    files = [folder / "01_plain.ipynb", tmp_path / "out.ipynb"]
    ran = subprocess.run(
        [*command, *map(str, files)], capture_output=True, text=True, check=False, timeout=120, env={**os.environ}
    )
    assert ran.returncode == 0, ran.stderr
    assert "hello" in ran.stderr
    assert cells(read_journal(tmp_path / "01_plain.journal.jsonl")) == [(1, "ok")]
