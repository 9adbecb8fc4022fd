"""What a run folder says of itself, read with suspicion: a folder may be damaged, foreign, or hostile.

Only the record, the results and, where there is no record, the ends of the journal are read. The predicate is looked
into by `Look`, which answers None where something is missing or of another kind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from runbook.record import RunFolder, loads

LARGEST_BYTES = 32 * 2**20
PREDICATE = "urn:ollama-runbook:run:"
READABLE = f"{PREDICATE}v1"
EDGE_BYTES = 256 * 1024


class Unreadable(Exception):
    """A folder is no run, or a damaged one; the text says how."""


@dataclass(frozen=True)
class Content:
    """The files of a run that a summary is made of.

    Attributes:
        record: `record.json`; empty where there is none.
        results: `results.json`; empty where there is none.
        edges: The beginning and the end of the journal, where there is no record.
    """

    record: bytes
    results: bytes
    edges: bytes

    @property
    def digest(self) -> str:
        """SHA-256 over all of them, in hexadecimal: as long as it stays, so does the summary."""
        parts = (self.record, self.results, self.edges)
        return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).hexdigest()


def read_content(run: Path) -> Content:
    """The files of a run that a summary is made of.

    Raises:
        Unreadable: There is neither a record nor a journal, or a file cannot be read.
    """
    folder = RunFolder(run)
    record, results = _bytes(folder.record), _bytes(folder.results)
    edges = b"" if record else _edges(folder.journal)
    if not record and not edges:
        raise Unreadable("it holds neither a record nor a journal")
    return Content(record, results, edges)


def predicate(record: bytes) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """What a record says, and the digests of the files that it seals.

    Raises:
        Unreadable: It is damaged, no record of a run, or from a newer version.
    """
    statement = _object(record, "record.json")
    kind = statement.get("predicateType")
    if not isinstance(kind, str) or not kind.startswith(PREDICATE):
        raise Unreadable("record.json is no record of a run")
    if kind != READABLE:
        raise Unreadable(f"record.json is of a newer kind, {kind[len(PREDICATE) :][:20]}")
    said = statement.get("predicate")
    if not isinstance(said, dict):
        raise Unreadable("record.json says nothing")
    return said, dict(_subjects(statement.get("subject")))


def results_of(data: bytes) -> dict[str, Any]:
    """The results by key; where two steps kept the same key, the later one's.

    Raises:
        Unreadable: They are damaged.
    """
    steps = _object(data, "results.json").get("steps") if data else {}
    if not isinstance(steps, dict):
        raise Unreadable("results.json has no steps")
    kept: dict[str, Any] = {}
    for _, found in sorted(steps.items()):
        kept |= found if isinstance(found, dict) else {}
    return kept


def first_event(edges: bytes) -> Mapping[str, Any]:
    """The event that a journal begins with.

    Raises:
        Unreadable: It is damaged, or does not begin a run.
    """
    event = _object(edges.partition(b"\n")[0], "the journal's first line")
    if event.get("event") != "runStarted":
        raise Unreadable("the journal does not begin with the start of a run")
    return event


def within(value: Any, *path: str) -> Any:
    """What lies at a path inside JSON; None where anything on the way is missing or no object."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def text_at(value: Any, *path: str, longest: int = 400) -> str:
    """A text at a path, cut to a length; empty where there is none."""
    found = within(value, *path)
    return found[:longest] if isinstance(found, str) else ""


def number_at(value: Any, *path: str) -> float | None:
    """A number at a path; None where there is none."""
    found = within(value, *path)
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def listed_at(value: Any, *path: str) -> list[Mapping[str, Any]]:
    """The objects of a list at a path; none where there is no list."""
    found = within(value, *path)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def seconds_between(begun: str, ended: str) -> float | None:
    """Seconds between two times of the record; None where one is missing or no time."""
    try:
        taken = (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()
    except (ValueError, TypeError):
        return None
    return taken if taken >= 0 else None


def _subjects(found: Any) -> list[tuple[str, str]]:
    named = [(text_at(one, "name"), text_at(one, "digest", "sha256")) for one in listed_at({"it": found}, "it")]
    return [(name, digest) for name, digest in named if name and digest]


def _object(data: bytes, name: str) -> Mapping[str, Any]:
    try:
        value = loads(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{name} is damaged: {error}"[:300]) from error
    if not isinstance(value, dict):
        raise Unreadable(f"{name} is no object")
    return value


def _bytes(path: Path) -> bytes:
    """The content of a file; empty where there is none."""
    try:
        if not path.is_file():
            return b""
        if path.stat().st_size > LARGEST_BYTES:
            raise Unreadable(f"{path.name} is larger than {LARGEST_BYTES // 2**20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror or error}") from error


def _edges(path: Path) -> bytes:
    """The first and the last line of a journal, and what lies at its end."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            first = file.readline(EDGE_BYTES)
            end = file.seek(0, 2)
            file.seek(max(file.tell() - 4096, len(first)))
            return first + (file.read() if end > len(first) else b"")
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror or error}") from error
