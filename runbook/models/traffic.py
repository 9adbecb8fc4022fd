"""What a processor has to do for one token: the bytes it reads, the weights it multiplies, the past it looks at.

All weights are read once, except the token embeddings, of which one row is looked up, unless the output uses them
too; of the experts only those that the token visits; and the keys and values of the tokens before it. A prompt is
worked on many tokens at once, and only its last token goes through the output matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from runbook.models.engine import BYTES_PER_ELEMENT
from runbook.models.gguf import GgufHeader, Tensor
from runbook.models.shape import Shape
from runbook.models.weights import is_tied

LOOKED_UP: Final = frozenset(("per_layer_token_embd", "position_embd", "token_embd", "token_types"))
VISION: Final = ("v.", "mm.", "s.")


@dataclass(frozen=True)
class Part:
    """All weights of one type that a token meets.

    Attributes:
        type_name: Type of the tensors.
        bytes: Bytes that are read.
        weights: Weights that are multiplied.
    """

    type_name: str
    bytes: int
    weights: int


@dataclass(frozen=True)
class Work:
    """What one token costs a processor.

    Attributes:
        parts: Its weights, by type.
        layers: Layers it passes.
        kv_bytes: Bytes of keys and values that it reads.
        attended: Numbers of its queries' products with them: heads times widths times tokens before it.
        kv_rows: Keys, and as many values, that it reads: heads with keys of their own, times tokens before it.
    """

    parts: tuple[Part, ...]
    layers: int
    kv_bytes: int = 0
    attended: int = 0
    kv_rows: int = 0

    @property
    def read_bytes(self) -> int:
        """Bytes that are read, keys and values included."""
        return sum(part.bytes for part in self.parts) + self.kv_bytes

    @property
    def weights(self) -> int:
        """Weights that are multiplied."""
        return sum(part.weights for part in self.parts)


def decode_work(header: GgufHeader, shape: Shape, *, kv_type: str = "f16", depth: int = 0) -> Work:
    """The work of one token of an answer.

    Args:
        header: The model's header.
        shape: Its shape.
        kv_type: Type of the cache.
        depth: Tokens that came before.
    """
    return Work(
        tuple(_parts(header, shape)),
        shape.layers,
        kv_read_bytes_per_token(shape, kv_type, depth),
        attended_per_token(shape, depth),
        kv_rows_per_token(shape, depth),
    )


def prompt_work(header: GgufHeader, shape: Shape, *, tokens: int = 512) -> Work:
    """The work of one token of a prompt, on average over the prompt.

    Args:
        header: The model's header.
        shape: Its shape.
        tokens: Length of the prompt; a token looks at half of it on average, and the last one alone meets the output.
    """
    inner = list(_parts(header, shape, without_output=True))
    last = (replace(one, weights=one.weights // max(1, tokens)) for one in _parts(header, shape, only_output=True))
    return Work(
        (*inner, *last),
        shape.layers,
        0,
        mean_attended(shape, tokens),
    )


def read_bytes_per_token(header: GgufHeader, shape: Shape) -> int:
    """Bytes of weights that a decoder reads for one token; those of unknown type are missing."""
    tied = is_tied(header)
    return sum(_read(one, shape, tied) for one in header.tensors)


def weights_per_token(header: GgufHeader, shape: Shape) -> int:
    """Weights that a token of an answer is multiplied with: two operations each."""
    return sum(part.weights for part in _parts(header, shape))


def kv_read_bytes_per_token(shape: Shape, kv_type: str, depth: int) -> int:
    """Bytes of keys and values that one token reads when so many tokens came before it."""
    element = BYTES_PER_ELEMENT[kv_type]
    if shape.has_latent_cache and shape.latent_rank:
        return int(depth * shape.layers * (2 * shape.latent_rank + shape.rope_dimensions) * element)
    width = shape.key_length + shape.value_length
    seen = _seen(shape, depth)
    return int(sum(count * width * tokens * element for count, tokens in zip(shape.kv_heads, seen, strict=True)))


def attended_per_token(shape: Shape, depth: int) -> int:
    """Products of a token's queries with keys and values when so many tokens came before it.

    Each head does its own, also where several share the keys and values.
    """
    width = shape.key_length + shape.value_length
    return sum(heads * width * tokens for heads, tokens in zip(shape.heads, _seen(shape, depth), strict=True))


def kv_rows_per_token(shape: Shape, depth: int) -> int:
    """Keys, and as many values, that a token reads when so many tokens came before it."""
    return sum(heads * tokens for heads, tokens in zip(shape.kv_heads, _seen(shape, depth), strict=True))


def mean_attended(shape: Shape, tokens: int) -> int:
    """The same for a token of a prompt of so many, on average: half of them, or the window once that is full."""
    width = shape.key_length + shape.value_length
    return sum(
        int(heads * width * _mean_seen(tokens, shape.window if shape.is_windowed(layer) else tokens))
        for layer, heads in enumerate(shape.heads)
        if shape.kv_heads[layer]
    )


def _seen(shape: Shape, depth: int) -> list[int]:
    """Tokens that each layer looks back at; a layer without keys and values of its own looks at none."""
    return [
        0 if not shape.kv_heads[layer] else min(depth, shape.window) if shape.is_windowed(layer) else depth
        for layer in range(shape.layers)
    ]


def _mean_seen(tokens: int, window: int) -> float:
    if tokens <= window:
        return tokens / 2
    return (window * window / 2 + (tokens - window) * window) / tokens


def _parts(
    header: GgufHeader, shape: Shape, *, without_output: bool = False, only_output: bool = False
) -> Iterator[Part]:
    tied = is_tied(header)
    found: dict[str, tuple[int, int]] = {}
    for one in header.tensors:
        is_output = one.name.split(".")[0] == ("token_embd" if tied else "output")
        if (is_output and without_output) or (only_output and not is_output):
            continue
        read = _read(one, shape, tied)
        if read and one.bytes:
            bytes_, weights = found.get(one.type_name, (0, 0))
            found[one.type_name] = bytes_ + read, weights + one.weights * read // one.bytes
    for name, (bytes_, weights) in found.items():
        yield Part(name, bytes_, weights)


def _read(one: Tensor, shape: Shape, tied: bool) -> int:
    size = one.bytes or 0
    kind = one.name.split(".")[0]
    if one.name.startswith(VISION):
        return 0
    if kind in LOOKED_UP:
        return size if kind == "token_embd" and tied else 0
    if "_exps." in one.name and shape.experts and shape.experts_used:
        return size * shape.experts_used // shape.experts
    return size
