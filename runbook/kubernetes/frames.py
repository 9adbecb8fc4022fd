"""WebSocket frames (RFC 6455) over a buffer: what has arrived is taken off it, what is incomplete stays.

The kubernetes package's port-forward reads blocking, buffers without bound and drops what it still holds when
the other side closes; a pump that does none of this needs frames apart from the socket.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FINAL = 0x80
MASKED = 0x80


def frame(opcode: int, *parts: bytes) -> bytes:
    """One frame from client to server, which has to be masked."""
    payload = b"".join(parts)
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", FINAL | opcode, MASKED | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", FINAL | opcode, MASKED | 126, size)
    else:
        head = struct.pack("!BBQ", FINAL | opcode, MASKED | 127, size)
    key = os.urandom(4)
    return head + key + masked(payload, key)


def masked(payload: bytes, key: bytes) -> bytes:
    """The payload with the key laid over it, again and again; twice gives the payload back."""
    size = len(payload)
    over = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(over, "little")).to_bytes(size, "little")


@dataclass
class FrameReader:
    """Takes whole messages off a growing buffer.

    Attributes:
        buffer: What arrived and is not taken yet; append to it.
    """

    buffer: bytearray = field(default_factory=bytearray)
    _opcode: int = BINARY
    _parts: list[bytes] = field(default_factory=list)

    def messages(self) -> list[tuple[int, bytes]]:
        """Every whole message that has arrived, with its opcode, in order."""
        found = []
        position = 0
        while (span := _span(self.buffer, position)) is not None:
            start, end = span
            first = self.buffer[position]
            payload = bytes(memoryview(self.buffer)[start:end])
            position = end
            if (message := self._whole(first, payload)) is not None:
                found.append(message)
        if position:
            del self.buffer[:position]
        return found

    def _whole(self, first: int, payload: bytes) -> tuple[int, bytes] | None:
        """The message that a frame completes; control frames may stand between the parts of another."""
        opcode = first & 0x0F
        if opcode >= CLOSE or (first & FINAL and not self._parts and opcode != CONTINUATION):
            return opcode, payload
        if opcode != CONTINUATION:
            self._opcode = opcode
        self._parts.append(payload)
        if not first & FINAL:
            return None
        whole = b"".join(self._parts)
        self._parts.clear()
        return self._opcode, whole


def _span(buffer: bytearray, position: int) -> tuple[int, int] | None:
    """Where the payload of the frame at a position begins and ends; None while it has not arrived whole."""
    have = len(buffer) - position
    if have < 2:
        return None
    size, start = buffer[position + 1] & 0x7F, position + 2
    if size == 126:
        if have < 4:
            return None
        (size,) = struct.unpack_from("!H", buffer, start)
        start += 2
    elif size == 127:
        if have < 10:
            return None
        (size,) = struct.unpack_from("!Q", buffer, start)
        start += 8
    return (start, start + size) if len(buffer) >= start + size else None
