"""Writes a GGUF file: the reverse of `runbook.models.reading`, version 3, little-endian."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from runbook.models.gguf import Scalar, Tensor

ALIGNMENT: Final = 32
Buffer = bytes | memoryview
Writable = Scalar | Sequence[Scalar]
# Number and form of each type as it is written; whole numbers of metadata are 32 bits wide in every known model.
FORMS: Final = {bool: (7, "?"), int: (4, "I"), float: (6, "f")}
SIGNED: Final = (5, "i")
WIDE: Final = (10, "Q")
STRING: Final = 8
ARRAY: Final = 9


def write_gguf(
    path: Path, metadata: Mapping[str, Writable], tensors: Sequence[Tensor], fill: Iterable[Iterable[Buffer]]
) -> int:
    """Write a model file and return its size in bytes.

    Args:
        path: The file; it is written whole or not at all.
        metadata: The key-value pairs.
        tensors: The tensors, in order.
        fill: The bytes of each tensor, in pieces.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with unfinished.open("wb") as opened:
            opened.write(header_bytes(metadata, tensors))
            for pieces in fill:
                for piece in pieces:
                    opened.write(piece)
                _pad(opened)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path.stat().st_size


def header_bytes(metadata: Mapping[str, Writable], tensors: Sequence[Tensor]) -> bytes:
    """A header, padded so that the tensor data can follow.

    Raises:
        ValueError: A tensor has no known type.
    """
    parts = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(metadata))]
    parts += (_text(key) + _value(value) for key, value in metadata.items())
    parts += _described(tensors)
    whole = b"".join(parts)
    return whole + bytes(-len(whole) % ALIGNMENT)


def _described(tensors: Sequence[Tensor]) -> Iterator[bytes]:
    offset = 0
    for one in tensors:
        if one.bytes is None:
            raise ValueError(f"tensor {one.name} has the {one.type_name}, whose size is not known")
        shape = struct.pack(f"<I{len(one.shape)}Q", len(one.shape), *one.shape)
        yield _text(one.name) + shape + struct.pack("<IQ", one.type_number, offset)
        offset += -(-one.bytes // ALIGNMENT) * ALIGNMENT


def _value(value: Writable) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", STRING) + _text(value)
    if isinstance(value, bool | int | float):
        number, code = _form(value)
        return struct.pack(f"<I{code}", number, value)
    if value and isinstance(value[0], str):
        return struct.pack("<IIQ", ARRAY, STRING, len(value)) + b"".join(_text(str(one)) for one in value)
    # Lists of whole numbers are signed in every known model.
    number, code = SIGNED if not value or type(value[0]) is int else _form(value[0])
    return struct.pack("<IIQ", ARRAY, number, len(value)) + struct.pack(f"<{len(value)}{code}", *value)


def _form(value: Scalar) -> tuple[int, str]:
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            return SIGNED
        return WIDE if value >= 1 << 32 else FORMS[int]
    return FORMS[type(value)]


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _pad(opened: BinaryIO) -> None:
    opened.write(bytes(-opened.tell() % ALIGNMENT))
