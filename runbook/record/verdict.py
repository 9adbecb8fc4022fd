"""The truth about a step, from what the kernel answered and what the notebook recorded.

papermill writes `completed` for every cell after a dead kernel, a timeout or an interrupt, so its status is not
read. A step succeeded only on positive evidence: each cell that was to run has an answer and no error, at least
one verification passed and no check failed, and the end was reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from runbook.record.journal import Event

if TYPE_CHECKING:  # a kernel that only records has no use for it, and it takes long to import
    from nbformat import NotebookNode

CellState = Literal["ok", "failed", "not run", "skipped"]
Outcome = Literal["succeeded", "failed", "stopped early", "interrupted", "skipped", "not started", "not selected"]

SKIPPED_TAGS = frozenset({"exercise", "skip-execution"})
INJECTED_TAG = "injected-parameters"
# What the kernel answered; the time of the answer, which nbclient keeps, says only that there was one.
REPLY_STATUS = "shell.execute_reply.status"


@dataclass(frozen=True)
class CellVerdict:
    """One code cell of a step.

    Attributes:
        number: Its place among the code cells of the stored notebook, from 1; 0 for the injected parameters.
        id: Its id.
        state: What became of it.
        line: Its first line of code.
        error: Name and text of the error that ended it; empty where there was none.
    """

    number: int
    id: str
    state: CellState
    line: str
    error: str = ""

    @property
    def title(self) -> str:
        """How a sentence names the cell."""
        return f"cell {self.number}" if self.number else "the injected parameters"


@dataclass(frozen=True)
class StepVerdict:
    """What became of a step.

    Attributes:
        outcome: `succeeded`, `skipped` where an earlier run proves it, or what it was instead.
        reason: Why it did not succeed, or which run proves it, in one sentence; empty when it did.
        cells: Its code cells in order.
        failed_cell: The cell that ended it, where one did.
        fault: What ended it from outside, such as "kernel died"; empty where nothing did.
    """

    outcome: Outcome
    reason: str = ""
    cells: tuple[CellVerdict, ...] = ()
    failed_cell: CellVerdict | None = None
    fault: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the step may be relied on: it succeeded here, or in the run that proves it."""
        return self.outcome in ("succeeded", "skipped")


def verdict(
    notebook: NotebookNode, events: Sequence[Event] = (), *, fault: str = "", interrupted: bool = False
) -> StepVerdict:
    """What became of a step.

    Args:
        notebook: The notebook as executed.
        events: The step's events in the journal.
        fault: What ended it from outside, such as "kernel died"; empty where nothing did.
        interrupted: Whether that was a person or the system ending the rebuild.
    """
    cells = tuple(_cells(notebook))
    failed = next((cell for cell in cells if cell.state == "failed"), None)
    outcome, reason = _judge(cells, failed, events, fault)
    return StepVerdict("interrupted" if interrupted else outcome, reason, cells, failed, fault)


def is_skipped(cell: NotebookNode) -> bool:
    """Whether a headless run passes over a code cell on purpose."""
    return not SKIPPED_TAGS.isdisjoint(cell.metadata.get("tags", ()))


def numbered(notebook: NotebookNode) -> Iterable[tuple[int, NotebookNode]]:
    """The code cells that hold code, each with its number."""
    number = 0
    for cell in notebook.cells:
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        if INJECTED_TAG in cell.metadata.get("tags", ()):
            yield 0, cell
        else:
            number += 1
            yield number, cell


def _cells(notebook: NotebookNode) -> Iterable[CellVerdict]:
    for number, cell in numbered(notebook):
        error = next((output for output in cell.get("outputs", ()) if output.output_type == "error"), None)
        text = f"{error.ename}: {error.evalue}".strip(": ") if error else ""
        yield CellVerdict(number, cell.get("id", ""), _state(cell, error), cell.source.strip().splitlines()[0], text)


def _state(cell: NotebookNode, error: Any) -> CellState:
    if is_skipped(cell):
        return "skipped"
    execution = cell.metadata.get("execution")
    if execution is None:
        return "not run"
    answered = "shell.execute_reply" in execution and execution.get(REPLY_STATUS, "ok") == "ok"
    return "ok" if answered and error is None else "failed"


def _judge(
    cells: Sequence[CellVerdict], failed: CellVerdict | None, events: Sequence[Event], fault: str
) -> tuple[Outcome, str]:
    if fault:
        return "failed", f"{fault} in {failed.title}" if failed else fault
    if failed is not None and failed.error.partition(":")[0] == "SystemExit":
        return _left(cells, failed)
    if failed is not None:
        return "failed", f"{failed.title}: {_first_line(failed.error) or 'the kernel gave no answer'}"
    to_run = [cell for cell in cells if cell.state != "skipped"]
    if not any(cell.number for cell in to_run):
        return "failed", "the notebook has no cell to run"
    waiting = [cell for cell in to_run if cell.state == "not run"]
    if waiting:
        return "failed", f"{_count(waiting)} not run, from {waiting[0].title}"
    return _proof(events)


def _left(cells: Sequence[CellVerdict], failed: CellVerdict) -> tuple[Outcome, str]:
    """A notebook that ended its own kernel: tidily or not, what follows did not run."""
    waiting = [cell for cell in cells if cell.state == "not run"]
    status = failed.error.partition(":")[2].strip() or "0"
    sentence = f"stopped early at {failed.title} by sys.exit({status}), {_count(waiting)} not run"
    return ("stopped early" if status in ("0", "None") else "failed"), sentence


def _proof(events: Sequence[Event]) -> tuple[Outcome, str]:
    checks = [(event.fields["phase"], event.fields["check"]) for event in events if event.name == "check"]
    failed = [check["name"] for _, check in checks if check["status"] == "failed"]
    if failed:
        return "failed", f"check failed: {failed[0]}"
    if not any(phase == "verification" and check["status"] == "passed" for phase, check in checks):
        return "failed", "nothing was verified: no check passed in step.verify(...)"
    if not any(event.name == "finishReached" for event in events):
        return "failed", "the end was not reached: step.finish() was not called"
    return "succeeded", ""


def _count(cells: Sequence[CellVerdict]) -> str:
    return f"{len(cells)} cell{'' if len(cells) == 1 else 's'}"


def _first_line(text: str) -> str:
    return text.removeprefix("CheckFailed: ").splitlines()[0] if text else ""
