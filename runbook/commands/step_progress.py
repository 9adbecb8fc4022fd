"""The progress of a rebuild on stderr: a line when a step starts and ends, and what runs in between."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from runbook.commands.progress import Pulse, elapsed

if TYPE_CHECKING:
    from runbook.rebuild import StepFile, StepResult
    from runbook.record import CellState


class StepProgress:
    """Tells a person on stderr what a rebuild is doing; a `runbook.rebuild.Progress`."""

    def __init__(self, stream: TextIO | None = None, every_s: float | None = None) -> None:
        self._pulse = Pulse(stream, every_s)
        self._step = ""
        self._cell = ""

    def __enter__(self) -> Self:
        self._pulse.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pulse.__exit__(kind, error, trace)

    def step_started(self, step: StepFile, number: int, total: int) -> None:
        """Say that a step begins."""
        self._step, self._cell = f"[{number}/{total}] {step.name}", ""
        self._pulse.line(f"{self._step}: {step.title}")
        self._pulse.running(self._step)

    def cell_started(self, step: StepFile, number: int, total: int, heading: str) -> None:  # noqa: ARG002
        """Remember which cell runs, for the next sign of life."""
        self._cell = f"cell {number} of {total}" + (f", {heading}" if heading else "")
        self._pulse.running(self._step, more=self._cell)

    def cell_finished(self, step: StepFile, number: int, state: CellState, seconds: float) -> None:
        """A cell ended, which is too little to say."""

    def message(self, text: str) -> None:
        """Pass on a remark: at once if it is one of the rebuild, with the next sign of life if a cell printed it."""
        if self._step and "\n" not in text:
            self._pulse.running(self._step, more=f"{self._cell}: {text}" if self._cell else text)
        else:
            self._pulse.line(text)

    def step_finished(self, result: StepResult) -> None:
        """Say how a step ended."""
        outcome, reason = result.verdict.outcome, result.verdict.reason
        self._pulse.running("")
        self._pulse.line(f"{self._step}: {outcome} after {elapsed(result.seconds)}" + (f": {reason}" if reason else ""))
        self._step = ""
