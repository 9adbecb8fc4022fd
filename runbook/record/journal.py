"""The journal of a run: one event per line, each holding the digest of the line before it.

An event is on the disk before what follows it begins, so a run that is killed leaves a journal that says how far
it came. There are two writers, the process that executes the notebooks (steps and cells) and the kernel (checks,
changes, results); each takes the file's lock, reads the last line, and appends. The digest of the last line is the
head of the chain, which `record.json` seals.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from runbook.errors import RecordError
from runbook.record.clock import now
from runbook.record.redaction import Redactor
from runbook.record.strict import dumps, loads, to_json

START = "sha256:" + "0" * 64
BLOCK_BYTES = 8192


@dataclass(frozen=True)
class Event:
    """One line of a journal.

    Attributes:
        number: Its place, from 1.
        at: When it was written, UTC.
        name: What happened, such as `cellFinished`.
        fields: What is known about it.
        digest: Digest of the line: what the next event holds as `previous`.
    """

    number: int
    at: str
    name: str
    fields: Mapping[str, Any]
    digest: str


@dataclass(frozen=True)
class History:
    """A journal as read: its events, the head of the chain, and what a killed writer left behind the last one.

    Attributes:
        events: The events in order.
        head: Digest of the last line.
        torn_bytes: Bytes of a line that was never finished; 0 in a whole journal.
    """

    events: tuple[Event, ...]
    head: str
    torn_bytes: int = 0

    def of_step(self, step: str) -> tuple[Event, ...]:
        """The events of a step since it was last started."""
        mine = [event for event in self.events if event.fields.get("step") == step]
        begun = [index for index, event in enumerate(mine) if event.name == "stepStarted"]
        return tuple(mine[begun[-1] :] if begun else mine)

    def ended(self, step: str) -> bool:
        """Whether a step came to its end, or is proved by an earlier run in which it did."""
        return any(event.name in ("finishReached", "stepSkipped") for event in self.of_step(step))


class Journal:
    """Appends to a journal.

    Args:
        path: The file; it is made where it is missing.
        redactor: What masks each event before it is hashed.
    """

    def __init__(self, path: Path, redactor: Redactor | None = None) -> None:
        self.path = path
        self.redactor = redactor or Redactor.of_this_process()

    def append(self, name: str, **fields: Any) -> Event:
        """Write an event, and return when it is on the disk.

        Args:
            name: What happened.
            fields: What is known about it; `cell_number` is written as `cellNumber`.

        Raises:
            RecordError: It could not be written; the journal ends as before.
        """
        value, undefined = to_json({_camel(key): item for key, item in fields.items()})
        masked = self.redactor.value(value)
        body = masked | ({"undefined": undefined} if undefined else {})
        if redactions := self.redactor.take():  # also of a file that was written just before
            body["redactions"] = redactions
        with self.locked() as file:
            return self._write(file, name, body)

    @contextmanager
    def locked(self) -> Iterator[IO[bytes]]:
        """The journal, with no other writer until the end of the block; also the lock of the folder's results."""
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with os.fdopen(handle, "r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def _write(self, file: IO[bytes], name: str, body: dict[str, Any]) -> Event:
        last, end = _last_line(file)
        number = loads(last)["number"] + 1 if last else 1
        event = {"number": number, "at": now(), "event": name, **body, "previous": _digest(last) if last else START}
        line = dumps(event).encode() + b"\n"
        try:
            file.truncate(end)  # what a killed writer left of a line
            file.seek(end)
            _write_all(file, line)
            os.fsync(file.fileno())
        except OSError as error:
            file.truncate(end)
            raise RecordError(f"The journal {self.path.name} cannot be written.", why=str(error)) from error
        return Event(number, event["at"], name, body, _digest(line[:-1]))


def read_journal(path: Path) -> History:
    """The events of a journal, with their chain recomputed.

    Raises:
        RecordError: The file cannot be read, or a line is damaged, missing, moved or foreign; it is named.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordError(f"There is no journal {path.name}.", why=str(error)) from error
    *lines, rest = data.split(b"\n")
    events: list[Event] = []
    head = START
    for number, line in enumerate(lines, start=1):
        event = _read_line(line, number, head)
        events.append(event)
        head = event.digest
    return History(tuple(events), head, len(rest))


def parse_line(line: bytes, number: int) -> tuple[Event, str]:
    """The event of a line without its end, and the digest it names as that of the line before.

    Raises:
        RecordError: It is no event; `number` is how the message names the line.
    """
    try:
        body = loads(line)
        found, at, name, previous = (body.pop(key) for key in ("number", "at", "event", "previous"))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise RecordError(f"Line {number} of the journal is damaged.", why=str(error)) from error
    if not (type(found) is int and isinstance(at, str) and isinstance(name, str) and isinstance(previous, str)):
        raise RecordError(f"Line {number} of the journal is damaged.", why="a member of the event has another type")
    return Event(found, at, name, body, _digest(line)), previous


def _read_line(line: bytes, number: int, head: str) -> Event:
    event, previous = parse_line(line, number)
    if previous != head:
        raise RecordError(
            f"Line {number} of the journal does not follow the line before it.",
            why=f"it names {previous} as the digest of the line before, which is {head}",
        )
    if event.number != number:
        raise RecordError(f"Line {number} of the journal has number {event.number}.")
    return event


def _last_line(file: IO[bytes]) -> tuple[bytes, int]:
    """The last whole line without its end, and where the journal's whole lines end."""
    size = file.seek(0, os.SEEK_END)
    tail = b""
    for start in range(size - BLOCK_BYTES, -BLOCK_BYTES, -BLOCK_BYTES):
        file.seek(max(start, 0))
        tail = file.read(min(BLOCK_BYTES, start + BLOCK_BYTES)) + tail
        if start <= 0 or tail.count(b"\n") >= 2:
            break
    whole, newline, _ = tail.rpartition(b"\n")
    if not newline:
        return b"", 0
    torn = len(tail) - len(whole) - 1
    return whole.rpartition(b"\n")[2], size - torn


def _write_all(file: IO[bytes], data: bytes) -> None:
    """Write every byte: an unbuffered file may take only some of them."""
    while data:
        data = data[file.write(data) :]


def _digest(line: bytes) -> str:
    return "sha256:" + hashlib.sha256(line).hexdigest()


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
