"""The steps of a run judged again, from the notebooks as executed and the journal; the record is not asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runbook.record.findings import Notes
from runbook.record.journal import Event, History
from runbook.record.strict import loads
from runbook.record.verdict import StepVerdict, verdict
from runbook.record.verify_files import JOURNAL, Files, read_bounded

LARGEST_NOTEBOOK_BYTES = 128 * 2**20


def judge_steps(history: History, files: Files, notes: Notes) -> dict[str, str]:
    """The outcome of each step that the run was to execute, as far as it is proved.

    A step that claims more than its notebook and its events show is noted; one that claims less is believed, since
    what is missing never makes a no a yes.
    """
    chosen = history.events[0].fields.get("steps", ()) if history.events else ()
    outcomes = {name: _judge(name, history, files, notes) for name in chosen}
    ended = sum(outcome not in ("unfinished", "not started", "skipped") for outcome in outcomes.values())
    if ended:
        notes.holds(f"the outcome of {ended} steps follows from their notebooks as executed and their events")
    return outcomes


def judge_run(history: History, outcomes: Mapping[str, str], notes: Notes) -> str:
    """The verdict of a run that ended, recomputed from its steps."""
    finished = next((event for event in reversed(history.events) if event.name == "runFinished"), None)
    if finished is None:
        return "unfinished"
    place = f"{JOURNAL}, event {finished.number}"
    if finished is not history.events[-1]:
        notes.wrong(f"{JOURNAL}, event {finished.number + 1}", "it follows the end of the run")
    claimed = finished.fields.get("verdict")
    all_good = bool(outcomes) and all(outcome in ("succeeded", "skipped") for outcome in outcomes.values())
    if claimed == "succeeded" and not all_good:
        short = next((f"{name} is {what}" for name, what in outcomes.items() if what != "succeeded"), "it has no steps")
        notes.wrong(place, f"it says that the run succeeded, and {short}")
        return "failed"
    if claimed not in ("succeeded", "failed", "interrupted"):
        notes.wrong(place, "it says no verdict that there is")
        return "failed"
    return str(claimed)


def _judge(name: str, history: History, files: Files, notes: Notes) -> str:
    events = history.of_step(name)
    started = next((event for event in events if event.name == "stepStarted"), None)
    finished = next((event for event in events if event.name == "stepFinished"), None)
    if started is None:
        return "skipped" if finished and any(event.name == "stepSkipped" for event in events) else "not started"
    if finished is None:
        return "unfinished"
    place, notebook = f"{JOURNAL}, event {finished.number}", f"notebooks/{name}.ipynb"
    claimed = finished.fields
    if files.digests.get(notebook) != claimed.get("executed"):
        if notebook not in files.unread:
            notes.wrong(notebook, f"it is not what event {finished.number} of the journal says was executed")
        return "failed"
    again = _again(notebook, files, events[: events.index(finished)], claimed, notes)
    if again is None:
        return "failed"
    cells = [{"number": cell.number, "id": cell.id, "state": cell.state} for cell in again.cells]
    said = (claimed.get("outcome"), claimed.get("reason"), claimed.get("cells"))
    if said != (again.outcome, again.reason, cells):
        notes.wrong(place, f"it says {said[0]}, and {notebook} and the events say {again.outcome}: {again.reason}")
    _compare_cells(again, events, notes)
    return again.outcome


def _again(
    notebook: str, files: Files, events: Sequence[Event], claimed: Mapping[str, Any], notes: Notes
) -> StepVerdict | None:
    """The verdict on a step, made again; None where its notebook is none."""
    import nbformat

    try:
        content = loads(read_bounded(files.path(notebook), LARGEST_NOTEBOOK_BYTES))
        parsed = nbformat.from_dict(_joined(content))  # type: ignore[no-untyped-call]
        interrupted = claimed.get("outcome") == "interrupted"
        return verdict(parsed, events, fault=str(claimed.get("fault") or ""), interrupted=interrupted)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        notes.wrong(notebook, f"it is no notebook that was executed: {error}")
        return None


def _joined(content: Any) -> Any:
    """A notebook whose cells hold their code as one text, as a kernel had it, and only what a verdict reads."""
    cells = [
        {**cell, "source": "".join(cell["source"]), "outputs": _errors(cell.get("outputs", ()))}
        for cell in content["cells"]
    ]
    return {"metadata": {}, "cells": cells}


def _errors(outputs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [output for output in outputs if output["output_type"] == "error"]


def _compare_cells(again: StepVerdict, events: Sequence[Event], notes: Notes) -> None:
    """Compare each cell's state with what the journal said the moment it ended."""
    told = {event.fields.get("id"): event for event in events if event.name == "cellFinished"}
    for cell in again.cells:
        event = told.get(cell.id)
        if event is None and cell.state == "ok" and again.succeeded:
            notes.wrong(f"{JOURNAL}, step events", f"cell {cell.id} has an answer, and no event says that it ended")
        elif event is not None and event.fields.get("state") != cell.state:
            notes.wrong(f"{JOURNAL}, event {event.number}", f"it says {event.fields.get('state')} of {cell.title}")
