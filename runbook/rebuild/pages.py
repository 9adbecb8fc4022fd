"""The pages of a run, made beside the next step in one thread: two cores have little to give."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from nbformat import NotebookNode

from runbook.rebuild.outcome import StepResult
from runbook.rebuild.steps import StepFile
from runbook.record import RunFolder, write_atomic


class Pages:
    """Makes the pages of notebooks in the order they are given.

    Args:
        folder: The run.
        target: Name of the target.
    """

    def __init__(self, folder: RunFolder, target: str) -> None:
        self._folder = folder
        self._target = target
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="runbook pages")
        self._made: list[Future[None]] = []

    def add(self, notebook: NotebookNode, result: StepResult, chosen: Sequence[StepFile]) -> None:
        """Begin the page of a step; the notebook must not change any more."""
        self._made.append(self._worker.submit(self._write, notebook, result, tuple(chosen)))

    def wait(self) -> None:
        """Return when every page that was begun is made: what follows is measured, and wants the machine alone."""
        wait(self._made)

    def finish(self) -> None:
        """Return when all pages are made.

        Raises:
            OSError: One could not be written.
        """
        self._worker.shutdown()
        for made in self._made:
            made.result()

    def _write(self, notebook: NotebookNode, result: StepResult, chosen: Sequence[StepFile]) -> None:
        from runbook.rebuild.notebook_page import render, render_without_cells

        try:
            page = render(notebook, result, chosen, self._folder.id, self._target)
        except Exception as error:  # noqa: BLE001 - a page that cannot be made must not take the record with it
            page = render_without_cells(f"{type(error).__name__}: {error}", result, self._folder.id, self._target)
        write_atomic(self._folder.html / f"{result.step.name}.html", page)
