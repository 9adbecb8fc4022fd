from typing import Any

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from runbook.record.journal import Event
from runbook.record.verdict import verdict

PASSED = {"phase": "verification", "check": {"name": "so", "status": "passed"}}
FINISHED = [Event(1, "", "check", PASSED, ""), Event(2, "", "finishReached", {}, "")]


def cell(source: str, state: str = "ok", *, tags: tuple[str, ...] = (), error: tuple[str, str] | None = None) -> Any:
    execution = {"shell.execute_reply": "at", "shell.execute_reply.status": "error" if error else "ok"}
    metadata: dict[str, Any] = {"tags": list(tags)}
    if state != "not run":
        metadata["execution"] = execution if state == "ok" else {}
    outputs = [new_output("error", ename=error[0], evalue=error[1], traceback=[])] if error else []
    return new_code_cell(source, metadata=metadata, outputs=outputs)


def notebook(*cells: Any) -> NotebookNode:
    return new_notebook(cells=list(cells))


def test_answers_a_passed_verification_and_the_end_make_a_success() -> None:
    judged = verdict(notebook(new_markdown_cell("# Title"), cell("a"), cell("b")), FINISHED)
    assert judged.succeeded
    assert [(one.number, one.state) for one in judged.cells] == [(1, "ok"), (2, "ok")]


def test_a_cell_without_an_answer_failed_and_the_rest_did_not_run() -> None:
    judged = verdict(notebook(cell("a"), cell("b", "silent"), cell("c", "not run")), FINISHED, fault="kernel died")
    assert (judged.outcome, judged.reason) == ("failed", "kernel died in cell 2")
    assert [one.state for one in judged.cells] == ["ok", "failed", "not run"]


def test_an_answer_that_is_not_ok_is_no_answer() -> None:
    aborted = cell("a")
    aborted.metadata.execution["shell.execute_reply.status"] = "aborted"
    assert verdict(notebook(aborted), FINISHED).outcome == "failed"


def test_an_exception_is_quoted_by_its_first_line() -> None:
    judged = verdict(notebook(cell("a", error=("RolloutFailed", "not ready in 120 s\nWhy: Pending"))), FINISHED)
    assert judged.reason == "cell 1: RolloutFailed: not ready in 120 s"
    assert judged.failed_cell is not None
    assert "Why: Pending" in judged.failed_cell.error


@pytest.mark.parametrize("status", ["0", "None", ""])
def test_leaving_tidily_before_the_end_is_no_success(status: str) -> None:
    judged = verdict(notebook(cell("a"), cell("b", error=("SystemExit", status)), cell("c", "not run")), FINISHED)
    assert judged.outcome == "stopped early"
    assert judged.reason.startswith("stopped early at cell 2 by sys.exit(")
    assert judged.reason.endswith("1 cell not run")


def test_leaving_with_a_status_failed() -> None:
    assert verdict(notebook(cell("a", error=("SystemExit", "1"))), FINISHED).outcome == "failed"


def test_an_error_that_the_notebook_allows_still_failed() -> None:
    tagged = cell("a", tags=("raises-exception",), error=("ValueError", "no"))
    assert verdict(notebook(tagged), FINISHED).outcome == "failed"


def test_exercises_are_skipped_on_purpose() -> None:
    judged = verdict(notebook(cell("a"), cell("b", "not run", tags=("exercise",))), FINISHED)
    assert judged.succeeded
    assert [one.state for one in judged.cells] == ["ok", "skipped"]


def test_injected_parameters_do_not_shift_the_numbers() -> None:
    judged = verdict(notebook(cell("a"), cell("b", tags=("injected-parameters",)), cell("c")), FINISHED)
    assert [one.number for one in judged.cells] == [1, 0, 2]


@pytest.mark.parametrize("cells", [(), (new_code_cell("  \n"),), (cell("a", "not run", tags=("exercise",)),)])
def test_a_notebook_with_nothing_to_run_is_no_success(cells: tuple[Any, ...]) -> None:
    assert verdict(notebook(*cells), FINISHED).reason == "the notebook has no cell to run"


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([], "nothing was verified"),
        (FINISHED[:1], "the end was not reached"),
        (FINISHED[1:], "nothing was verified"),
        ([Event(1, "", "check", PASSED | {"phase": "precondition"}, ""), FINISHED[1]], "nothing was verified"),
        ([Event(1, "", "check", PASSED | {"check": {"name": "so", "status": "skipped"}}, ""), FINISHED[1]], "nothing"),
        ([*FINISHED, Event(3, "", "check", PASSED | {"check": {"name": "x", "status": "failed"}}, "")], "failed: x"),
    ],
)
def test_without_evidence_there_is_no_success(events: list[Event], reason: str) -> None:
    judged = verdict(notebook(cell("a")), events)
    assert judged.outcome == "failed"
    assert reason in judged.reason


def test_an_interrupt_is_called_one() -> None:
    judged = verdict(notebook(cell("a", "silent")), FINISHED, fault="interrupted", interrupted=True)
    assert (judged.outcome, judged.reason) == ("interrupted", "interrupted in cell 1")
