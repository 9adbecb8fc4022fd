"""What an earlier run of a target found, to hold this one's against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runbook.errors import RecordError
from runbook.record.folder import LAB, RunFolder
from runbook.record.journal import Journal
from runbook.record.previous import siblings
from runbook.record.results import Results


def earlier_result(folder: Path, key: str) -> tuple[str, Any] | None:
    """The newest result under a key among the other runs beside a run, with the run's name; None where none has it.

    What notebooks opened by hand left comes last. A folder that is damaged is passed over.

    Args:
        folder: A run, or a folder that need not exist beside the runs.
        key: The key of the result.
    """
    if not folder.parent.is_dir():
        return None
    runs = sorted(siblings(folder), key=lambda path: path.name, reverse=True)
    for path in (*runs, folder.parent / LAB):
        if path != folder and (found := _result(RunFolder(path), key)) is not None:
            return path.name, found
    return None


def _result(folder: RunFolder, key: str) -> Any:
    try:
        return Results(folder.results, Journal(folder.journal)).find(key)
    except (KeyError, RecordError):
        return None
