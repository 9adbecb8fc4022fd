"""The streaming endpoints' wire form: one JSON object a line, and every way in which such a stream can fail.

Once a stream has begun its status is 200 for good. What goes wrong later arrives as a line with the key `error`,
as a connection that closes, as silence, or as an end without the line that says it is the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal

FaultKind = Literal[
    "refused", "error line", "not JSON", "closed", "silent", "late", "stalled", "unfinished", "repeated", "no room"
]
SAID_BY_SERVER = ("refused", "error line", "not JSON")


class StreamFault(Exception):
    """A stream that did not come to its proper end. Rooms turn it into their own error.

    Args:
        kind: `refused` (a status of 400 or more before any line), `error line`, `not JSON`, `closed` (the connection
            broke), `silent` (nothing came for too long), `late` (the deadline passed), `stalled` (lines came, progress
            did not), `unfinished` (a proper end of the stream without the last line), `repeated` (the same, after one
            token had been repeated as often as the server allows), `no room` (what is to come cannot fit).
        words: What the server said, or else what was seen.
        status: The HTTP status; 0 where none came.
    """

    def __init__(self, kind: FaultKind, words: str, status: int = 0) -> None:
        super().__init__(kind, words, status)
        self.kind: FaultKind = kind
        self.words = words
        self.status = status

    def __str__(self) -> str:
        return self.words

    @property
    def said_by_server(self) -> bool:
        """Whether the words are the server's; otherwise they are ours."""
        return self.kind in SAID_BY_SERVER


def json_lines(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The objects of a stream, each as soon as its line is whole.

    Raises:
        StreamFault: A line is an error, or not an object.
    """
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from _at_once([line for line in lines if line])
    if rest.strip():
        yield decoded(rest)


def _at_once(lines: list[bytes]) -> Iterable[dict[str, Any]]:
    """The objects of some lines, parsed together; one by one where something is wrong with them."""
    if len(lines) > 1:
        try:
            events = json.loads(b"[" + b",".join(lines) + b"]")
        except ValueError:
            events = []
        if len(events) == len(lines) and all(isinstance(event, dict) and "error" not in event for event in events):
            return list(events)
    return map(decoded, lines)


def decoded(line: bytes) -> dict[str, Any]:
    """One line as an object.

    Raises:
        StreamFault: It is an error of the server, or not an object.
    """
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        raise StreamFault("not JSON", f"a line is not a JSON object: {line[:200].decode(errors='replace')}")
    if "error" in event:
        raise StreamFault("error line", str(event["error"]))
    return event


def words_of(body: bytes) -> str:
    """What a refusal says: its `error`, or the beginning of a body that is something else."""
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return body[:500].decode(errors="replace").strip()
