"""The shape of a model: what the memory and the speed are computed from, read from a header's metadata.

Per-layer settings may be one number for all layers or one per layer; a list of another length is refused, since a
guess would be wrong in the dangerous direction (gguf-parser-go#31).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from runbook.errors import ModelFileError
from runbook.models.gguf import GgufHeader, LongArray, Scalar

# Models that read sliding windows per layer take their pattern from the file or from their own code.
GEMMA3_GLOBAL_EVERY = 6
# Far above any known model; beyond it the settings are a fault, and what is planned from them would not end.
MOST: Final = 1 << 24
MOST_OF: Final = {
    "altup.num_inputs": 64,
    "block_count": 4096,
    "context_length": 1 << 40,
    "expert_count": 65_536,
    "expert_shared_count": 1024,
    "expert_used_count": 1024,
}


@dataclass(frozen=True)
class Shape:
    """The shape of a model.

    Attributes:
        architecture: As the file names it; empty where it names none.
        layers: Number of blocks.
        embedding: Width of the hidden state.
        feed_forward: Widest inner layer of a block.
        vocabulary: Number of tokens it knows.
        context_length: Context it was trained for, in tokens; 0 where the file does not say.
        heads: Attention heads of each layer.
        kv_heads: Heads of keys and values of each layer; 0 where a layer keeps no keys and values.
        key_length: Length of a key of one head.
        value_length: Length of a value of one head.
        window: Sliding window, in tokens; 0 where there is none.
        windowed: Whether each layer sees only the window.
        experts: Experts of a layer; 0 in a dense model.
        experts_used: Experts that a token visits.
        expert_feed_forward: Width of one expert.
        experts_shared: Experts that every token visits beside its own.
        dense_layers: First layers that have no experts.
        shared_kv_layers: Last layers that use the keys and values of earlier ones.
        versions: Versions of the state that are kept; 1 in nearly every model.
        own_input: Width of the input that each layer has of its own; 0 without.
        side_rank: Width of the small path beside attention; 0 without.
        sparse: Whether each layer leaves out what is not far above the mean.
        latent_rank: Width of the compressed keys and values (MLA); 0 without.
        rope_dimensions: Dimensions that carry the position.
        has_latent_cache: Whether the cache holds the compressed form.
        convolution_width: Positions that a short convolution remembers, plus one; 0 without.
        state_convolution: Positions that a state-space layer's convolution sees; 0 without.
        state_inner: Inner width of a state-space layer.
        state_size: State of a state-space layer, per channel.
        state_groups: Groups of a state-space layer.
        cross_attention_layers: Layers that attend to the image.
        is_embedder: Whether it makes embeddings and no text.
        has_vision: Whether it takes images.
    """

    architecture: str
    layers: int
    embedding: int
    feed_forward: int
    vocabulary: int
    context_length: int
    heads: tuple[int, ...]
    kv_heads: tuple[int, ...]
    key_length: int
    value_length: int
    window: int = 0
    windowed: tuple[bool, ...] = ()
    experts: int = 0
    experts_used: int = 0
    expert_feed_forward: int = 0
    experts_shared: int = 0
    dense_layers: int = 0
    shared_kv_layers: int = 0
    versions: int = 1
    own_input: int = 0
    side_rank: int = 0
    sparse: tuple[bool, ...] = ()
    latent_rank: int = 0
    rope_dimensions: int = 0
    has_latent_cache: bool = False
    convolution_width: int = 0
    state_convolution: int = 0
    state_inner: int = 0
    state_size: int = 0
    state_groups: int = 0
    cross_attention_layers: tuple[int, ...] = ()
    is_embedder: bool = False
    has_vision: bool = False

    def is_windowed(self, layer: int) -> bool:
        """Whether a layer sees only the window."""
        return layer < len(self.windowed) and self.windowed[layer]

    @property
    def most_heads(self) -> int:
        """The largest number of attention heads of any layer."""
        return max(self.heads, default=0)


def shape_of(header: GgufHeader) -> Shape:
    """The shape of the model that a header describes.

    Raises:
        ModelFileError: A per-layer setting has another length than the model has layers, or makes no sense.
    """
    layers = _number(header, "block_count")
    heads = _per_layer(header, "attention.head_count", layers, 0)
    kv_heads = _kv_heads(header, layers, heads)
    embedding = _number(header, "embedding_length")
    head_size = embedding // min((count for count in heads if count), default=1) if any(heads) else 0
    latent = _number(header, "attention.key_length_mla") > 0 and _number(header, "attention.value_length_mla") > 0
    window = _number(header, "attention.sliding_window")
    return Shape(
        architecture=header.architecture,
        layers=layers,
        embedding=embedding,
        feed_forward=max(_per_layer(header, "feed_forward_length", layers, 0), default=0),
        vocabulary=_vocabulary(header),
        context_length=_number(header, "context_length"),
        heads=heads,
        kv_heads=kv_heads,
        key_length=_number(header, "attention.key_length") or head_size,
        value_length=_number(header, "attention.value_length") or head_size,
        window=window,
        windowed=_windowed(header, layers) if window else (False,) * layers,
        experts=_number(header, "expert_count"),
        experts_used=max(1, _number(header, "expert_used_count")),
        expert_feed_forward=_number(header, "expert_feed_forward_length"),
        experts_shared=_number(header, "expert_shared_count"),
        dense_layers=_number(header, "leading_dense_block_count"),
        shared_kv_layers=_number(header, "attention.shared_kv_layers"),
        versions=max(1, _number(header, "altup.num_inputs")),
        own_input=_number(header, "embedding_length_per_layer_input"),
        side_rank=_side_rank(header),
        sparse=tuple(bool(one) for one in _list(header, "activation_sparsity_scale")),
        latent_rank=_number(header, "attention.kv_lora_rank"),
        rope_dimensions=_number(header, "rope.dimension_count"),
        has_latent_cache=latent,
        convolution_width=_number(header, "shortconv.l_cache"),
        state_convolution=_number(header, "ssm.conv_kernel"),
        state_inner=_number(header, "ssm.inner_size"),
        state_size=_number(header, "ssm.state_size"),
        state_groups=_number(header, "ssm.group_count"),
        cross_attention_layers=_integers(header, "attention.cross_attention_layers"),
        is_embedder=header.own("pooling_type") is not None,
        has_vision=header.projector is not None or header.own("vision.block_count") is not None,
    )


def _kv_heads(header: GgufHeader, layers: int, heads: tuple[int, ...]) -> tuple[int, ...]:
    if header.own("attention.head_count_kv") is None:
        return heads
    return _per_layer(header, "attention.head_count_kv", layers, 0)


def _windowed(header: GgufHeader, layers: int) -> tuple[bool, ...]:
    """Which layers see only the window, as Ollama 0.15.6 assigns them (`model/models/*/model.go`)."""
    if header.architecture == "gemma3":
        return tuple((layer + 1) % GEMMA3_GLOBAL_EVERY != 0 for layer in range(layers))
    if header.architecture in ("gptoss", "gpt-oss", "gemma2"):
        return tuple(layer % 2 == 0 for layer in range(layers))
    pattern = header.own("attention.sliding_window_pattern")
    if isinstance(pattern, tuple):
        _same_length(header, "attention.sliding_window_pattern", len(pattern), layers)
        return tuple(bool(one) for one in pattern)
    return (False,) * layers


def _vocabulary(header: GgufHeader) -> int:
    tokens = header.metadata.get("tokenizer.ggml.tokens")
    if isinstance(tokens, tuple | LongArray) and len(tokens):
        return len(tokens)
    embedding = header.by_name.get("token_embd.weight")
    return embedding.shape[-1] if embedding and len(embedding.shape) == 2 else _number(header, "vocab_size")


def _per_layer(header: GgufHeader, key: str, layers: int, default: int) -> tuple[int, ...]:
    found = header.own(key)
    if isinstance(found, LongArray):
        _same_length(header, key, found.length, layers)
    if isinstance(found, tuple):
        _same_length(header, key, len(found), layers)
        numbers = tuple(int(one) for one in found if isinstance(one, int) and one >= 0)
        if len(numbers) != layers or max(numbers, default=0) > MOST:
            raise _nonsense(header, f"{key} holds something that is no count")
        return numbers
    return (_number(header, key) or default,) * layers


def _nonsense(header: GgufHeader, why: str) -> ModelFileError:
    return ModelFileError(
        f"the settings of {header.source or header.architecture or 'the model'} make no sense",
        why=why,
        next="the file is damaged or was made by a faulty program: fetch it again from its publisher",
    )


def _same_length(header: GgufHeader, key: str, length: int, layers: int) -> None:
    if length != layers:
        raise ModelFileError(
            f"{header.source or header.architecture} states {key} for {length} layers and has {layers}",
            why="which layer lacks its number cannot be known",
            next="the file is damaged or was made by a faulty program: fetch it again from its publisher",
        )


def _integers(header: GgufHeader, key: str) -> tuple[int, ...]:
    return tuple(int(one) for one in _list(header, key) if isinstance(one, int))


def _list(header: GgufHeader, key: str) -> tuple[Scalar, ...]:
    found = header.own(key)
    return found if isinstance(found, tuple) else ()


def _side_rank(header: GgufHeader) -> int:
    one = header.by_name.get("blk.0.laurel_l.weight")
    return one.shape[-1] if one else 0


def _number(header: GgufHeader, key: str) -> int:
    found = header.own(key)
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        return 0
    if found > MOST_OF.get(key, MOST):
        raise _nonsense(header, f"it states {found} for {key}")
    return found
