"""The memory of looking at an image: each patch is compared with each other one, in every head, in 32 bits.

Ollama's own engine reserves it when a model is loaded, llama.cpp allocates it for the projector (llava: 577 patches
and 16 heads, 21.55 MiB in the public logs).
"""

from __future__ import annotations

from runbook.models.gguf import GgufHeader

FLOAT = 4


def image_graph_bytes(header: GgufHeader) -> int:
    """Bytes that the own engine reserves for an image; 0 where the model takes none or does not say how."""
    patches = _patches(header)
    width = _number(header, "vision.embedding_length")
    inner = _number(header, "vision.feed_forward_length")
    return _scores(header, patches) + FLOAT * patches * (inner + 2 * width) if patches else 0


def projector_graph_bytes(projector: GgufHeader) -> int:
    """Bytes that a projector of its own needs for an image; 0 where it does not say how it cuts one up."""
    return _scores(projector, _patches(projector))


def _scores(header: GgufHeader, patches: int) -> int:
    return FLOAT * patches * patches * _number(header, "vision.attention.head_count")


def _patches(header: GgufHeader) -> int:
    side, patch = _number(header, "vision.image_size"), _number(header, "vision.patch_size")
    return (side // patch) ** 2 if patch else 0


def _number(header: GgufHeader, key: str) -> int:
    found = header.own(key)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 1 << 20 else 0
