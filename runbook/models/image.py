"""The memory of looking at an image: planned like a batch of text, where the header says what the eyes are like.

Where it does not, each patch is compared with each other one in every head, in 32 bits: a lower bound.
"""

from __future__ import annotations

from typing import Final

from runbook.models.allocator import peak_bytes
from runbook.models.eyes import Eyes, sight
from runbook.models.gguf import GgufHeader

FLOAT: Final = 4
# Planned from the source, and held against a public log without flash attention.
KNOWN_EYES: Final = frozenset(("gemma3",))
KNOWN_BRIDGES: Final = ("mm.0.weight", "mm.2.weight")


def image_graph_bytes(header: GgufHeader, *, flash_attention: bool) -> int:
    """Bytes that the own engine reserves for an image; 0 where the model takes none or does not say how.

    Args:
        header: The model's header.
        flash_attention: Whether flash attention is on.
    """
    if header.architecture not in KNOWN_EYES or not _number(header, "vision.block_count"):
        return _rough(header)
    bridge = header.by_name.get("mm.mm_input_projection.weight")
    eyes = _eyes(
        header,
        patch_bias="v.patch_embedding.bias" in header.by_name,
        norm_behind="v.post_layernorm.weight" in header.by_name,
        bridge=(_number(header, "embedding_length"),) if bridge else (),
        image_tokens=_number(header, "mm_tokens_per_image") or 256,
    )
    return peak_bytes(sight(eyes, own=True, flash_attention=flash_attention))


def projector_graph_bytes(projector: GgufHeader) -> int:
    """Bytes that a projector of its own needs for an image; 0 where it does not say how it cuts one up."""
    if not is_planned(projector):
        return _scores(projector)
    eyes = _eyes(
        projector,
        patch_bias="v.patch_embd.bias" in projector.by_name,
        whole="v.class_embd" in projector.by_name,
        norm_before="v.pre_ln.weight" in projector.by_name,
        norm_behind="v.post_ln.weight" in projector.by_name,
        bridge=tuple(projector.by_name[name].shape[-1] for name in KNOWN_BRIDGES if name in projector.by_name),
    )
    return peak_bytes(sight(eyes, own=False, flash_attention=True))


def is_planned(projector: GgufHeader) -> bool:
    """Whether a projector is of the kind whose memory is planned: two matrices behind its eyes (llava, moondream)."""
    kind = projector.metadata.get("clip.projector_type", "mlp")
    return kind == "mlp" and _number(projector, "vision.block_count") > 0 and KNOWN_BRIDGES[0] in projector.by_name


def _eyes(header: GgufHeader, **parts: object) -> Eyes:
    return Eyes(
        side=_number(header, "vision.image_size"),
        patch=max(1, _number(header, "vision.patch_size")),
        width=max(1, _number(header, "vision.embedding_length")),
        inner=_number(header, "vision.feed_forward_length"),
        heads=max(1, _number(header, "vision.attention.head_count")),
        blocks=_number(header, "vision.block_count"),
        **parts,  # type: ignore[arg-type]
    )


def _rough(header: GgufHeader) -> int:
    patches = _patches(header)
    width, inner = _number(header, "vision.embedding_length"), _number(header, "vision.feed_forward_length")
    return _scores(header) + FLOAT * patches * (inner + 2 * width) if patches else 0


def _scores(header: GgufHeader) -> int:
    return FLOAT * _patches(header) ** 2 * _number(header, "vision.attention.head_count")


def _patches(header: GgufHeader) -> int:
    side, patch = _number(header, "vision.image_size"), _number(header, "vision.patch_size")
    return (side // patch) ** 2 if patch else 0


def _number(header: GgufHeader, key: str) -> int:
    found = header.own(key)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 1 << 20 else 0
