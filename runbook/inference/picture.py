"""A small picture to ask a vision model about, made here so that it belongs to nobody else."""

from __future__ import annotations

import struct
import zlib

SIDE_PIXELS = 128
SKY, GROUND, SUN = (120, 180, 235), (70, 140, 70), (250, 210, 60)


def sunny_field() -> bytes:
    """A PNG of 128 by 128 pixels: a yellow sun in a blue sky over a green field."""
    rows = b"".join(b"\0" + b"".join(bytes(_colour(x, y)) for x in range(SIDE_PIXELS)) for y in range(SIDE_PIXELS))
    header = struct.pack(">IIBBBBB", SIDE_PIXELS, SIDE_PIXELS, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _colour(x: int, y: int) -> tuple[int, int, int]:
    if (x - 92) ** 2 + (y - 34) ** 2 < 20**2:
        return SUN
    return SKY if y < 84 else GROUND


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
