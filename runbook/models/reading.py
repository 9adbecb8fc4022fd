"""Reads a GGUF header from anything that gives bytes, and refuses what is not one, saying what it is instead.

Only the header is read: a file of 10 GB costs as much as its vocabulary. Every count is bounded before anything is
allocated for it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Final

from runbook.errors import ModelFileError
from runbook.models.gguf import GgufHeader, LongArray, Scalar, Tensor, Value, tensor
from runbook.models.impostors import MAGIC, SEEN_BYTES, SWAPPED_MAGIC, describe_impostor
from runbook.models.tensor_types import BY_NUMBER
from runbook.models.window import Fetch, Window

SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
TYPE_NAMES: Final = {
    0: "u8", 1: "i8", 2: "u16", 3: "i16", 4: "u32", 5: "i32", 6: "f32", 7: "bool", 8: "string", 10: "u64", 11: "i64",
    12: "f64",
}  # fmt: skip
STRING: Final = 8
ARRAY: Final = 9
VERSIONS: Final = (2, 3)
# Per-layer settings are kept; a vocabulary is not.
LONGEST_KEPT: Final = 1024
# Bounds: far above any real file, low enough that nothing they allow hurts.
MOST_KEYS: Final = 65_536
MOST_TENSORS: Final = 65_536
MOST_ELEMENTS: Final = 2_097_152
LONGEST_KEY: Final = 65_535
LONGEST_STRING: Final = 4 << 20
ELEMENT_COST_BYTES: Final = 40
TENSOR_COST_BYTES: Final = 250
LONGEST_NAME: Final = 1024
MOST_DIMENSIONS: Final = 4
LARGEST_TENSOR: Final = 1 << 62
DEFAULT_ALIGNMENT: Final = 32


def read_gguf(path: str | Path) -> GgufHeader:
    """The header of a GGUF file.

    Args:
        path: The file; of a model in several shards, the first one reads only its own part.

    Raises:
        ModelFileError: It is missing, is no GGUF, is cut off, or its header makes no sense.
    """
    file = Path(path)
    try:
        size = file.stat().st_size
        with file.open("rb", buffering=0) as opened:

            def fetch(offset: int, count: int) -> bytes:
                opened.seek(offset)
                return opened.read(count)

            return read_header(fetch, source=file.name, size_bytes=size)
    except OSError as error:
        raise ModelFileError(
            f"{file.name} cannot be read", why=str(error.strerror or error), next="check the path and its permissions"
        ) from error


def read_header(fetch: Fetch, *, source: str, size_bytes: int | None = None, piece_bytes: int = 1 << 20) -> GgufHeader:
    """The header of a GGUF behind a function that gives bytes.

    Args:
        fetch: Called with an offset and a number of bytes; answers with so many, or fewer at the end.
        source: Name of the source, for messages.
        size_bytes: Length of the whole file, if known: then a file that lacks tensor data is refused.
        piece_bytes: How many bytes are fetched at a time.

    Raises:
        ModelFileError: It is no GGUF, is cut off, or its header makes no sense.
    """
    window = Window(fetch, source, piece_bytes=piece_bytes)
    version = _begin(window, source)
    tensor_count, key_count = window.number("Q"), window.number("Q")
    _bound(source, "key-value pairs", key_count, MOST_KEYS)
    _bound(source, "tensors", tensor_count, MOST_TENSORS)
    metadata = _metadata(window, key_count)
    tensors = _tensors(window, tensor_count)
    begin = _aligned(window.position, _alignment(metadata, source))
    _check_end(source, tensors, begin, size_bytes)
    return GgufHeader(version, metadata, tensors, window.endian == ">", begin, size_bytes, source=source)


def _begin(window: Window, source: str) -> int:
    magic = window.peek(SEEN_BYTES)[:4]
    if magic not in (MAGIC, SWAPPED_MAGIC):
        what, remedy = describe_impostor(window.peek(SEEN_BYTES))
        raise ModelFileError(f"{source} is not a GGUF file", why=f"it is {what}", next=remedy)
    window.take(4)
    raw = window.take(4)
    little, big = int.from_bytes(raw, "little"), int.from_bytes(raw, "big")
    window.endian = ">" if little > big else "<"
    version = min(little, big)
    if version not in VERSIONS:
        raise ModelFileError(
            f"{source} is GGUF version {version}",
            why="versions 2 and 3 are known; version 1 was in use for weeks in 2023",
            next="fetch the model in a current version",
        )
    return version


def _metadata(window: Window, count: int) -> Mapping[str, Value]:
    found: dict[str, Value] = {}
    for _ in range(count):
        key = _text(window, LONGEST_KEY, "a key")
        found[key] = _value(window, key, window.number("I"))
    return found


def _value(window: Window, key: str, kind: int) -> Value:
    if kind == ARRAY:
        return _array(window, key)
    return _scalar(window, key, kind)


def _scalar(window: Window, key: str, kind: int) -> Scalar:
    if kind == STRING:
        return _text(window, LONGEST_STRING, f"the value of {key!r}")
    if kind not in SCALARS:
        raise _nonsense(window.source, f"{key!r} has the type {kind}, and types end at 12")
    found: Scalar = window.number(SCALARS[kind])
    return found


def _array(window: Window, key: str) -> Value:
    kind, length = window.number("I"), window.number("Q")
    if kind == ARRAY:
        raise _nonsense(window.source, f"{key!r} is an array of arrays, which no model uses")
    if kind not in TYPE_NAMES:
        raise _nonsense(window.source, f"{key!r} is an array of type {kind}, and types end at 12")
    _bound(window.source, f"elements in {key!r}", length, MOST_ELEMENTS)
    if length <= LONGEST_KEPT:
        window.keep(length * ELEMENT_COST_BYTES)
        return tuple(_scalar(window, key, kind) for _ in range(length))
    if kind == STRING:
        window.skip_strings(length)
    else:
        window.skip(length * struct.calcsize("<" + SCALARS[kind]))
    return LongArray(TYPE_NAMES[kind], length)


def _tensors(window: Window, count: int) -> tuple[Tensor, ...]:
    return tuple(_tensor(window) for _ in range(count))


def _tensor(window: Window) -> Tensor:
    window.keep(TENSOR_COST_BYTES)
    name = _text(window, LONGEST_NAME, "the name of a tensor")
    dimensions = window.number("I")
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        raise _nonsense(window.source, f"tensor {name!r} has {dimensions} dimensions, and a tensor has 1 to 4")
    shape = tuple(window.number("Q") for _ in range(dimensions))
    number, offset = window.number("I"), window.number("Q")
    if not 0 < prod(shape) < LARGEST_TENSOR:
        raise _nonsense(window.source, f"tensor {name!r} has the shape {shape}")
    known = BY_NUMBER.get(number)
    if known and shape[0] % known.block_weights:
        raise _nonsense(
            window.source, f"tensor {name!r} has rows of {shape[0]} weights, and {known.name} has {known.block_weights}"
        )
    return tensor(name, shape, number, offset)


def _alignment(metadata: Mapping[str, Value], source: str) -> int:
    found = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= 1 << 20 or found & (found - 1):
        raise _nonsense(source, f"general.alignment is {found!r}, and it is a power of two")
    return found


def _check_end(source: str, tensors: tuple[Tensor, ...], begin: int, size_bytes: int | None) -> None:
    end = max((begin + one.offset + (one.bytes or 0) for one in tensors), default=0)
    if size_bytes is not None and end > size_bytes:
        raise ModelFileError(
            f"{source} lacks {end - size_bytes} bytes of its tensors",
            why=f"the header describes {end} bytes, the file has {size_bytes}",
            next="the download was cut off: fetch it again",
        )


def _text(window: Window, longest: int, what: str) -> str:
    length = window.number("Q")
    if length > longest:
        raise _nonsense(window.source, f"{what} is said to have {length} bytes")
    window.keep(length + ELEMENT_COST_BYTES)
    return window.take(length).decode("utf-8", "replace")


def _bound(source: str, what: str, count: int, most: int) -> None:
    if count > most:
        raise _nonsense(source, f"it claims {count} {what}, and {most} is far above any model")


def _nonsense(source: str, why: str) -> ModelFileError:
    return ModelFileError(
        f"{source} has a header that makes no sense",
        why=why,
        next="the file is damaged or was made by a faulty program: fetch it again from its publisher",
    )


def _aligned(position: int, alignment: int) -> int:
    return -(-position // alignment) * alignment
