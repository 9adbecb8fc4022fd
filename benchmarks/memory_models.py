"""The models of the memory benchmark: the real small one, and twins of one model or more of each architecture.

Shapes are those of the published models. Where the whole model would be too large, fewer of its blocks are made, which
the name says: `deepseek2-lite/4` has four. What a block takes and what a batch needs does not depend on how many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from memory_eyes import gemma3_4b, with_projector

from runbook.models import GgufHeader, find
from runbook.models.layout import Layout, header_of

Q4_K_M = {"default": "Q4_K", "output": "Q6_K", "attn_v": ("Q4_K", "Q6_K"), "ffn_down": ("Q4_K", "Q6_K")}
TIED_Q4_K_M = {**Q4_K_M, "token_embd": "Q6_K"}
# Rows that are no whole number of 256 weights.
SMALL_ROWS = {"default": "Q5_0", "token_embd": "Q8_0", "output": "Q8_0"}
F16 = {"default": "F16"}


@dataclass(frozen=True)
class Subject:
    """A model that is loaded.

    Attributes:
        name: What it is called.
        header: Its header, with that of its projector.
        file: The real file; None for a twin.
    """

    name: str
    header: GgufHeader
    file: Path | None = None


def subjects(real: Path | None) -> tuple[Subject, ...]:
    """Every model, the small ones first.

    Args:
        real: The file of gemma3:270m; None leaves it out.
    """
    found = [Subject("gemma3:270m", _of_catalogue("gemma3:270m"), real)] if real else []
    found += [Subject(name, _of_catalogue(name)) for name in ("qwen3:0.6b", "qwen2.5:0.5b", "gemma3:1b", "qwen3:1.7b")]
    found += [_cut("phi4-mini", 8), _cut("gemma2:9b", 4)]
    found += [Subject(one.name, one.header) for one in _published()]
    return tuple(found)


def _of_catalogue(name: str) -> GgufHeader:
    entry = find(name)
    if entry is None:
        raise KeyError(name)
    return entry.header


def _cut(name: str, blocks: int) -> Subject:
    """A model of the catalogue with fewer blocks."""
    entry = find(name)
    if entry is None:
        raise KeyError(name)
    layout = replace(entry.layout, metadata={**entry.layout.metadata, "block_count": blocks})
    return Subject(f"{name}/{blocks}", header_of(layout, f"{name}/{blocks}"))


def _sizes(
    blocks: int, embedding: int, inner: int, heads: int, kv_heads: int, size: int, trained: int
) -> dict[str, Any]:
    return {
        "block_count": blocks,
        "context_length": trained,
        "embedding_length": embedding,
        "feed_forward_length": inner,
        "attention.head_count": heads,
        "attention.head_count_kv": kv_heads,
        "attention.key_length": size,
        "attention.value_length": size,
        "rope.dimension_count": size,
    }


def _model(
    name: str,
    architecture: str,
    sizes: dict[str, Any],
    vocabulary: int,
    types: Mapping[str, Any],
    *,
    tied: bool = True,
    general: Mapping[str, Any] | None = None,
) -> Subject:
    layout = Layout(architecture, sizes, types, tied, vocabulary, general or {})
    return Subject(name, header_of(layout, name))


def _published() -> Iterator[Subject]:
    yield from _dense()
    yield from _with_experts()
    yield from _embedders()
    yield from _special()
    yield from _with_eyes()


def _with_eyes() -> Iterator[Subject]:
    yield Subject("moondream/4", with_projector("moondream", 4))
    yield Subject("llava:7b/2", with_projector("llava:7b", 2))
    yield Subject("gemma3:4b/6", gemma3_4b(6))


def _dense() -> Iterator[Subject]:
    llama = {**_sizes(16, 2048, 8192, 32, 8, 64, 131072), "rope_freqs": 32}
    yield _model("llama3.2:1b", "llama", llama, 128256, TIED_Q4_K_M)
    yield _model(
        "gemma:2b/6",
        "gemma",
        _sizes(6, 2048, 16384, 8, 1, 256, 8192),
        256000,
        {"default": "Q4_0", "token_embd": "Q6_K"},
    )
    yield _model("granite3.1-dense:2b/10", "granite", _sizes(10, 2048, 8192, 32, 8, 64, 131072), 49155, TIED_Q4_K_M)
    yield _model(
        "starcoder2:3b/10", "starcoder2", _sizes(10, 3072, 12288, 24, 2, 128, 16384), 49152, {"default": "Q4_0"}
    )
    yield _model("olmo2:1b", "olmo2", _sizes(16, 2048, 8192, 16, 16, 128, 4096), 100352, Q4_K_M, tied=False)
    yield _model(
        "command-r:35b/2", "command-r", _sizes(2, 8192, 22528, 64, 64, 128, 131072), 256000, {"default": "Q4_0"}
    )
    lfm2 = _sizes(16, 2048, 8192, 32, 8, 64, 128000)
    lfm2 |= {"attention.head_count_kv": (0, 0, 8, 0, 0, 8, 0, 0, 8, 0, 8, 0, 8, 0, 8, 0), "shortconv.l_cache": 3}
    yield _model("lfm2:1.2b", "lfm2", lfm2, 65536, TIED_Q4_K_M)


def _with_experts() -> Iterator[Subject]:
    moe = {**_sizes(24, 1024, 512, 16, 8, 64, 131072), "expert_count": 32, "expert_used_count": 8}
    yield _model("granite3.1-moe:1b", "granitemoe", moe, 49155, TIED_Q4_K_M)
    qwen = _sizes(3, 2048, 6144, 32, 4, 128, 262144)
    qwen |= {"expert_count": 128, "expert_used_count": 8, "expert_feed_forward_length": 768}
    yield _model("qwen3:30b-a3b/3", "qwen3moe", qwen, 151936, Q4_K_M, tied=False)
    oss = _sizes(2, 2880, 2880, 64, 8, 64, 131072)
    oss |= {
        "expert_count": 32,
        "expert_used_count": 4,
        "expert_feed_forward_length": 2880,
        "attention.sliding_window": 128,
    }
    kinds = {
        "default": "Q8_0",
        "ffn_gate_exps.weight": "MXFP4",
        **{f"ffn_{one}_exps": "MXFP4" for one in ("gate", "up", "down")},
    }
    yield _model("gpt-oss:20b/2", "gptoss", oss, 201088, kinds, tied=False)


def _embedders() -> Iterator[Subject]:
    yield _model("all-minilm", "bert", {**_sizes(6, 384, 1536, 12, 12, 32, 512), "pooling_type": 1}, 30522, F16)
    nomic = {**_sizes(12, 768, 3072, 12, 12, 64, 2048), "pooling_type": 1}
    yield _model("nomic-embed-text", "nomic-bert", nomic, 30522, F16)


def _special() -> Iterator[Subject]:
    shape = _sizes(4, 2048, 10944, 16, 16, 192, 163840) | {
        "attention.value_length": 128,
        "attention.kv_lora_rank": 512,
        "rope.dimension_count": 64,
        "expert_count": 64,
        "expert_used_count": 6,
        "expert_shared_count": 2,
        "expert_feed_forward_length": 1408,
        "leading_dense_block_count": 1,
        "expert_weights_scale": 1.0,
        "expert_gating_func": 1,
        "rope.scaling.type": "yarn",
        "rope.scaling.factor": 40.0,
        "rope.scaling.original_context_length": 4096,
        "rope.scaling.yarn_log_multiplier": 0.0707,
    }
    rows = {**Q4_K_M, "ffn_down_exps": "Q5_0", "ffn_down": "Q5_0"}
    # llama.cpp knows the small one by its 27 blocks.
    lite = {**shape, "block_count": 27, "expert_count": 8}
    for name, sizes, cut in (
        ("deepseek-v2:16b, 8 experts", lite, "deepseek-llm"),
        ("deepseek-v2:16b/4 as v3", shape, "deepseek-v3"),
    ):
        yield _model(name, "deepseek2", sizes, 102400, rows, tied=False, general={"tokenizer.ggml.pre": cut})
    olmo3 = _sizes(4, 4096, 11008, 32, 32, 128, 65536)
    olmo3 |= {"attention.sliding_window": 4096, "attention.sliding_window_pattern": (True, True, True, False)}
    yield _model("olmo3:7b/4", "olmo3", olmo3, 100278, Q4_K_M, tied=False)
    yield _model("ministral-3:3b/4", "mistral3", _sizes(4, 3072, 9216, 32, 8, 128, 262144), 131072, TIED_Q4_K_M)
    yield _model(
        "gemma3n:e2b/10",
        "gemma3n",
        _gemma3n(10),
        262144,
        {**SMALL_ROWS, "altup_proj": "F16", "altup_unembd_proj": "F16"},
    )


def _gemma3n(blocks: int) -> dict[str, Any]:
    """Four of five layers see only the window; the last third uses the keys and values of earlier ones."""
    return _sizes(blocks, 2048, 8192, 8, 2, 256, 32768) | {
        "altup.active_idx": 0,
        "altup.num_inputs": 4,
        "embedding_length_per_layer_input": 256,
        "vocab_size": 262144,
        "attention.sliding_window": 512,
        "attention.sliding_window_pattern": tuple((layer + 1) % 5 != 0 for layer in range(blocks)),
        "attention.shared_kv_layers": blocks // 2,
        "activation_sparsity_scale": tuple(1.6448536 if layer < blocks // 3 else 0.0 for layer in range(blocks)),
    }
