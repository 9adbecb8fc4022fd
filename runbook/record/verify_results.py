"""The results of a run, compared with what the journal said of each the moment it was kept."""

from __future__ import annotations

from typing import Any

from runbook.record.findings import Notes
from runbook.record.journal import Event, History
from runbook.record.results import digest
from runbook.record.strict import loads
from runbook.record.verify_files import JOURNAL, Files, read_bounded

RESULTS = "results.json"
LARGEST_RESULTS_BYTES = 64 * 2**20

Steps = dict[str, dict[str, Any]]


def read_results(files: Files, notes: Notes) -> Steps | None:
    """The results by step and key; None where they cannot be read, which is noted."""
    try:
        content = loads(read_bounded(files.path(RESULTS), LARGEST_RESULTS_BYTES))
        steps = content["steps"]
        if not (isinstance(steps, dict) and all(isinstance(kept, dict) for kept in steps.values())):
            raise TypeError("they are not kept by step")
    except OSError:
        return None  # noted when it was hashed, or missing
    except (ValueError, KeyError, TypeError) as error:
        notes.wrong(RESULTS, f"it is damaged: {error}")
        return None
    return steps


def compare_results(steps: Steps, history: History, notes: Notes) -> None:
    """Compare each result with its digest in the journal; what a killed step wrote last may be ahead of it."""
    journaled = _journaled(history)
    at_work = _at_work(history)
    before = len(notes.findings)
    for (step, key), (event, named) in journaled.items():
        if step in at_work:
            continue
        if key not in steps.get(step, {}):
            notes.wrong(f"{RESULTS}, $.steps.{step}.{key}", f"it is missing; event {event.number} says it was kept")
        elif digest(steps[step][key]) != named:
            notes.wrong(f"{RESULTS}, $.steps.{step}.{key}", f"it is not what event {event.number} of {JOURNAL} kept")
    for step, kept in steps.items():
        for key in sorted(key for key in kept if (step, key) not in journaled and step not in at_work):
            notes.wrong(f"{RESULTS}, $.steps.{step}.{key}", "no event says that it was kept")
    if len(notes.findings) == before and journaled:
        notes.holds(f"{len(journaled)} results are those that the journal saw being kept")


def _journaled(history: History) -> dict[tuple[str, str], tuple[Event, Any]]:
    """The last event of each result, and the digest that it names."""
    kept: dict[tuple[str, str], tuple[Event, Any]] = {}
    for event in history.events:
        step = str(event.fields.get("step"))
        if event.name == "result":
            kept[step, str(event.fields.get("key"))] = event, event.fields.get("digest")
        elif event.name == "stepSkipped" and isinstance(event.fields.get("results"), dict):
            kept |= {(step, key): (event, named) for key, named in event.fields["results"].items()}
    return kept


def _at_work(history: History) -> set[str]:
    """Steps that were begun and have no end."""
    running: set[str] = set()
    for event in history.events:
        if event.name in ("stepStarted", "stepSkipped"):
            running.add(str(event.fields.get("step")))
        elif event.name == "stepFinished":
            running.discard(str(event.fields.get("step")))
    return running
