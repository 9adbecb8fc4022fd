"""The tensors of a model from its shape and the types its publisher stored them in.

So a catalogue entry is as good as a header that was read: the same names, shapes and types, hence the same bytes. A
type may be a pair: then the second one applies to the layers that llama.cpp quantises better in its _M mixtures, the
first and last eighth and every third one between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Final

from runbook.models.gguf import GgufHeader, Tensor, Value, tensor
from runbook.models.tensor_types import BY_NAME

F32: Final = "F32"
Types = str | tuple[str, str]


@dataclass(frozen=True)
class Layout:
    """How the tensors of a model are stored.

    Attributes:
        architecture: As the file would name it.
        metadata: Settings of the architecture, by their key without its name.
        types: Type of each kind of tensor (`attn_v`, `token_embd`); `default` for the others.
        tied: Whether the output uses the token embeddings.
        general: Further metadata, by its full key.
    """

    architecture: str
    metadata: Mapping[str, int | tuple[int, ...] | float | str]
    types: Mapping[str, Types]
    tied: bool
    vocabulary: int
    general: Mapping[str, Value] = field(default_factory=dict)

    def number(self, key: str, default: int = 0) -> int:
        """A setting that is one number."""
        found = self.metadata.get(key, default)
        return found if isinstance(found, int) else default


def header_of(layout: Layout, name: str, projector: GgufHeader | None = None) -> GgufHeader:
    """The header of a model that is stored like this.

    Raises:
        KeyError: The architecture's tensors are not known here, or a type is none.
    """
    metadata: dict[str, Value] = {"general.architecture": layout.architecture, **layout.general}
    metadata |= {f"{layout.architecture}.{key}": value for key, value in layout.metadata.items()}
    tensors: list[Tensor] = []
    offset = 0
    for tensor_name, shape, type_name in _tensors(layout):
        one = tensor(tensor_name, shape, BY_NAME[type_name].number, offset)
        tensors.append(one)
        offset += -(-(one.bytes or 0) // 32) * 32
    return GgufHeader(3, metadata, tuple(tensors), projector=projector, source=name)


Row = tuple[str, tuple[int, ...], str]


def _tensors(layout: Layout) -> Iterator[Row]:
    embedding = layout.number("embedding_length")
    yield "token_embd.weight", (embedding, layout.vocabulary), _type(layout, "token_embd", 0)
    for layer in range(layout.number("block_count")):
        for kind, shape in BLOCKS[layout.architecture](layout):
            yield f"blk.{layer}.{kind}", shape, _type(layout, kind.removesuffix(".weight"), layer, shape)
    yield from _ends(layout, embedding)


def _ends(layout: Layout, embedding: int) -> Iterator[Row]:
    yield "output_norm.weight", (embedding,), F32
    if layout.architecture in WITH_BIAS:
        yield "output_norm.bias", (embedding,), F32
    if layout.number("rope_factors"):
        for kind in ("long", "short"):
            yield f"rope_factors_{kind}.weight", (layout.number("rope_factors"),), F32
    if not layout.tied:
        yield "output.weight", (embedding, layout.vocabulary), _type(layout, "output", 0)
        if layout.architecture in WITH_BIAS:
            yield "output.bias", (layout.vocabulary,), F32


def _type(layout: Layout, kind: str, layer: int, shape: Iterable[int] = (2, 2)) -> str:
    dimensions = tuple(shape)
    if len(dimensions) == 1 and kind not in layout.types:
        return F32
    found = layout.types.get(kind, layout.types["default"])
    if isinstance(found, str):
        return found
    return found[1] if gets_more_bits(layer, layout.number("block_count")) else found[0]


def gets_more_bits(layer: int, layers: int) -> bool:
    """Whether a layer is among those that llama.cpp's _M mixtures store in the better type."""
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2


Block = Iterator[tuple[str, tuple[int, ...]]]


def _attention(layout: Layout, *, biases: bool = False) -> Block:
    embedding = layout.number("embedding_length")
    heads, kv_heads = layout.number("attention.head_count"), layout.number("attention.head_count_kv")
    key = layout.number("attention.key_length", embedding // heads)
    value = layout.number("attention.value_length", key)
    yield "attn_norm.weight", (embedding,)
    for name, width in (("attn_q", heads * key), ("attn_k", kv_heads * key), ("attn_v", kv_heads * value)):
        yield f"{name}.weight", (embedding, width)
        if biases:
            yield f"{name}.bias", (width,)
    yield "attn_output.weight", (heads * value, embedding)


def _feed_forward(layout: Layout) -> Block:
    embedding, inner = layout.number("embedding_length"), layout.number("feed_forward_length")
    yield "ffn_norm.weight", (embedding,)
    yield "ffn_gate.weight", (embedding, inner)
    yield "ffn_up.weight", (embedding, inner)
    yield "ffn_down.weight", (inner, embedding)


def _llama(layout: Layout) -> Block:
    yield from _attention(layout)
    yield from _feed_forward(layout)


def _qwen2(layout: Layout) -> Block:
    yield from _attention(layout, biases=True)
    yield from _feed_forward(layout)


def _qwen3(layout: Layout) -> Block:
    yield from _attention(layout)
    for name in ("attn_q_norm", "attn_k_norm"):
        yield f"{name}.weight", (layout.number("attention.key_length"),)
    yield from _feed_forward(layout)


def _gemma2(layout: Layout) -> Block:
    yield from _llama(layout)
    for name in ("post_attention_norm", "post_ffw_norm"):
        yield f"{name}.weight", (layout.number("embedding_length"),)


def _gemma3(layout: Layout) -> Block:
    yield from _gemma2(layout)
    for name in ("attn_q_norm", "attn_k_norm"):
        yield f"{name}.weight", (layout.number("attention.key_length"),)


def _phi2(layout: Layout) -> Block:
    embedding, inner = layout.number("embedding_length"), layout.number("feed_forward_length")
    for name, shape in (
        ("attn_qkv", (embedding, 3 * embedding)),
        ("attn_output", (embedding, embedding)),
        ("ffn_up", (embedding, inner)),
        ("ffn_down", (inner, embedding)),
        ("attn_norm", (embedding,)),
    ):
        yield f"{name}.weight", shape
        yield f"{name}.bias", shape[-1:]


def _phi3(layout: Layout) -> Block:
    embedding, inner = layout.number("embedding_length"), layout.number("feed_forward_length")
    heads, kv_heads = layout.number("attention.head_count"), layout.number("attention.head_count_kv")
    size = embedding // heads
    yield "attn_norm.weight", (embedding,)
    yield "attn_qkv.weight", (embedding, (heads + 2 * kv_heads) * size)
    yield "attn_output.weight", (embedding, embedding)
    yield "ffn_norm.weight", (embedding,)
    yield "ffn_up.weight", (embedding, 2 * inner)
    yield "ffn_down.weight", (inner, embedding)


BLOCKS: Final = {
    "gemma2": _gemma2,
    "gemma3": _gemma3,
    "granite": _llama,
    "llama": _llama,
    "phi2": _phi2,
    "phi3": _phi3,
    "qwen2": _qwen2,
    "qwen3": _qwen3,
}
WITH_BIAS: Final = frozenset(("phi2",))


def parameters_of(layout: Layout) -> int:
    """Number of weights of a model that is stored like this."""
    return sum(prod(shape) for _, shape, _ in _tensors(layout))
