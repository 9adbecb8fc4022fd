"""The header of a vision projector from its shape, as llama.cpp's converters write it (`tools/mtmd/clip-impl.h`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runbook.models.gguf import GgufHeader, Tensor, Value, tensor
from runbook.models.tensor_types import BY_NAME

Rows = Iterator[tuple[str, tuple[int, ...]]]
COLOURS: Final = 3


@dataclass(frozen=True)
class Clip:
    """The shape of a projector with its eyes.

    Attributes:
        blocks: Number of blocks.
        width: Width of the state.
        inner: Width of the inner layer.
        heads: Heads of attention.
        image_size: Side of the image, in pixels.
        patch_size: Side of a patch, in pixels.
        bridge: Widths of the matrices that lead to the text model; each is `mm.0`, `mm.2` and so on.
        whole: Whether one more place stands for the whole image.
        norm_before: Whether there is a norm before the blocks.
        norm_behind: Whether there is one behind them.
    """

    blocks: int
    width: int
    inner: int
    heads: int
    image_size: int
    patch_size: int
    bridge: tuple[int, ...]
    whole: bool = False
    norm_before: bool = False
    norm_behind: bool = False


def clip_header(clip: Clip, name: str) -> GgufHeader:
    """The header of a projector: matrices and positions in 16 bits, the rest in 32."""
    numbers: dict[str, Value] = {
        "image_size": clip.image_size,
        "patch_size": clip.patch_size,
        "embedding_length": clip.width,
        "feed_forward_length": clip.inner,
        "projection_dim": clip.bridge[-1],
        "block_count": clip.blocks,
        "attention.head_count": clip.heads,
        "attention.layer_norm_epsilon": 1e-5,
        "image_mean": (0.5, 0.5, 0.5),
        "image_std": (0.5, 0.5, 0.5),
    }
    metadata: dict[str, Value] = {
        "general.architecture": "clip",
        "clip.has_text_encoder": False,
        "clip.has_vision_encoder": True,
        "clip.has_llava_projector": True,
        "clip.projector_type": "mlp",
        "clip.use_gelu": not clip.whole,
        **{f"clip.vision.{key}": value for key, value in numbers.items()},
    }
    return GgufHeader(3, metadata, tuple(placed(_rows(clip))), source=name)


def _rows(clip: Clip) -> Rows:
    patches = (clip.image_size // clip.patch_size) ** 2 + clip.whole
    yield "v.patch_embd.weight", (clip.patch_size, clip.patch_size, COLOURS, clip.width)
    yield "v.position_embd.weight", (clip.width, patches)
    yield ("v.class_embd" if clip.whole else "v.patch_embd.bias"), (clip.width,)
    for name, wanted in (("v.pre_ln", clip.norm_before), ("v.post_ln", clip.norm_behind)):
        if wanted:
            yield from _with_bias(name, (clip.width,))
    for block in range(clip.blocks):
        for name, shape in block_rows(clip.width, clip.inner, "attn_out", ("ln1", "ln2"), ("ffn_up", "ffn_down")):
            yield f"v.blk.{block}.{name}", shape
    before = clip.width
    for place, width in enumerate(clip.bridge):
        yield from _with_bias(f"mm.{2 * place}", (before, width))
        before = width


def block_rows(width: int, inner: int, out: str, norms: tuple[str, str], inners: tuple[str, str]) -> Rows:
    """The tensors of a block, under the names that a format gives them."""
    for name in ("attn_q", "attn_k", "attn_v", out):
        yield from _with_bias(name, (width, width))
    yield from _with_bias(inners[0], (width, inner))
    yield from _with_bias(inners[1], (inner, width))
    for name in norms:
        yield from _with_bias(name, (width,))


def _with_bias(name: str, shape: tuple[int, ...]) -> Rows:
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[-1:]


def placed(rows: Rows, *, wide: tuple[str, ...] = ()) -> Iterator[Tensor]:
    """Tensors one behind the other.

    Args:
        rows: Names and shapes.
        wide: Names of matrices that are stored in 32 bits all the same.
    """
    offset = 0
    for name, shape in rows:
        kind = "F32" if len(shape) == 1 or name in wide else "F16"
        one = tensor(name, shape, BY_NAME[kind].number, offset)
        offset += -(-(one.bytes or 0) // 32) * 32
        yield one
