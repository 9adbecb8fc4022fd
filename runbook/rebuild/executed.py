"""A notebook on its way through a rebuild: loaded and given its parameters, then kept as executed.

What is kept is masked, strict JSON, and without papermill's account of it, which calls cells completed that never
ran; the verdict stands in the notebook's metadata instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from runbook.parameters import Parameters
from runbook.rebuild.engine import ENGINE
from runbook.rebuild.steps import OUR_KERNEL, StepFile
from runbook.record import Redactor, to_json, write_atomic
from runbook.record.verdict import INJECTED_TAG


def load(step: StepFile, parameters: Parameters, run: Path) -> NotebookNode:
    """The notebook of a step with the values of a target in it: of what its parameters cell declares, and no more."""
    notebook: NotebookNode = load_notebook_node(str(step.path))
    notebook.metadata.setdefault("kernelspec", {"name": OUR_KERNEL, "display_name": "Python 3", "language": "python"})
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    known = {**parameters.model_dump(mode="json"), "run": str(run)}
    declared = {name: known[name] for name in step.parameters if name in known}
    if declared:
        notebook = parameterize_notebook(notebook, declared, engine_name=ENGINE)
        injected = next(cell for cell in notebook.cells if INJECTED_TAG in cell.metadata.get("tags", ()))
        injected["id"] = INJECTED_TAG
    return notebook


def masked(notebook: NotebookNode, redactor: Redactor, run: Path) -> NotebookNode:
    """A notebook as it may be kept: masked, strict, without papermill's account of it and the place of the run."""
    plain, _ = to_json(_renamed(_without_papermill(notebook), str(run.parents[1]) + "/", "outputs/"))
    made: NotebookNode = nbformat.from_dict(redactor.value(plain))  # type: ignore[no-untyped-call]
    return made


def keep(notebook: NotebookNode, path: Path, about: dict[str, Any], *, durable: bool) -> None:
    """Write a masked notebook, with what is said of its run in its metadata, under `runbook`."""
    notebook.metadata["runbook"] = {**notebook.metadata.get("runbook", {}), **about}
    written = nbformat.v4.writes(notebook)  # type: ignore[no-untyped-call]
    lines = (line.lstrip(" ") for line in written.splitlines())  # its indentation is a tenth of an executed notebook
    write_atomic(path, "\n".join(lines) + "\n", durable=durable)


def headings(notebook: NotebookNode) -> dict[str, str]:
    """The heading each cell stands below, by the cell's id."""
    return dict(_headings(notebook))


def _headings(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found = re.findall(r"^#{1,6} +(.+?)\s*$", cell.source, re.MULTILINE)
            heading = found[-1] if found else heading
        yield cell.get("id", ""), heading


def _renamed(value: Any, place: str, name: str) -> Any:
    """A value of a notebook with a folder called by another name in every text."""
    if isinstance(value, str):
        return value.replace(place, name) if place != "/" else value
    if isinstance(value, dict):
        return {key: _renamed(item, place, name) for key, item in value.items()}
    return [_renamed(item, place, name) for item in value] if isinstance(value, list) else value


def _without_papermill(notebook: NotebookNode) -> dict[str, Any]:
    cells = [{**cell, "metadata": _cell_metadata(cell.metadata)} for cell in notebook.cells]
    metadata = {key: value for key, value in notebook.metadata.items() if key != "papermill"}
    return {**notebook, "metadata": metadata, "cells": cells}


def _cell_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if key != "papermill" and (key != "tags" or value)}
