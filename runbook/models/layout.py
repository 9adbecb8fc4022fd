"""The tensors of a model from its shape and the types its publisher stored them in.

So a catalogue entry is as good as a header that was read: the same names, shapes and types, hence the same bytes. A
type may be a pair: then the second one applies to the layers that llama.cpp quantises better in its _M mixtures, the
first and last eighth and every third one between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Final

from runbook.models.blocks import BEGINNINGS, BLOCKS, ENDS
from runbook.models.gguf import GgufHeader, Tensor, Value, tensor
from runbook.models.settings import Settings
from runbook.models.tensor_types import BY_NAME

F32: Final = "F32"
# What no quantiser touches: routers, convolutions, and what a layer adds to its experts.
ALWAYS_WIDE: Final = (
    *("ffn_gate_inp", "shortconv.conv", "token_types", ".bias"),
    *("altup_correct_coef", "altup_predict_coef", "altup_router"),
)
# What llama.cpp's quantiser takes where rows are no whole number of blocks (`llama-quant.cpp`).
INSTEAD: Final = {
    **dict.fromkeys(("Q2_K", "Q3_K", "IQ4_XS", "TQ1_0", "TQ2_0"), "IQ4_NL"),
    "Q4_K": "Q5_0",
    "Q5_K": "Q5_1",
    "Q6_K": "Q8_0",
}
OUTPUT_BIAS: Final = frozenset(("phi2",))
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

    @property
    def settings(self) -> Settings:
        """Its settings, as the tensors of a block are worked out from them."""
        return Settings(self.metadata)

    def number(self, key: str, default: int = 0) -> int:
        """A setting that is one number."""
        return self.settings.number(key, default)


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
    settings, embedding = layout.settings, layout.number("embedding_length")
    words = (embedding, layout.vocabulary)
    yield "token_embd.weight", words, _type(layout, "token_embd", 0, words)
    for kind, shape in BEGINNINGS.get(layout.architecture, BEGINNINGS[""])(settings):
        yield kind, shape, _type(layout, kind.removesuffix(".weight"), 0, shape)
    for layer in range(layout.number("block_count")):
        for kind, shape in BLOCKS[layout.architecture](settings, layer):
            yield f"blk.{layer}.{kind}", shape, _type(layout, kind.removesuffix(".weight"), layer, shape)
    for kind, shape in ENDS.get(layout.architecture, ENDS[""])(settings):
        yield kind, shape, _type(layout, kind.removesuffix(".weight"), 0, shape)
    if not layout.tied:
        yield "output.weight", words, _type(layout, "output", 0, words)
        if layout.architecture in OUTPUT_BIAS:
            yield "output.bias", (layout.vocabulary,), F32


def _type(layout: Layout, kind: str, layer: int, shape: tuple[int, ...]) -> str:
    if len(shape) == 1 and kind not in layout.types:
        return F32
    found = layout.types.get(kind, F32 if kind.endswith(ALWAYS_WIDE) else layout.types["default"])
    if not isinstance(found, str):
        found = found[1] if gets_more_bits(layer, layout.number("block_count")) else found[0]
    return found if shape[0] % BY_NAME[found].block_weights == 0 else INSTEAD.get(found, "F16")


def gets_more_bits(layer: int, layers: int) -> bool:
    """Whether a layer is among those that llama.cpp's _M mixtures store in the better type."""
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2


def parameters_of(layout: Layout) -> int:
    """Number of weights of a model that is stored like this."""
    return sum(prod(shape) for _, shape, _ in _tensors(layout))
