"""Models that take images: projectors that are a file of their own, and eyes inside the model's file."""

from __future__ import annotations

from dataclasses import replace

from runbook.models import GgufHeader, find
from runbook.models.clip import block_rows, placed
from runbook.models.gguf import Tensor
from runbook.models.layout import Layout, header_of


def with_projector(name: str, blocks: int) -> GgufHeader:
    """A model of the catalogue with fewer blocks, and its whole projector."""
    entry = find(name)
    if entry is None:
        raise KeyError(name)
    layout = replace(entry.layout, metadata={**entry.layout.metadata, "block_count": blocks})
    return header_of(layout, f"{name}/{blocks}", entry.header.projector)


def gemma3_4b(blocks: int) -> GgufHeader:
    """gemma3:4b with its eyes: 27 blocks of 1152, 4096 patches, 256 tokens an image."""
    sizes = {
        "block_count": blocks,
        "context_length": 131072,
        "embedding_length": 2560,
        "feed_forward_length": 10240,
        "attention.head_count": 8,
        "attention.head_count_kv": 4,
        "attention.key_length": 256,
        "attention.value_length": 256,
        "attention.sliding_window": 1024,
        "mm_tokens_per_image": 256,
        "vision.block_count": 27,
        "vision.embedding_length": 1152,
        "vision.feed_forward_length": 4304,
        "vision.attention.head_count": 16,
        "vision.attention.layer_norm_epsilon": 1e-6,
        "vision.image_size": 896,
        "vision.patch_size": 14,
        "vision.num_channels": 3,
    }
    types = {"default": "Q4_K", "token_embd": "Q6_K", "attn_v": ("Q4_K", "Q6_K"), "ffn_down": ("Q4_K", "Q6_K")}
    text = header_of(Layout("gemma3", sizes, types, True, 262144), f"gemma3:4b/{blocks}")
    rows: list[tuple[str, tuple[int, ...]]] = [
        ("v.patch_embedding.weight", (14, 14, 3, 1152)),
        ("v.patch_embedding.bias", (1152,)),
        ("v.position_embedding.weight", (1152, 4096)),
        ("v.post_layernorm.weight", (1152,)),
        ("v.post_layernorm.bias", (1152,)),
        ("mm.mm_input_projection.weight", (2560, 1152)),
        ("mm.mm_soft_emb_norm.weight", (1152,)),
    ]
    for block in range(27):
        parts = block_rows(1152, 4304, "attn_output", ("layer_norm1", "layer_norm2"), ("mlp.fc1", "mlp.fc2"))
        rows += [(f"v.blk.{block}.{name}", shape) for name, shape in parts]
    eyes = placed(iter(rows), wide=("v.position_embedding.weight",))
    return replace(text, tensors=_behind_each_other((*text.tensors, *eyes)))


def _behind_each_other(tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    found, offset = [], 0
    for one in tensors:
        found.append(replace(one, offset=offset))
        offset += -(-(one.bytes or 0) // 32) * 32
    return tuple(found)
