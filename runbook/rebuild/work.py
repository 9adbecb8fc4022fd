"""One step at work: its cells in the journal, in the progress and, masked, in the notebook that is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode
from papermill.engines import papermill_engines

from runbook.checks import Check
from runbook.parameters import Parameters
from runbook.rebuild.engine import ENGINE, Work
from runbook.rebuild.executed import headings, keep, masked
from runbook.rebuild.kernels import Kernels, Wanted
from runbook.rebuild.outcome import Progress, StepResult
from runbook.rebuild.steps import StepFile
from runbook.record import Event, Journal, RunFolder, numbered, read_journal, verdict


@dataclass(frozen=True)
class Desk:
    """What every step of a run works with.

    Attributes:
        parameters: The target.
        folder: The run.
        journal: The run's journal; its redactor masks what is kept and told.
        progress: Who is told what happens.
        kernels: Where kernels come from.
        runner: The event loop they are talked to on.
    """

    parameters: Parameters
    folder: RunFolder
    journal: Journal
    progress: Progress
    kernels: Kernels
    runner: asyncio.Runner


class StepAtWork:
    """One step at work; watches its cells for the journal and the progress."""

    def __init__(self, desk: Desk, step: StepFile, notebook: NotebookNode) -> None:
        self.desk = desk
        self.step = step
        self.notebook = notebook
        # What is told or kept only for the moment is masked too, but not counted in the record.
        self.draft = desk.journal.redactor.copy()
        self.headings = headings(notebook)
        self.total = sum(1 for number, _ in numbered(notebook) if number)

    def execute(self, following: Sequence[Wanted]) -> None:
        """Execute the notebook, and start the kernels of steps that follow.

        Raises:
            Fault: Something other than its code ended it.
        """
        papermill_engines.execute_notebook_with_engine(
            ENGINE,
            self.notebook,
            self.notebook.metadata.kernelspec.name,
            progress_bar=False,
            runner=self.desk.runner,
            kernels=self.desk.kernels,
            watcher=self,
            work=Work(self.step.name, self.desk.parameters.step_timeout_s, following),
        )

    def finish(
        self, fault: str, *, interrupted: bool, started: Event, seconds: float
    ) -> tuple[StepResult, NotebookNode]:
        """Judge the step and write its notebook for good; both are masked before anyone sees them."""
        kept = masked(self.notebook, self.desk.journal.redactor, self.desk.folder.path)
        events = read_journal(self.desk.folder.journal).of_step(self.step.name)
        judged = verdict(kept, events, fault=self.draft.text(fault), interrupted=interrupted)
        checks = tuple(Check(**event.fields["check"]) for event in events if event.name == "check")
        self._keep(kept, {"outcome": judged.outcome, "reason": judged.reason})
        return StepResult(self.step, judged, seconds, checks, started.at), kept

    def tell(self, text: str) -> None:
        """Tell the progress something."""
        self.desk.progress.message(self.draft.text(text))

    def cell_started(self, number: int, cell: NotebookNode) -> None:
        """Journal that a cell begins."""
        name = cell.get("id", "")
        self.desk.journal.append("cellStarted", step=self.step.name, cell=number, id=name)
        if number:
            self.desk.progress.cell_started(self.step, number, self.total, self.headings.get(name, ""))

    def cell_finished(self, number: int, cell: NotebookNode, seconds: float) -> None:
        """Journal how a cell ended, and keep the notebook up to it."""
        name, taken = cell.get("id", ""), round(seconds, 3)
        state = next(one.state for one in verdict(self.notebook).cells if one.id == name)
        cell.metadata["runbook"] = {"state": state, "seconds": taken}
        self.desk.journal.append("cellFinished", step=self.step.name, cell=number, id=name, state=state, seconds=taken)
        self._keep(masked(self.notebook, self.draft, self.desk.folder.path), {})
        if number:
            self.desk.progress.cell_finished(self.step, number, state, seconds)

    def printed(self, text: str) -> None:
        """Pass the last line that was printed on to the progress."""
        lines = [line.strip() for line in text.replace("\r", "\n").splitlines() if line.strip()]
        if lines:
            self.tell(lines[-1])

    def _keep(self, kept: NotebookNode, judged: dict[str, Any]) -> None:
        about = {"step": self.step.name, "run": self.desk.folder.id, **judged}
        keep(kept, self.desk.folder.notebooks / self.step.path.name, about, durable=bool(judged))
