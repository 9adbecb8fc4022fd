"""Removing a run: a tombstone first, on the disk, then everything else in its folder.

Interrupted at any moment, a run is whole, or it has its tombstone and the next `runbook prune` finishes it; no other
run is touched.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from runbook.archive.reading import Unreadable, predicate, read_content, within
from runbook.archive.retention import Removal
from runbook.errors import RecordError
from runbook.record import RunFolder, now, only_run, sha256
from runbook.record.facts import actor
from runbook.record.files import sync_folder
from runbook.record.tombstone import TOMBSTONE, write_tombstone


def remove(outputs: Path, removals: Iterable[Removal], on_removed: Callable[[Removal], None] = lambda _: None) -> None:
    """Remove runs, each leaving its tombstone; no rebuild of their targets can run meanwhile.

    Args:
        outputs: The folder of outputs.
        removals: The runs, as planned.
        on_removed: Called after each.

    Raises:
        UsageError: A target is being rebuilt; none of its runs was touched.
        RecordError: A run is not what it was when the removal was planned, or cannot be removed; it is named.
    """
    by_target = groupby(sorted(removals, key=_target), key=_target)
    for target, group in by_target:
        with only_run(outputs / target):
            for one in group:
                _remove(outputs / one.place, one)
                on_removed(one)


def _target(one: Removal) -> str:
    return one.place.rpartition("/")[0]


def _remove(run: Path, planned: Removal) -> None:
    try:
        if not planned.begun:
            write_tombstone(run, _left(run, planned))
        for path in run.iterdir():
            if path.name != TOMBSTONE:
                _delete(path)
        sync_folder(run)
    except (OSError, Unreadable) as error:
        begun = "its tombstone is there, and the next `runbook prune` goes on" if (run / TOMBSTONE).exists() else ""
        raise RecordError(f"{planned.place} could not be removed.", why=str(error), next=begun) from error


def _left(run: Path, planned: Removal) -> dict[str, Any]:
    """What stays of a run: what the run after it names, and what it named itself."""
    folder = RunFolder(run)
    said, _ = predicate(read_content(run).record)
    if within(said, "run", "id") != run.name or within(said, "run", "verdict") != planned.verdict:
        raise Unreadable("its record is of another run, or has changed since the removal was planned")
    asked = {name: within(said, "run", name) for name in ("target", "verdict", "reason", "startedAt", "finishedAt")}
    return {
        **asked,
        "events": within(said, "journal", "events"),
        "chainHead": within(said, "journal", "chainHead"),
        "record": sha256(folder.record),
        "previousRun": within(said, "previousRun"),
        "removedAt": now(),
        "removedBy": actor(),
        "why": planned.why,
    }


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        os.unlink(path)  # noqa: PTH108 - a link itself, never what it leads to
