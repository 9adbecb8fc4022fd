"""Random weights in every stored form: finite, small, centred, the same for the same seed.

A block's scale is fixed so that the weights have a spread of about 0.02, which keeps every layer finite; the rest of
the block is random. One-dimensional tensors are ones (norms) and zeros (biases).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from runbook.models.gguf import Tensor
from runbook.models.tensor_types import BY_NUMBER
from runbook.models.writing import Buffer

Bytes = npt.NDArray[np.uint8]
SPREAD: Final = 0.02
PIECE_BYTES: Final = 8 << 20


@dataclass(frozen=True)
class Form:
    """Where the scales of a block lie.

    Attributes:
        halves: Values in 16 bits, by their place in the block.
        bytes: Fixed bytes, by their place in the block.
    """

    halves: tuple[tuple[int, float], ...] = ()
    bytes: tuple[tuple[int, bytes], ...] = ()


# Sub-block scales of the K mixtures: eight for the scale and for the minimum of each sub-block.
_PACKED: Final = bytes([8] * 8 + [0x88] * 4)
FORMS: Final = {
    "Q4_0": Form(((0, SPREAD / 4.6),)),
    "Q4_1": Form(((0, SPREAD / 4.6), (2, -7.5 * SPREAD / 4.6))),
    "Q5_0": Form(((0, SPREAD / 9.2),)),
    "Q5_1": Form(((0, SPREAD / 9.2), (2, -15.5 * SPREAD / 9.2))),
    "Q8_0": Form(((0, SPREAD / 74),)),
    "Q2_K": Form(((80, SPREAD / 1.1 / 8), (82, 1.5 * SPREAD / 1.1 / 8)), ((0, bytes([0x88] * 16)),)),
    "Q3_K": Form(((108, SPREAD / 2.3 / 18),)),
    "Q4_K": Form(((0, SPREAD / 4.6 / 8), (2, 7.5 * SPREAD / 4.6 / 8)), ((4, _PACKED),)),
    "Q5_K": Form(((0, SPREAD / 9.2 / 8), (2, 15.5 * SPREAD / 9.2 / 8)), ((4, _PACKED),)),
    "Q6_K": Form(((208, SPREAD / 18.5 / 8),), ((192, bytes([8, 248] * 8)),)),
    "IQ4_NL": Form(((0, SPREAD / 74),)),
    "IQ4_XS": Form(((0, SPREAD / 74 / 18),)),
    # The exponent of a block: 2 ** -8 times values up to 6.
    "MXFP4": Form(bytes=((0, bytes([119])),)),
}


def can_fill(one: Tensor) -> bool:
    """Whether random weights of a tensor's type are known to be finite."""
    return one.type_name in FORMS or one.type_name in ("F32", "F16", "BF16")


def filled(one: Tensor, seed: int) -> Iterator[Buffer]:
    """The bytes of a tensor, in pieces.

    Args:
        one: The tensor.
        seed: Decides the weights, together with the tensor's name.
    """
    random = np.random.Generator(np.random.SFC64([seed, *one.name.encode()]))
    if len(one.shape) == 1:
        yield _constant(one)
    elif one.type_name in FORMS:
        yield from _blocks(one, random)
    else:
        yield from _plain(one, random)


def _constant(one: Tensor) -> bytes:
    value = 0.0 if one.name.endswith("bias") else 1.0
    return _as(one.type_name, np.full(one.weights, value, np.float32)).tobytes()


def _blocks(one: Tensor, random: np.random.Generator) -> Iterator[Buffer]:
    size = BY_NUMBER[one.type_number].block_bytes
    left = (one.bytes or 0) // size
    while left:
        count = min(left, PIECE_BYTES // size)
        # Whole words are the fastest to draw.
        words = random.integers(0, 1 << 64, -(-count * size // 8), np.uint64)
        block = words.view(np.uint8)[: count * size].reshape(count, size)
        _scale(block, FORMS[one.type_name])
        yield block.data
        left -= count


def _scale(block: Bytes, form: Form) -> None:
    for place, value in form.halves:
        block[:, place : place + 2] = np.frombuffer(np.float16(value).tobytes(), np.uint8)
    for place, fixed in form.bytes:
        block[:, place : place + len(fixed)] = np.frombuffer(fixed, np.uint8)


def _plain(one: Tensor, random: np.random.Generator) -> Iterator[Buffer]:
    left = one.weights
    while left:
        count = min(left, PIECE_BYTES // 4)
        yield _as(one.type_name, random.standard_normal(count, np.float32) * np.float32(SPREAD)).tobytes()
        left -= count


def _as(type_name: str, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32 | np.float16 | np.uint16]:
    if type_name == "F16":
        return values.astype(np.float16)
    if type_name == "BF16":
        # The upper half of 32 bits.
        return (values.view(np.uint32) >> 16).astype(np.uint16)
    return values
