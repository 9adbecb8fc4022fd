"""The run before a run: what the first event of a journal names, so that the runs of a target form one chain.

A run that is rewritten later, even consistently, no longer is what the run after it names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runbook.errors import RecordError
from runbook.record.files import sha256
from runbook.record.folder import RunFolder
from runbook.record.journal import read_journal
from runbook.record.tombstone import read_tombstone

RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{4,}")
NAMED = ("id", "events", "chainHead", "record")


def previous_run(folder: RunFolder) -> dict[str, Any] | None:
    """The latest other run of the same target: its id, the state of its journal, the digest of its record.

    `record` is null where the run was killed before it was sealed, `events` and `chainHead` where its journal is
    damaged. None where this is the first run.
    """
    before = max(siblings(folder.path), key=_began, default=None)
    if before is None:
        return None
    other = RunFolder(before)
    if named := _removed(before):
        return named
    try:
        history = read_journal(other.journal)
        events, head = len(history.events), history.head
    except RecordError:
        events, head = None, None
    try:
        record = sha256(other.record)
    except OSError:
        record = None
    return {"id": other.id, "events": events, "chainHead": head, "record": record}


def siblings(run: Path) -> Iterator[Path]:
    """The other runs that are kept beside a run."""
    for path in run.parent.iterdir():
        if RUN_ID.fullmatch(path.name) and path.name != run.name and path.is_dir():
            yield path


def _removed(run: Path) -> dict[str, Any] | None:
    """What a run that was removed was, by its tombstone; None where it was not."""
    try:
        left = read_tombstone(run)
    except RecordError:
        return {"id": run.name, "events": None, "chainHead": None, "record": None}
    return {key: left.get(key) for key in NAMED} if left else None


def _began(run: Path) -> tuple[str, int]:
    """When a run began: by its name, and between two of one second by who was written to first."""
    return run.name.partition("-")[0], run.stat().st_mtime_ns
