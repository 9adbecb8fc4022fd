"""The memory of the cache: keys and values of past tokens, and the state of layers that keep something else.

A layer takes kv_heads * (key_length + value_length) * cells * bytes per element. Ollama's own engine gives a windowed
layer window * parallel + batch cells where the context is longer, a full one context * parallel, both padded to 256;
gpt-oss keeps 4096 tokens of its window. llama.cpp keeps a stream per slot and the whole context in every layer
(`kvcache/causal.go`, `model/models/*` at 0.15.6; exact on all testable rows of the public logs).
"""

from __future__ import annotations

from typing import Final

from runbook.models.engine import BYTES_PER_ELEMENT, EngineName
from runbook.models.shape import Shape

PADDING_CELLS: Final = 256
# Tokens that are kept of a window that is shorter (`model/models/gptoss/model.go`).
WINDOW_MEMORY: Final = {"gptoss": 4096, "gpt-oss": 4096}
# Forced to one slot, since their state is not safe with more (`server/sched.go`).
ONE_SLOT: Final = frozenset(("lfm2", "lfm2moe", "mllama", "qwen3next", "qwen3vl", "qwen3vlmoe"))
NO_CACHE: Final = frozenset(("bert", "nomic-bert", "nomic-bert-moe"))
IMAGE_TOKENS: Final = 1601
IMAGE_TILES: Final = 4


def effective_parallel(shape: Shape, parallel: int) -> int:
    """Slots that Ollama really gives a model (OLLAMA_NUM_PARALLEL is a wish)."""
    return 1 if shape.is_embedder or shape.architecture in ONE_SLOT else max(1, parallel)


def kv_bytes(shape: Shape, engine: EngineName, *, context: int, batch: int, parallel: int, kv_type: str) -> int:
    """Bytes of the cache of all layers.

    Args:
        shape: The model's shape.
        engine: Which engine runs it.
        context: Tokens of one slot.
        batch: Tokens that are computed at once.
        parallel: Slots.
        kv_type: Type of the elements: f16, q8_0, q4_0.
    """
    if shape.architecture in NO_CACHE and engine == "ollama":
        return 0
    cells = layer_cells(shape, engine, context=context, batch=batch, parallel=parallel)
    element = BYTES_PER_ELEMENT[kv_type]
    attention = sum(
        int(cells[layer] * width * element) for layer, width in enumerate(_widths(shape)) if layer not in _cross(shape)
    )
    return attention + _image_bytes(shape) + state_bytes(shape, engine, parallel, kv_type)


def layer_cells(shape: Shape, engine: EngineName, *, context: int, batch: int, parallel: int) -> tuple[int, ...]:
    """Cells of the cache of each layer: tokens that it can hold over all slots."""
    if engine == "llama.cpp":
        return (_padded(context) * parallel,) * shape.layers
    full, windowed = _padded(context * parallel), _window_cells(shape, context, batch, parallel)
    owners = shape.layers - shape.shared_kv_layers
    return tuple(
        0 if layer >= owners else windowed if shape.is_windowed(layer) else full for layer in range(shape.layers)
    )


def state_bytes(shape: Shape, engine: EngineName, parallel: int, kv_type: str = "f16") -> int:
    """Bytes that layers without keys and values keep: short convolutions and state-space layers."""
    stateful = sum(1 for count in shape.kv_heads if not count)
    if shape.convolution_width:
        # The own engine keeps it in the type of the cache, llama.cpp in 32 bits.
        element = BYTES_PER_ELEMENT[kv_type if engine == "ollama" else "f32"]
        return int(stateful * (shape.convolution_width - 1) * shape.embedding * element * parallel)
    if not shape.state_size:
        return 0
    convolution = max(0, shape.state_convolution - 1) * (shape.state_inner + 2 * shape.state_groups * shape.state_size)
    return stateful * (convolution + shape.state_size * shape.state_inner) * 4 * parallel


def _widths(shape: Shape) -> tuple[int, ...]:
    if shape.has_latent_cache and shape.latent_rank:
        return (2 * shape.latent_rank + shape.rope_dimensions,) * shape.layers
    return tuple(count * (shape.key_length + shape.value_length) for count in shape.kv_heads)


def _window_cells(shape: Shape, context: int, batch: int, parallel: int) -> int:
    kept = WINDOW_MEMORY.get(shape.architecture, shape.window)
    if parallel > 1:
        # One more, so that the stop token can be taken back without losing the window.
        kept = max(kept, shape.window + 1)
    return _padded(context * parallel if kept >= context else kept * parallel + batch)


def _cross(shape: Shape) -> frozenset[int]:
    return frozenset(shape.cross_attention_layers)


def _image_bytes(shape: Shape) -> int:
    """Keys and values of the image in the layers that attend to it, in 32 bits (mllama)."""
    return sum(
        shape.kv_heads[layer] * (shape.key_length + shape.value_length) * IMAGE_TOKENS * IMAGE_TILES * 4
        for layer in shape.cross_attention_layers
        if layer < len(shape.kv_heads)
    )


def _padded(cells: int) -> int:
    return -(-cells // PADDING_CELLS) * PADDING_CELLS
