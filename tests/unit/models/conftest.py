"""Models for tests: valid headers with sparse bodies, so that a file of 10 GB costs a few KiB of disk."""

from __future__ import annotations

import csv
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from runbook.models.tensor_types import BY_NUMBER

Build = Callable[..., Path]
DATA = Path(__file__).with_name("data")


def text(value: str, order: str = "<") -> bytes:
    return struct.pack(order + "Q", len(value.encode())) + value.encode()


def value_bytes(value: Any, order: str = "<") -> bytes:
    match value:
        case bool():
            return struct.pack(order + "I?", 7, value)
        case int():
            return struct.pack(order + "II", 4, value)
        case float():
            return struct.pack(order + "If", 6, value)
        case str():
            return struct.pack(order + "I", 8) + text(value, order)
        case ("u16", int(number)):
            return struct.pack(order + "IH", 2, number)
    head = struct.pack(order + "I", 9)
    if isinstance(value[0], bool):
        return head + struct.pack(order + "IQ", 7, len(value)) + bytes(value)
    if isinstance(value[0], str):
        return head + struct.pack(order + "IQ", 8, len(value)) + b"".join(text(one, order) for one in value)
    return head + struct.pack(order + "IQ", 5, len(value)) + struct.pack(f"{order}{len(value)}i", *value)


def gguf_bytes(
    metadata: Mapping[str, Any],
    tensors: Sequence[tuple[str, Sequence[int], int]] = (),
    *,
    order: str = "<",
    version: int = 3,
    magic: bytes = b"GGUF",
) -> tuple[bytes, int]:
    """The header of a file, and how long the whole file is."""
    head = magic + struct.pack(order + "IQQ", version, len(tensors), len(metadata))
    head += b"".join(text(key, order) + value_bytes(value, order) for key, value in metadata.items())
    offset = 0
    for name, shape, number in tensors:
        head += text(name, order) + struct.pack(f"{order}I{len(shape)}QIQ", len(shape), *shape, number, offset)
        weights = 1
        for length in shape:
            weights *= length
        kind = BY_NUMBER.get(number, BY_NUMBER[2])
        offset += -(-kind.bytes_of(weights) // 32) * 32
    head += b"\0" * (-len(head) % 32)
    return head, len(head) + offset


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Writes a model file: `build("name.gguf", metadata, tensors)`."""

    def write(name: str, metadata: Mapping[str, Any], tensors: Sequence[Any] = (), **options: Any) -> Path:
        head, size = gguf_bytes(metadata, tensors, **options)
        path = tmp_path / name
        with path.open("wb") as opened:
            opened.write(head)
            opened.truncate(size)
        return path

    return write


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a table of public measurements."""
    with (DATA / name).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))
