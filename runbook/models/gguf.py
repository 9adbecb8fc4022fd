"""A GGUF header as facts: metadata and tensors, nothing of the weights.

The format: magic, version, counts, key-value pairs, tensor descriptions, then the aligned tensor data (ggml's
`docs/gguf.md`). Versions 2 and 3 are read, little- and big-endian.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

from runbook.models.tensor_types import BY_NUMBER, unknown_name

Scalar = int | float | bool | str


@dataclass(frozen=True)
class LongArray:
    """An array that was too long to keep: a vocabulary, its scores, its merges.

    Attributes:
        type: Type of its elements.
        length: Number of its elements.
    """

    type: str
    length: int

    def __len__(self) -> int:
        return self.length


Value = Scalar | tuple[Scalar, ...] | LongArray


@dataclass(frozen=True)
class Tensor:
    """A tensor as the header describes it.

    Attributes:
        name: Its name.
        shape: Its dimensions, the length of a row first.
        type_name: Type of its weights; `unknown type N` where the table does not have it.
        bytes: Its size; None where the type is unknown.
        type_number: Number of the type as stored.
        offset: Where it begins, in bytes after the begin of the tensor data.
    """

    name: str
    shape: tuple[int, ...]
    type_name: str
    bytes: int | None
    type_number: int = 0
    offset: int = 0

    @property
    def weights(self) -> int:
        """Number of weights in it."""
        return prod(self.shape)


def tensor(name: str, shape: Iterable[int], type_number: int, offset: int = 0) -> Tensor:
    """A tensor with its type's name and its size."""
    dimensions = tuple(shape)
    known = BY_NUMBER.get(type_number)
    if known is None:
        return Tensor(name, dimensions, unknown_name(type_number), None, type_number, offset)
    return Tensor(name, dimensions, known.name, known.bytes_of(prod(dimensions)), type_number, offset)


@dataclass(frozen=True)
class GgufHeader:
    """The header of a GGUF file, or of several that belong together.

    Attributes:
        version: Version of the format; 0 where the header came from a server that does not say.
        metadata: The key-value pairs; long arrays only by type and length.
        tensors: The tensors, in file order.
        big_endian: Whether the numbers are stored big-endian.
        header_bytes: Length of the header, up to the tensor data.
        file_bytes: Length of the file, or of all shards; None where it is not known.
        projector: Header of the vision projector that belongs to the model, where it is a file of its own.
        source: Where it came from, for messages.
    """

    version: int
    metadata: Mapping[str, Value]
    tensors: tuple[Tensor, ...]
    big_endian: bool = False
    header_bytes: int = 0
    file_bytes: int | None = None
    projector: GgufHeader | None = field(default=None, repr=False)
    source: str = ""

    @property
    def architecture(self) -> str:
        """The architecture that the file names; empty where it names none."""
        found = self.metadata.get("general.architecture")
        return found if isinstance(found, str) else ""

    @cached_property
    def by_name(self) -> Mapping[str, Tensor]:
        """The tensors by name."""
        return {one.name: one for one in self.tensors}

    @cached_property
    def tensor_bytes(self) -> int:
        """Bytes of all tensors whose type is known: a lower bound where `unknown_types` is not empty."""
        return sum(one.bytes or 0 for one in self.tensors)

    @cached_property
    def parameters(self) -> int:
        """Number of weights in all tensors."""
        return sum(one.weights for one in self.tensors)

    @cached_property
    def unknown_types(self) -> tuple[str, ...]:
        """Types whose size is not known, each once."""
        return tuple(dict.fromkeys(one.type_name for one in self.tensors if one.bytes is None))

    def own(self, key: str) -> Value | None:
        """The value of a key of the file's architecture: `own("block_count")` reads `llama.block_count`."""
        return self.metadata.get(f"{self.architecture}.{key}")
