"""A plain `papermill --engine runbook NOTEBOOK OUTPUT`: one notebook, journalled, outside of a rebuild.

papermill writes the notebook, as it always does; its cells are journalled where the notebook records by itself: in the
run that its parameter `run` names, else in the lab of its target. A notebook that records nothing has its journal
beside the output.
"""

from __future__ import annotations

import ast
import asyncio
import math
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from nbformat import NotebookNode
from papermill.log import logger

from runbook.errors import ParameterError, UsageError
from runbook.parameters_cell import read_cell
from runbook.rebuild.engine import Work, execute
from runbook.rebuild.kernels import Kernels
from runbook.record import Journal, RunFolder, sha256, verdict
from runbook.record.step import outputs_folder
from runbook.targets import load_target


def execute_plain(
    nb_man: Any,
    kernel_name: str,
    *,
    input_path: str | None = None,
    execution_timeout: float | None = None,
    log_output: bool = False,
    stdout_file: IO[str] | None = None,
    stderr_file: IO[str] | None = None,
    **_: Any,
) -> None:
    """Execute the notebook that papermill manages, and journal it.

    Raises:
        UsageError: Its parameter `run` names a run that is sealed.
        Fault: Something other than the code ended it.
    """
    name = Path(input_path).stem if input_path else "notebook"
    journal = journal_of(nb_man.nb, name)
    watcher = _Papermill(nb_man, journal, name, log_output, {"stdout": stdout_file, "stderr": stderr_file})
    digest = sha256(Path(input_path)) if input_path and Path(input_path).is_file() else None
    journal.append("notebookStarted", step=name, notebook=digest, parameters=_given(nb_man.nb))
    kernels = Kernels(Path.cwd(), {})
    try:
        with asyncio.Runner() as runner:
            work = Work("", execution_timeout or math.inf)
            execute(nb_man.nb, kernel_name, runner=runner, kernels=kernels, watcher=watcher, work=work)
    finally:
        kernels.close()
        cells = [{"number": one.number, "id": one.id, "state": one.state} for one in verdict(nb_man.nb).cells]
        ran = all(one["state"] in ("ok", "skipped") for one in cells)
        journal.append("notebookFinished", step=name, outcome="ran to its end" if ran else "failed", cells=cells)


def journal_of(notebook: NotebookNode, name: str) -> Journal:
    """The journal of a notebook that papermill runs.

    Raises:
        UsageError: Its parameter `run` names a run that is sealed, and would no longer be what its record says.
    """
    values = _values(notebook)
    if run := str(values.get("run") or ""):
        folder = RunFolder(Path(run))
        if folder.record.exists():
            raise UsageError(
                f"The run {folder.id} is sealed; a notebook cannot be added to it.",
                next="Leave `run` empty: the notebook then records in the lab of its target.",
            )
        if folder.path.is_dir():
            return Journal(folder.journal)
    elif {"target", "run"} <= set(values):
        try:
            target = load_target(str(values["target"])).target
            return Journal(RunFolder.lab(outputs_folder() / target).journal)
        except ParameterError:
            pass  # the notebook says so itself, in its first cell
    output = notebook.metadata.papermill.get("output_path")
    beside = Path(output).parent if output and Path(output).parent.is_dir() else Path.cwd()
    return Journal(beside / f"{name}.journal.jsonl")


class _Papermill:
    """Watches the cells of a notebook for its journal and for papermill."""

    def __init__(
        self, nb_man: Any, journal: Journal, name: str, log_output: bool, files: Mapping[str, IO[str] | None]
    ) -> None:
        self._papermill = nb_man
        self._journal = journal
        self._name = name
        self._log_output = log_output
        self._files = files

    def cell_started(self, number: int, cell: NotebookNode) -> None:
        self._journal.append("cellStarted", step=self._name, cell=number, id=cell.get("id", ""))
        self._papermill.cell_start(cell, self._index(cell))

    def cell_finished(self, number: int, cell: NotebookNode, seconds: float) -> None:
        name, index = cell.get("id", ""), self._index(cell)
        state = next(one.state for one in verdict(self._papermill.nb).cells if one.id == name)
        said = {"cell": number, "id": name, "state": state, "seconds": round(seconds, 3)}
        self._journal.append("cellFinished", step=self._name, **said)
        if state == "failed":
            self._papermill.cell_exception(cell, index)
        if seconds:
            self._papermill.cell_complete(cell, index)
        self._pass_on(cell)

    def printed(self, text: str) -> None:
        if self._log_output:
            logger.info(text)
        self._papermill.autosave_cell()

    def _pass_on(self, cell: NotebookNode) -> None:
        """Write what a cell printed into the files that papermill was given for it."""
        for output in cell.get("outputs", ()):
            file = self._files.get(output.get("name", ""))
            if file is not None:
                file.write("".join(output["text"]))
                file.flush()

    def _index(self, cell: NotebookNode) -> int:
        return int(self._papermill.nb.cells.index(cell))


def _given(notebook: NotebookNode) -> dict[str, Any]:
    """The parameters that papermill was given."""
    return dict(notebook.metadata.get("papermill", {}).get("parameters", {}))


def _values(notebook: NotebookNode) -> dict[str, Any]:
    """The notebook's parameters: what was given over what its parameters cell says."""
    tagged = (cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ()))
    try:
        declared = {item.name: ast.literal_eval(item.default) for item in read_cell(next(tagged, ""))}
    except (SyntaxError, ValueError):
        declared = {}
    return {**declared, **_given(notebook)}
