"""A window that moves forward over bytes that are fetched piece by piece, with a bound on how many.

The source can be a file or a registry that answers range requests; what was read is forgotten.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from runbook.errors import ModelFileError

Fetch = Callable[[int, int], bytes]
"""Bytes from an offset, at most so many; fewer at the end of the source."""

PIECE_BYTES: Final = 1 << 20
# The longest header known is below 30 MiB; this bounds what a hostile one can cost.
MOST_BYTES: Final = 128 << 20
# What of a header may be kept in memory: texts by their length, everything else by what Python takes for it.
MOST_KEPT_BYTES: Final = 16 << 20


class Window:
    """Reads numbers and texts one after the other.

    Args:
        fetch: Gives the bytes.
        source: Name of the source, for messages.
        endian: `<` or `>`.
        piece_bytes: How much is fetched at a time.
    """

    def __init__(self, fetch: Fetch, source: str, endian: str = "<", piece_bytes: int = PIECE_BYTES) -> None:
        self.source = source
        self.endian = endian
        self._fetch = fetch
        self._piece = piece_bytes
        self._kept = 0
        self._buffer = b""
        self._begin = 0
        self._at = 0

    @property
    def position(self) -> int:
        """Offset of the next byte in the source."""
        return self._begin + self._at

    def peek(self, count: int) -> bytes:
        """The next bytes without moving; fewer at the end."""
        self._fill(count)
        return self._buffer[self._at : self._at + count]

    def take(self, count: int) -> bytes:
        """The next bytes.

        Raises:
            ModelFileError: The source ends before.
        """
        self._need(count)
        self._at += count
        return self._buffer[self._at - count : self._at]

    def number(self, code: str) -> Any:
        """The next number, by its code in `struct`.

        Raises:
            ModelFileError: The source ends before.
        """
        return struct.unpack(self.endian + code, self.take(struct.calcsize(self.endian + code)))[0]

    def keep(self, cost_bytes: int) -> None:
        """Count what is kept of the header.

        Raises:
            ModelFileError: It is more than any header has.
        """
        self._kept += cost_bytes
        if self._kept > MOST_KEPT_BYTES:
            raise ModelFileError(
                f"{self.source} has more than {MOST_KEPT_BYTES >> 20} MiB of settings",
                why="no model has so many; the file is damaged, or made to exhaust memory",
                next="do not use this file",
            )

    def skip(self, count: int) -> None:
        """Move over bytes without fetching those that are not in the window yet.

        Raises:
            ModelFileError: The header would be longer than any can be.
        """
        if self._at + count <= len(self._buffer):
            self._at += count
            return
        self._begin, self._buffer, self._at = self.position + count, b"", 0
        self._bound(0)

    def skip_strings(self, count: int) -> None:
        """Move over so many texts, each preceded by its length in eight bytes.

        Raises:
            ModelFileError: The source ends before, or the header would be longer than any can be.
        """
        length = struct.Struct(self.endian + "Q").unpack_from
        while count:
            self._need(8)
            buffer, at, last = self._buffer, self._at, len(self._buffer) - 8
            while count and at <= last:
                at += 8 + length(buffer, at)[0]
                count -= 1
            inside = min(at, len(buffer))
            self._at = inside
            if at > inside:
                self.skip(at - inside)

    def _need(self, count: int) -> None:
        if self._at + count > len(self._buffer):
            self._fill(count)
            if self._at + count > len(self._buffer):
                raise ModelFileError(
                    f"{self.source} ends inside its header",
                    why=f"{count} bytes are needed at byte {self.position}, {len(self._buffer) - self._at} are there",
                    next="the file was cut off: fetch it again",
                )

    def _fill(self, count: int) -> None:
        missing = self._at + count - len(self._buffer)
        if missing <= 0:
            return
        self._bound(count)
        self._begin, self._buffer, self._at = self.position, self._buffer[self._at :], 0
        wanted = max(self._piece, missing)
        self._buffer += self._fetch(self._begin + len(self._buffer), wanted)

    def _bound(self, count: int) -> None:
        if self.position + count > MOST_BYTES:
            raise ModelFileError(
                f"{self.source} claims a header of more than {MOST_BYTES >> 20} MiB",
                why="no model has one; the file is damaged, or made to exhaust memory",
                next="do not use this file",
            )
