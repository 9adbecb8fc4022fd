"""The journal of a run, with its chain recomputed line by line and every break blamed on the line that made it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from runbook.errors import RecordError
from runbook.record.files import open_plain
from runbook.record.findings import Notes
from runbook.record.journal import START, Event, History, parse_line
from runbook.record.verify_files import JOURNAL

LONGEST_LINE_BYTES = 16 * 2**20
MOST_EVENTS = 2_000_000

Sealed = tuple[int, str]  # how many events there are, and the digest of the last
Link = tuple[Event, str]  # an event, and the digest that it names as that of the line before


def audit(path: Path, sealed: Sealed | None, notes: Notes) -> History | None:
    """The events of a journal, or None where its chain does not hold; what is wrong is noted.

    Args:
        path: The file.
        sealed: The chain's end as an unchanged record has it; None where there is no such record.
        notes: Where what is found is written.
    """
    links: list[Link] = []
    try:
        torn_bytes = _read(path, links)
    except RecordError as error:
        notes.wrong(f"{JOURNAL}, line {len(links) + 1}", f"it is damaged: {error.why}")
        return None
    except OSError:
        return None  # noted when it was hashed
    broken = _first_break(links, sealed)
    if not broken and sealed:
        broken = _end(links, sealed, torn_bytes)
    if broken:
        notes.wrong(f"{JOURNAL}, line {broken[0]}", broken[1])
        return None
    return History(tuple(event for event, _ in links), links[-1][0].digest if links else START, torn_bytes)


def _read(path: Path, links: list[Link]) -> int:
    """Read a journal into `links`, and return how many bytes of an unfinished line stand at its end."""
    with open_plain(path) as file:
        while line := file.readline(LONGEST_LINE_BYTES + 1):
            if len(line) > LONGEST_LINE_BYTES or len(links) >= MOST_EVENTS:
                raise RecordError("", why=f"no journal has a line of over {LONGEST_LINE_BYTES:,} bytes, or as many")
            if not line.endswith(b"\n"):
                return len(line)
            links.append(parse_line(line[:-1], len(links) + 1))
    return 0


def _first_break(links: Sequence[Link], sealed: Sealed | None) -> tuple[int, str] | None:
    """The line that breaks the chain, from 1, and how; None where it holds."""
    head = START
    for index, (event, previous) in enumerate(links):
        if previous != head or event.number != index + 1:
            return _blame(links, index, head, sealed)
        head = event.digest
    return None


def _blame(links: Sequence[Link], index: int, head: str, sealed: Sealed | None) -> tuple[int, str]:
    """Which line broke the chain that no longer holds at `index`, and what became of it."""
    (event, previous), wanted = links[index], index + 1
    if event.number == wanted:
        if index and _follower(links, index, sealed) == event.digest:
            return wanted - 1, f"event {wanted - 1} was changed: the event after it names another digest"
        return wanted, f"event {wanted} was changed, or another stands in its place"
    if previous == head:
        return wanted, f"event {wanted} was changed: it calls itself {event.number}"
    if any(other.digest == event.digest for other, _ in links[:index]):
        return wanted, f"event {event.number} is repeated"
    if event.number < wanted:
        return wanted, f"event {event.number} stands where event {wanted} belongs: one was inserted or moved"
    if any(other.number == wanted for other, _ in links[index + 1 :]):
        return wanted, f"event {event.number} stands where event {wanted} belongs: it was moved or inserted"
    return wanted, f"{_span(wanted, event.number - 1)} missing before event {event.number}"


def _end(links: Sequence[Link], sealed: Sealed, torn_bytes: int) -> tuple[int, str] | None:
    count, head = sealed
    if len(links) < count:
        return len(links) + 1, f"{_span(len(links) + 1, count)} missing at the end"
    if len(links) > count:
        return count + 1, f"{_span(count + 1, len(links))} behind the last one that was sealed"
    if torn_bytes:
        return count + 1, f"{torn_bytes:,} bytes stand behind the last event"
    if links and links[-1][0].digest != head:
        return count, f"event {count} was changed: the record names another digest"
    return None


def _follower(links: Sequence[Link], index: int, sealed: Sealed | None) -> str | None:
    """What is said elsewhere of the digest of a line: by the line after it, or by the record of the last."""
    if index + 1 < len(links):
        return links[index + 1][1]
    return sealed[1] if sealed else None


def _span(first: int, last: int) -> str:
    return f"event {first} is" if first == last else f"events {first} to {last} are"


def words(event: Event) -> str:
    """An event in words."""
    step = event.fields.get("step")
    cell = event.fields.get("cell")
    of = f" of {step}" if isinstance(step, str) else ""
    at_cell = f", cell {cell}" if isinstance(cell, int) and cell else ""
    return f"event {event.number}, {event.name}{of}{at_cell}, at {event.at}"
