"""The types a tensor can be stored in: how many weights form a block, and how many bytes a block takes.

The numbers are ggml's (`enum ggml_type`); types that were removed from ggml are kept, since files with them exist.
Number 4 is the one Ollama's own build of gpt-oss uses for MXFP4 (v0.15.6, `fs/ggml/type.go`). A number that is not
in the table is unknown, and the size of its tensor is unknown too: Ollama's table would say 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class TensorType:
    """How weights are stored.

    Attributes:
        number: Its number in a file.
        name: Its name.
        block_weights: Weights in a block.
        block_bytes: Bytes of a block.
    """

    number: int
    name: str
    block_weights: int
    block_bytes: int

    @property
    def bits_per_weight(self) -> float:
        """Bits that one weight takes on average, scales included."""
        return 8 * self.block_bytes / self.block_weights

    def bytes_of(self, weights: int) -> int:
        """Bytes of so many weights, which are whole blocks."""
        return weights // self.block_weights * self.block_bytes


_ROWS: Final[tuple[tuple[int, str, int, int], ...]] = (
    (0, "F32", 1, 4),
    (1, "F16", 1, 2),
    (2, "Q4_0", 32, 18),
    (3, "Q4_1", 32, 20),
    (4, "MXFP4", 32, 17),
    (6, "Q5_0", 32, 22),
    (7, "Q5_1", 32, 24),
    (8, "Q8_0", 32, 34),
    (9, "Q8_1", 32, 36),
    (10, "Q2_K", 256, 84),
    (11, "Q3_K", 256, 110),
    (12, "Q4_K", 256, 144),
    (13, "Q5_K", 256, 176),
    (14, "Q6_K", 256, 210),
    (15, "Q8_K", 256, 292),
    (16, "IQ2_XXS", 256, 66),
    (17, "IQ2_XS", 256, 74),
    (18, "IQ3_XXS", 256, 98),
    (19, "IQ1_S", 256, 50),
    (20, "IQ4_NL", 32, 18),
    (21, "IQ3_S", 256, 110),
    (22, "IQ2_S", 256, 82),
    (23, "IQ4_XS", 256, 136),
    (24, "I8", 1, 1),
    (25, "I16", 1, 2),
    (26, "I32", 1, 4),
    (27, "I64", 1, 8),
    (28, "F64", 1, 8),
    (29, "IQ1_M", 256, 56),
    (30, "BF16", 1, 2),
    (31, "Q4_0_4_4", 32, 18),
    (32, "Q4_0_4_8", 32, 18),
    (33, "Q4_0_8_8", 32, 18),
    (34, "TQ1_0", 256, 54),
    (35, "TQ2_0", 256, 66),
    (36, "IQ4_NL_4_4", 32, 18),
    (37, "IQ4_NL_4_8", 32, 18),
    (38, "IQ4_NL_8_8", 32, 18),
    (39, "MXFP4", 32, 17),
    (40, "NVFP4", 64, 36),
)
BY_NUMBER: Final = {row[0]: TensorType(*row) for row in _ROWS}
# MXFP4 has two numbers; the later one is ggml's own.
BY_NAME: Final = {one.name: one for one in BY_NUMBER.values()}


def unknown_name(number: int) -> str:
    """What a type is called that the table does not know."""
    return f"unknown type {number}"
