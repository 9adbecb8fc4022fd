"""What `/api/ps` says of a model that llama.cpp runs: an estimate of Ollama's own, and not what is allocated.

Ollama 0.15.6 adds up the blocks, the output (or the tied embeddings in its place) and a cache at 2, 1 or 0.5 bytes
per element; input embeddings, graph and projector are left out (`llm/server.go`, `fs/ggml/ggml.go`).
"""

from __future__ import annotations

from typing import Final

from runbook.models.gguf import GgufHeader
from runbook.models.shape import Shape

BYTES_PER_ELEMENT: Final = {"f16": 2.0, "q8_0": 1.0, "q4_0": 0.5}


def legacy_reported_bytes(header: GgufHeader, shape: Shape, *, context: int, kv_type: str) -> int:
    """Bytes that `/api/ps` will say for a model on llama.cpp.

    Args:
        header: The model's header.
        shape: Its shape.
        context: Tokens over all slots.
        kv_type: Type of the cache that really applies.
    """
    groups: dict[str, int] = {}
    for one in header.tensors:
        group = _group(one.name)
        groups[group] = groups.get(group, 0) + (one.bytes or 0)
    blocks = sum(groups.get(f"blk.{layer}", 0) for layer in range(shape.layers))
    output = groups.get("output_norm", 0) + groups.get("output", groups.get("token_embd", 0))
    return blocks + output + _cache(shape, context, kv_type)


def _group(name: str) -> str:
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] in ("blk", "mm") and len(parts) > 2 else parts[0]


def _cache(shape: Shape, context: int, kv_type: str) -> int:
    element = BYTES_PER_ELEMENT[kv_type]
    width = shape.key_length + shape.value_length
    attention = sum(int(context * width * count * element) for count in shape.kv_heads)
    convolution = max(0, shape.state_convolution - 1) * (shape.state_inner + 2 * shape.state_groups * shape.state_size)
    state = (convolution + shape.state_size * shape.state_inner) * 4
    return attention + state * sum(1 for count in shape.kv_heads if not count)
