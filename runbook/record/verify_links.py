"""What a run and the runs beside it say of each other: the one before, the one after, those that prove its steps."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from runbook.errors import RecordError
from runbook.record.files import open_plain, sha256
from runbook.record.findings import Notes
from runbook.record.folder import RunFolder
from runbook.record.journal import Event, History, parse_line
from runbook.record.previous import NAMED, RUN_ID, siblings
from runbook.record.tombstone import read_tombstone
from runbook.record.verify_files import RECORD, Files
from runbook.record.verify_journal import LONGEST_LINE_BYTES, audit

MOST_FOLLOWERS = 50


def compare_neighbours(files: Files, history: History, notes: Notes) -> None:
    """Compare a run with the runs beside it, as far as they are there."""
    begun = history.events[0].fields if history.events else {}
    _before(files.root, begun.get("previousRun"), notes)
    _after(files, history, notes)
    for event in history.events:
        if event.name == "stepSkipped":
            _receipt(files.root.parent, event, notes)


def _before(run: Path, named: Any, notes: Notes) -> None:
    if not isinstance(named, Mapping):
        notes.unknown("It names no run before it, so nothing is known of one.")
        return
    name = str(named.get("id"))
    found = _state(run.parent, name)
    if found is None:
        notes.unknown(f"The run before it, {name}, is not beside it: the link to it was not compared.")
    elif found != {key: named.get(key) for key in NAMED}:
        notes.wrong(f"../{name}", "the run before it is no longer what this run's first event names")
    else:
        notes.holds(f"the run before it, {name}, is what its first event names")


def _after(files: Files, history: History, notes: Notes) -> None:
    """Compare a run with what the run after it says of it."""
    run = files.root
    later = sorted(path for path in siblings(run) if path.name > run.name) if RUN_ID.fullmatch(run.name) else []
    for path in later[:MOST_FOLLOWERS]:
        named = _first_event(path)
        named = named.get("previousRun") if named else None
        if isinstance(named, Mapping) and named.get("id") == run.name:
            here = (len(history.events), history.head, files.digests.get(RECORD))
            if (named.get("events"), named.get("chainHead"), named.get("record")) == here:
                notes.holds(f"the run after it, {path.name}, knew it as it is")
            else:
                notes.wrong(RECORD if RECORD in files else ".", f"it is not as the run after it, {path.name}, knew it")
            return
    notes.unknown("No run after it is beside it, whose first event would say what it was.")


def _receipt(target: Path, skipped: Event, notes: Notes) -> None:
    """Compare a step that was not run with the event of another run that proves it."""
    step, receipt = skipped.fields.get("step"), skipped.fields.get("receipt")
    try:
        name, number, digest = receipt["run"], receipt["event"]["number"], receipt["event"]["digest"]  # type: ignore[index]
        index = int(number) - 1
    except (TypeError, KeyError, ValueError):
        notes.wrong(f"journal.jsonl, event {skipped.number}", "the receipt of a step that was skipped is damaged")
        return
    other = _history(target, name)
    if other is None:
        notes.unknown(f"That {step} succeeded is proved by run {name}, which is not beside it whole.")
        return
    event = other.events[index] if 0 <= index < len(other.events) else None
    proves = event is not None and event.digest == digest and event.fields.get("step") == step
    if event is None or not proves or event.fields.get("outcome") != "succeeded":
        notes.wrong(f"journal.jsonl, event {skipped.number}", f"event {number} of run {name} does not prove {step}")
    else:
        notes.holds(f"{step} was skipped, and event {number} of run {name} proves it")


def _state(target: Path, name: str) -> dict[str, Any] | None:
    """What a run is now, in the words of `previous_run`; None where it is not there."""
    if not RUN_ID.fullmatch(name) or not (target / name).is_dir():
        return None
    folder = RunFolder(target / name)
    try:
        if left := read_tombstone(folder.path):
            return {key: left.get(key) for key in NAMED}
        record = sha256(folder.record) if folder.record.is_file() else None
    except (RecordError, OSError):
        return {"id": name}
    history = _history(target, name)
    events, head = (len(history.events), history.head) if history else (None, None)
    return {"id": name, "events": events, "chainHead": head, "record": record}


def _history(target: Path, name: object) -> History | None:
    if not isinstance(name, str) or not RUN_ID.fullmatch(name):
        return None
    return audit(target / name / "journal.jsonl", None, Notes())


def _first_event(run: Path) -> Mapping[str, Any] | None:
    """The fields of a run's first event, if the second one confirms it."""
    try:
        with open_plain(run / "journal.jsonl") as file:
            lines = list(islice(iter(lambda: file.readline(LONGEST_LINE_BYTES), b""), 2))
        first, second = (parse_line(line.removesuffix(b"\n"), 0) for line in lines)
    except (OSError, RecordError, ValueError):
        return None
    return first[0].fields if second[1] == first[0].digest else None
