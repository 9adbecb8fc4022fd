from __future__ import annotations

import struct
import zlib

from runbook.inference import sunny_field


def chunks(png: bytes) -> dict[bytes, bytes]:
    found, at = {}, 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length) == (zlib.crc32(kind + data),)
        found[kind] = data
        at += 12 + length
    return found


def test_the_picture_is_a_whole_png_of_128_by_128_pixels() -> None:
    png = sunny_field()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    found = chunks(png)
    assert list(found) == [b"IHDR", b"IDAT", b"IEND"]
    assert struct.unpack(">IIBB", found[b"IHDR"][:10]) == (128, 128, 8, 2)
    assert len(zlib.decompress(found[b"IDAT"])) == 128 * (1 + 3 * 128)


def test_the_sun_stands_in_the_sky_over_the_field() -> None:
    rows = zlib.decompress(chunks(sunny_field())[b"IDAT"])

    def colour(x: int, y: int) -> tuple[int, ...]:
        start = y * (1 + 3 * 128) + 1 + 3 * x
        return tuple(rows[start : start + 3])

    assert (colour(92, 34), colour(5, 5), colour(64, 120)) == ((250, 210, 60), (120, 180, 235), (70, 140, 70))
