"""What ends a step, each shown with a real kernel: none of it is a success, and the record says what it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runbook.parameters import Parameters
from runbook.rebuild import RunResult
from runbook.record import read_journal

pytestmark = pytest.mark.usefixtures("few_imports")


def states(result: RunResult, place: int = 0) -> list[str]:
    return [cell.state for cell in result.steps[place].verdict.cells if cell.number > 2]


def record(result: RunResult) -> Any:
    return json.loads((result.folder / "record.json").read_bytes())["predicate"]


def test_when_a_kernel_is_killed_then_the_cell_is_named_and_later_steps_are_not_started(
    book: Any, execute: Any
) -> None:
    book("04_before")
    book("05_kernel_dies", "print('a')", "import os; os.kill(os.getpid(), 9)", "print('c')")
    book("06_after")
    result = execute()
    assert result.verdict == "failed"
    assert [step.verdict.outcome for step in result.steps] == ["succeeded", "failed", "not started"]
    assert result.steps[1].verdict.reason.startswith("kernel died (SIGKILL")
    assert result.steps[1].verdict.reason.endswith("in cell 4")
    assert states(result, 1)[:3] == ["ok", "failed", "not run"]
    assert [step["verdict"] for step in record(result)["steps"]] == ["succeeded", "failed", "not started"]
    assert record(result)["run"]["verdict"] == "failed"
    page = (result.folder / "html" / "05_kernel_dies.html").read_text()
    assert page.index("Kernel died") < page.index("<h1")
    assert not (result.folder / "html" / "06_after.html").exists()


def test_when_a_cell_takes_too_long_then_the_timeout_is_named(book: Any, execute: Any, parameters: Parameters) -> None:
    book("05_cell_times_out", "import time; time.sleep(30)", "print('c')")
    result = execute(parameters.model_copy(update={"step_timeout_s": 1.0}))
    assert result.steps[0].verdict.reason == "timeout 1 s in cell 3"
    assert states(result)[:2] == ["failed", "not run"]
    assert result.steps[0].seconds < 15


def test_when_a_cell_raises_then_its_error_is_quoted(book: Any, execute: Any) -> None:
    book("05_raises", "raise RuntimeError('not ready in 120 s')")
    result = execute()
    assert result.reason == "05_raises: cell 3: RuntimeError: not ready in 120 s"


def test_when_a_check_fails_then_it_is_kept_with_its_hint(book: Any, execute: Any) -> None:
    book("05_check_fails", 'step.verify(Check.that("PVC bound", False, "Pending", "kubectl get pvc"))')
    result = execute()
    assert [(check.name, check.hint) for check in result.failed_checks] == [("PVC bound", "kubectl get pvc")]
    assert result.reason == "05_check_fails: cell 3: 1 check failed: PVC bound"


def test_when_a_notebook_swallows_its_failed_check_then_it_failed_all_the_same(book: Any, execute: Any) -> None:
    swallowed = "try:\n    step.verify(Check.that('PVC bound', False, 'Pending'))\nexcept Exception:\n    pass"
    book("05_swallows", swallowed)
    assert execute().reason == "05_swallows: check failed: PVC bound"


@pytest.mark.parametrize(("status", "outcome"), [("0", "stopped early"), ("1", "failed")])
def test_when_a_notebook_leaves_before_it_verified_then_it_is_no_proof(
    book: Any, execute: Any, status: str, outcome: str
) -> None:
    book("05_leaves", f"import sys; sys.exit({status})")
    result = execute()
    assert result.verdict == "failed"
    assert result.steps[0].verdict.outcome == outcome
    assert result.steps[0].verdict.reason == f"stopped early at cell 3 by sys.exit({status}), 2 cells not run"


def test_when_a_notebook_is_empty_then_it_is_no_success(book: Any, execute: Any) -> None:
    book("05_empty", begun=False, whole=False)
    assert execute().reason == "05_empty: the notebook has no cell to run"


def test_when_nothing_is_verified_then_it_is_no_success(book: Any, execute: Any) -> None:
    book("05_verifies_nothing", "step.require(Check.that('so', True, 'seen'))", "step.finish()", whole=False)
    assert execute().reason == "05_verifies_nothing: nothing was verified: no check passed in step.verify(...)"


def test_when_the_end_is_not_reached_then_it_is_no_success(book: Any, execute: Any) -> None:
    book("05_forgets_to_finish", "step.verify(Check.that('so', True, 'seen'))", whole=False)
    assert execute().reason == "05_forgets_to_finish: the end was not reached: step.finish() was not called"


@pytest.fixture
def kernelspec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Installs a kernel that is a line of Python."""

    def install(name: str, code: str) -> None:
        folder = tmp_path / "jupyter" / "kernels" / name
        folder.mkdir(parents=True)
        argv = ["python", "-c", code, "-f", "{connection_file}"]
        (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": "python"}))
        monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))

    return install


def test_when_the_kernel_does_not_start_then_it_is_the_machines_fault_and_recorded(
    book: Any, execute: Any, kernelspec: Any
) -> None:
    kernelspec("broken", "import sys; sys.exit('Address already in use')")
    book("05_never_starts", kernel="broken")
    result = execute()
    assert result.reason.startswith("05_never_starts: infrastructure: kernel did not start (")
    assert "Address already in use" in result.reason
    assert states(result) == ["not run", "not run"]
    assert record(result)["steps"][0]["verdict"] == "failed"


def test_when_the_kernel_does_not_start_at_first_then_it_is_tried_again(
    book: Any, execute: Any, kernelspec: Any, tmp_path: Path
) -> None:
    tried = tmp_path / "tried"
    kernelspec(
        "hesitant",
        f"import os, sys; first = not os.path.exists({str(tried)!r}); open({str(tried)!r}, 'w').close()\n"
        "if first: sys.exit('Address already in use')\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'ipykernel_launcher', *sys.argv[1:]])",
    )
    book("05_hesitates", kernel="hesitant")
    assert execute().succeeded
    assert tried.exists()


def test_when_a_kernelspec_is_missing_then_it_is_said(book: Any, execute: Any, told: Any) -> None:
    book("05_unknown_kernel", kernel="no-such-kernel")
    reason = execute().reason
    assert reason.startswith("05_unknown_kernel: infrastructure: kernel did not start (")
    assert "no-such-kernel" in reason
    assert any(line.startswith("said infrastructure") for line in told.lines)


def test_when_a_notebook_calls_itself_something_else_then_it_is_said(book: Any, execute: Any) -> None:
    book("05_misnamed", 'begin("05_other", target=target, run=run)')
    assert "The notebook 05_misnamed calls itself '05_other'" in execute().reason


def test_the_journal_tells_of_every_cell_in_order(book: Any, execute: Any) -> None:
    book("05_raises", "1 / 0")
    history = read_journal(execute().folder / "journal.jsonl")
    told = [(event.name, event.fields.get("cell"), event.fields.get("state")) for event in history.events]
    assert told[2:] == [
        ("cellStarted", 1, None),
        ("cellFinished", 1, "ok"),
        ("cellStarted", 0, None),
        ("cellFinished", 0, "ok"),
        ("cellStarted", 2, None),
        ("cellFinished", 2, "ok"),
        ("cellStarted", 3, None),
        ("cellFinished", 3, "failed"),
        ("stepFinished", None, None),
        ("runFinished", None, None),
    ]
