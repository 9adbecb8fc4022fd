"""What stays of a run that was removed: enough to follow the chain of a target's runs past it.

The folder keeps its name and holds `tombstone.json` alone. The run after it names its id, the head of its journal
and the digest of its record; the tombstone holds the same three, and what the removed run itself named before it.

```
{"schema": 1, "id": "20261125T061500Z-3fa9", "target": "homelab", "verdict": "succeeded", "reason": "",
 "startedAt": "...", "finishedAt": "...", "events": 363, "chainHead": "sha256:...", "record": "...",
 "previousRun": {...}, "removedAt": "...", "removedBy": "uid 1000", "why": "older than 90 days"}
```
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runbook.errors import RecordError
from runbook.record.files import write_atomic
from runbook.record.strict import dumps, loads

TOMBSTONE = "tombstone.json"
SCHEMA = 1
LARGEST_BYTES = 1_000_000


def read_tombstone(run: Path) -> dict[str, Any] | None:
    """What a removed run left; None where the folder has no tombstone.

    Raises:
        RecordError: It is damaged, of another run, or from a newer version.
    """
    path = run / TOMBSTONE
    if not path.is_file():
        return None
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ValueError("it is too large")
        content = loads(path.read_bytes())
        schema, named = content["schema"], content["id"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RecordError(f"The tombstone of {run.name} is damaged.", why=str(error)) from error
    if schema != SCHEMA:
        raise RecordError(f"The tombstone of {run.name} has schema {schema}; this version reads schema {SCHEMA}.")
    if named != run.name:
        raise RecordError(f"The tombstone of {run.name} is of another run.", why=f"it names {named}")
    kept: dict[str, Any] = content
    return kept


def write_tombstone(run: Path, content: dict[str, Any]) -> None:
    """Put a tombstone into the folder of a run, on the disk when this returns; nothing is removed yet.

    Raises:
        OSError: It cannot be written.
    """
    write_atomic(run / TOMBSTONE, dumps({"schema": SCHEMA, "id": run.name, **content}, indent=1) + "\n")
