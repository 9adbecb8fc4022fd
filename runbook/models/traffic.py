"""The bytes a processor reads from memory for one token: the figure that bounds the speed.

All weights are read once, except the token embeddings, of which one row is looked up, unless the output uses them
too; of the experts only those that the token visits; and the keys and values of the tokens before it.
"""

from __future__ import annotations

from typing import Final

from runbook.models.engine import BYTES_PER_ELEMENT
from runbook.models.gguf import GgufHeader, Tensor
from runbook.models.shape import Shape
from runbook.models.weights import is_tied

LOOKED_UP: Final = frozenset(("per_layer_token_embd", "position_embd", "token_embd", "token_types"))
VISION: Final = ("v.", "mm.", "s.")


def read_bytes_per_token(header: GgufHeader, shape: Shape) -> int:
    """Bytes of weights that a decoder reads for one token; those of unknown type are missing."""
    tied = is_tied(header)
    return sum(_read(one, shape, tied) for one in header.tensors)


def kv_read_bytes_per_token(shape: Shape, kv_type: str, depth: int) -> int:
    """Bytes of keys and values that one token reads when so many tokens came before it."""
    element = BYTES_PER_ELEMENT[kv_type]
    windowed = shape.windowed or (False,) * shape.layers
    width = shape.key_length + shape.value_length
    if shape.has_latent_cache and shape.latent_rank:
        return int(depth * shape.layers * (2 * shape.latent_rank + shape.rope_dimensions) * element)
    return int(
        sum(
            count * width * (min(depth, shape.window) if is_windowed else depth) * element
            for count, is_windowed in zip(shape.kv_heads, windowed, strict=True)
        )
    )


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


def weights_per_token(header: GgufHeader, shape: Shape) -> int:
    """Weights that a token is multiplied with: two operations each."""
    tied = is_tied(header)
    return sum(one.weights * _read(one, shape, tied) // one.bytes for one in header.tensors if one.bytes)
