"""One side of a comparison: what a run's record and results say, and what speaks against relying on them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runbook.archive.reading import Unreadable, predicate, read_content, results_of, text_at
from runbook.errors import RecordError, UsageError
from runbook.record import RunFolder, statement


@dataclass(frozen=True)
class Side:
    """A run as it is compared.

    Attributes:
        run: Its name.
        target: Its target.
        verdict: What became of it.
        started_at: When it began, UTC.
        said: The predicate of its record.
        results: Its results by key.
        remarks: What speaks against relying on it.
    """

    run: str
    target: str
    verdict: str
    started_at: str
    said: Mapping[str, Any]
    results: Mapping[str, Any]
    remarks: tuple[str, ...] = ()


def read_side(folder: RunFolder) -> Side:
    """A run as it is compared. One that was killed before it had a record is read from its journal.

    Raises:
        UsageError: The folder is no run, or its record cannot be read.
    """
    try:
        content = read_content(folder.path)
        remarks = []
        if content.record:
            said, sealed = predicate(content.record)
            if sealed.get("results.json") != hashlib.sha256(content.results).hexdigest():
                remarks.append("results.json is not the file that its record seals; `runbook verify` says more")
        else:
            said = statement(folder)["predicate"]
            remarks.append("it has no record: its journal was read instead")
        results = results_of(content.results)
    except (Unreadable, RecordError, OSError) as error:
        raise UsageError(f"{folder.id} cannot be compared.", why=str(error)) from error
    return Side(
        run=text_at(said, "run", "id") or folder.id,
        target=text_at(said, "run", "target"),
        verdict=text_at(said, "run", "verdict"),
        started_at=text_at(said, "run", "startedAt"),
        said=said,
        results=results,
        remarks=tuple(remarks),
    )
