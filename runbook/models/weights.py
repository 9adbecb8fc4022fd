"""The memory of the weights: what each engine allocates for the tensors of a file.

Ollama's own engine allocates each tensor padded to 32 bytes; without a tensor in the group `output` it makes a second
copy of the token embeddings for the output, also in models that make embeddings; shared rope factors are copied into
each layer (`ml/backend/ggml/ggml.go` at 0.15.6). llama.cpp on a CPU uses tied embeddings twice without a copy.
"""

from __future__ import annotations

from typing import Final

from runbook.models.engine import EngineName
from runbook.models.gguf import GgufHeader, Tensor

PADDING_BYTES: Final = 32
INPUT_WORDS: Final = frozenset(("position_embd", "token_embd", "token_norm_embd", "token_types"))
PER_LAYER_WORDS: Final = frozenset(("rope_factors_long", "rope_factors_short", "rope_freqs"))
EMBEDDINGS: Final = "token_embd.weight"
# The engine widens these, since it can only add them in 32 bits.
WIDENED: Final = ("BF16", "_exps.bias")


def weights_bytes(header: GgufHeader, engine: EngineName, layers: int) -> int:
    """Bytes that the engine allocates for a model's own tensors; those of unknown type are missing."""
    if engine == "llama.cpp":
        return header.tensor_bytes
    return sum(_allocated(one) * _copies(one, header, layers) for one in header.tensors)


def is_tied(header: GgufHeader) -> bool:
    """Whether the output uses the token embeddings: no tensor is in the group `output`."""
    return not any(one.name.split(".")[0] == "output" for one in header.tensors)


def _copies(one: Tensor, header: GgufHeader, layers: int) -> int:
    words = set(one.name.split("."))
    if one.name == EMBEDDINGS and is_tied(header):
        return 2
    if words & INPUT_WORDS:
        return 1
    return layers if words & PER_LAYER_WORDS else 1


def _allocated(one: Tensor) -> int:
    size = one.bytes or 0
    if one.type_name == WIDENED[0] and one.name.endswith(WIDENED[1]):
        size *= 2
    return -(-size // PADDING_BYTES) * PADDING_BYTES
