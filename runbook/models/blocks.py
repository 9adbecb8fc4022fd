"""The tensors of a block of each architecture, and what stands before and behind the blocks.

Names and shapes as llama.cpp's converters and Ollama 0.15.6 write and read them (`llama-model.cpp`, `model/models/*`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from runbook.models.settings import Settings

Rows = Iterator[tuple[str, tuple[int, ...]]]


def _attention(
    settings: Settings,
    layer: int,
    *,
    before: bool = True,
    biases: bool = False,
    output_bias: bool = False,
    norm_bias: bool = False,
    head_norms: bool = False,
    whole_norms: bool = False,
) -> Rows:
    """Queries, keys, values and output, each with a matrix of its own.

    Args:
        settings: The architecture's settings.
        layer: Which block.
        before: Whether a norm goes before it.
        biases: Whether queries, keys and values have biases.
        output_bias: Whether the output has one.
        norm_bias: Whether that norm has one.
        head_norms: Whether each head of queries and keys is normalised.
        whole_norms: Whether queries and keys are normalised as a whole.
    """
    width, key, value = settings.embedding, settings.key_length, settings.value_length
    heads = settings.at("attention.head_count", layer)
    kv_heads = settings.at("attention.head_count_kv", layer, heads)
    if before:
        yield from _norm("attn_norm", width, bias=norm_bias)
    for name, out in (("attn_q", heads * key), ("attn_k", kv_heads * key), ("attn_v", kv_heads * value)):
        yield f"{name}.weight", (width, out)
        if biases:
            yield f"{name}.bias", (out,)
    yield "attn_output.weight", (heads * value, width)
    if output_bias:
        yield "attn_output.bias", (width,)
    if head_norms or whole_norms:
        yield "attn_q_norm.weight", (key if head_norms else heads * key,)
        yield "attn_k_norm.weight", (key if head_norms else kv_heads * key,)


def _norm(name: str, width: int, *, bias: bool = False) -> Rows:
    yield f"{name}.weight", (width,)
    if bias:
        yield f"{name}.bias", (width,)


def _inner(
    settings: Settings, *, before: str = "ffn_norm", gated: bool = True, biases: bool = False, width: int = 0
) -> Rows:
    """The inner layer: a norm, up, down, and a gate."""
    embedding, inner = settings.embedding, width or settings.inner
    if before:
        yield from _norm(before, embedding, bias=biases)
    if gated:
        yield "ffn_gate.weight", (embedding, inner)
    yield "ffn_up.weight", (embedding, inner)
    yield "ffn_down.weight", (inner, embedding)
    if biases:
        yield "ffn_up.bias", (inner,)
        yield "ffn_down.bias", (embedding,)


def _experts(settings: Settings, *, before: str = "ffn_norm", biases: bool = False) -> Rows:
    """The inner layer as experts, and the router before them."""
    embedding, count = settings.embedding, settings.number("expert_count")
    inner = settings.number("expert_feed_forward_length", settings.inner)
    yield f"{before}.weight", (embedding,)
    yield "ffn_gate_inp.weight", (embedding, count)
    if biases:
        yield "ffn_gate_inp.bias", (count,)
    for name, rows, out in (("gate", embedding, inner), ("up", embedding, inner), ("down", inner, embedding)):
        yield f"ffn_{name}_exps.weight", (rows, out, count)
        if biases:
            yield f"ffn_{name}_exps.bias", (out, count)


def _common(settings: Settings, layer: int, *, biases: bool = False, head_norms: bool = False) -> Rows:
    yield from _attention(settings, layer, biases=biases, head_norms=head_norms)
    yield from _experts(settings) if settings.number("expert_count") else _inner(settings)


def _gemma2(settings: Settings, layer: int, *, head_norms: bool = False) -> Rows:
    yield from _common(settings, layer, head_norms=head_norms)
    yield from _norm("post_attention_norm", settings.embedding)
    yield from _norm("post_ffw_norm", settings.embedding)


def _olmo(settings: Settings, layer: int) -> Rows:
    yield from _attention(settings, layer, before=False, whole_norms=True)
    yield from _norm("post_attention_norm", settings.embedding)
    yield from _inner(settings, before="")
    yield from _norm("post_ffw_norm", settings.embedding)


def _command_r(settings: Settings, layer: int) -> Rows:
    yield from _attention(settings, layer)
    yield from _inner(settings, before="")


def _starcoder2(settings: Settings, layer: int) -> Rows:
    yield from _attention(settings, layer, biases=True, output_bias=True, norm_bias=True)
    yield from _inner(settings, gated=False, biases=True)


def _phi2(settings: Settings, layer: int) -> Rows:  # noqa: ARG001 - every block is the same
    embedding = settings.embedding
    for name, shape in (("attn_qkv", (embedding, 3 * embedding)), ("attn_output", (embedding, embedding))):
        yield f"{name}.weight", shape
        yield f"{name}.bias", shape[-1:]
    yield from _inner(settings, before="", gated=False, biases=True)
    yield from _norm("attn_norm", embedding, bias=True)


def _phi3(settings: Settings, layer: int) -> Rows:
    embedding, size = settings.embedding, settings.key_length
    heads, kv_heads = settings.at("attention.head_count", layer), settings.at("attention.head_count_kv", layer)
    yield "attn_norm.weight", (embedding,)
    yield "attn_qkv.weight", (embedding, (heads + 2 * kv_heads) * size)
    yield "attn_output.weight", (heads * size, embedding)
    yield "ffn_norm.weight", (embedding,)
    yield "ffn_up.weight", (embedding, 2 * settings.inner)
    yield "ffn_down.weight", (settings.inner, embedding)


def _gptoss(settings: Settings, layer: int) -> Rows:
    yield from _attention(settings, layer, biases=True, output_bias=True)
    yield "attn_sinks.weight", (settings.at("attention.head_count", layer),)
    yield from _experts(settings, before="post_attention_norm", biases=True)


def _lfm2(settings: Settings, layer: int) -> Rows:
    embedding = settings.embedding
    if settings.at("attention.head_count_kv", layer):
        yield from _attention(settings, layer, head_norms=True)
    else:
        yield "attn_norm.weight", (embedding,)
        yield "shortconv.conv.weight", (settings.number("shortconv.l_cache"), embedding)
        yield "shortconv.in_proj.weight", (embedding, 3 * embedding)
        yield "shortconv.out_proj.weight", (embedding, embedding)
    yield from _inner(settings)


def _bert(settings: Settings, layer: int) -> Rows:
    embedding = settings.embedding
    yield from _attention(settings, layer, before=False, biases=True, output_bias=True)
    yield from _norm("attn_output_norm", embedding, bias=True)
    yield from _inner(settings, before="", gated=False, biases=True)
    yield from _norm("layer_output_norm", embedding, bias=True)


def _nomic_bert(settings: Settings, layer: int) -> Rows:  # noqa: ARG001 - every block is the same
    embedding = settings.embedding
    yield "attn_qkv.weight", (embedding, 3 * embedding)
    yield "attn_output.weight", (embedding, embedding)
    yield from _norm("attn_output_norm", embedding, bias=True)
    yield from _inner(settings, before="")
    yield from _norm("layer_output_norm", embedding, bias=True)


def _deepseek2(settings: Settings, layer: int) -> Rows:
    """Compressed keys and values; the first blocks are dense, the others have experts and shared ones."""
    embedding, heads = settings.embedding, settings.number("attention.head_count")
    key, value = settings.number("attention.key_length"), settings.number("attention.value_length")
    rank, turned = settings.number("attention.kv_lora_rank"), settings.number("rope.dimension_count")
    yield "attn_norm.weight", (embedding,)
    yield "attn_q.weight", (embedding, heads * key)
    yield "attn_kv_a_mqa.weight", (embedding, rank + turned)
    yield "attn_kv_a_norm.weight", (rank,)
    yield "attn_kv_b.weight", (rank, heads * (key - turned + value))
    yield "attn_output.weight", (heads * value, embedding)
    if layer < settings.number("leading_dense_block_count"):
        yield from _inner(settings)
        return
    yield from _experts(settings)
    shared = settings.number("expert_shared_count") * settings.number("expert_feed_forward_length")
    for name, shape in _inner(settings, before="", width=shared):
        yield name.replace(".weight", "_shexp.weight"), shape


def _gemma3n(settings: Settings, layer: int) -> Rows:
    """The common block, four versions of the state, and a small input of its own for each layer."""
    embedding, own = settings.embedding, settings.number("embedding_length_per_layer_input")
    versions, rank = settings.number("altup.num_inputs"), settings.number("laurel.rank", 64)
    yield from _gemma2(settings, layer, head_norms=True)
    for name, shape in (
        ("altup_correct_coef", (versions, versions)),
        ("altup_correct_scale", (embedding,)),
        ("altup_predict_coef", (versions, versions * versions)),
        ("altup_router", (embedding, versions)),
        ("altup_router_norm", (embedding,)),
        ("laurel_l", (embedding, rank)),
        ("laurel_r", (rank, embedding)),
        ("laurel_post_norm", (embedding,)),
        ("inp_gate", (embedding, own)),
        ("proj", (own, embedding)),
        ("post_norm", (embedding,)),
    ):
        yield f"{name}.weight", shape


BLOCKS: Final[Mapping[str, Callable[[Settings, int], Rows]]] = {
    "bert": _bert,
    "command-r": _command_r,
    "deepseek2": _deepseek2,
    "gemma": _common,
    "gemma2": _gemma2,
    "gemma3": partial(_gemma2, head_norms=True),
    "gemma3n": _gemma3n,
    "gptoss": _gptoss,
    "granite": _common,
    "granitemoe": _common,
    "lfm2": _lfm2,
    "llama": _common,
    "mistral3": _common,
    "nomic-bert": _nomic_bert,
    "olmo2": _olmo,
    "olmo3": _olmo,
    "phi2": _phi2,
    "phi3": _phi3,
    "qwen2": partial(_common, biases=True),
    "qwen3": partial(_common, head_norms=True),
    "qwen3moe": partial(_common, head_norms=True),
    "starcoder2": _starcoder2,
}


def _nothing(settings: Settings) -> Rows:  # noqa: ARG001 - the embeddings are all there is
    yield from ()


def _before_bert(settings: Settings) -> Rows:
    yield "token_types.weight", (settings.embedding, 2)
    yield from _norm("token_embd_norm", settings.embedding, bias=True)


def _before_positions(settings: Settings) -> Rows:
    yield "position_embd.weight", (settings.embedding, settings.number("context_length"))
    yield from _before_bert(settings)


def _before_gemma3n(settings: Settings) -> Rows:
    embedding, versions = settings.embedding, settings.number("altup.num_inputs")
    own, layers = settings.number("embedding_length_per_layer_input"), settings.number("block_count")
    yield "per_layer_token_embd.weight", (own * layers, settings.number("vocab_size"))
    yield "per_layer_model_proj.weight", (embedding, own * layers)
    yield "per_layer_proj_norm.weight", (own,)
    yield "altup_proj.weight", (embedding, embedding, versions - 1)
    yield "altup_unembd_proj.weight", (embedding, embedding, versions - 1)


def _norm_at_the_end(settings: Settings, *, bias: bool = False) -> Rows:
    yield from _norm("output_norm", settings.embedding, bias=bias)
    factors = settings.number("rope_factors")
    if factors:
        yield "rope_factors_long.weight", (factors,)
        yield "rope_factors_short.weight", (factors,)
    if settings.number("rope_freqs"):
        yield "rope_freqs.weight", (settings.number("rope_freqs"),)


def _lfm2_end(settings: Settings) -> Rows:
    yield from _norm("token_embd_norm", settings.embedding)


BEGINNINGS: Final[Mapping[str, Callable[[Settings], Rows]]] = {
    "": _nothing,
    "bert": _before_positions,
    "gemma3n": _before_gemma3n,
    "nomic-bert": _before_bert,
}
ENDS: Final[Mapping[str, Callable[[Settings], Rows]]] = {
    "": _norm_at_the_end,
    "bert": _nothing,
    "lfm2": _lfm2_end,
    "nomic-bert": _nothing,
    "phi2": partial(_norm_at_the_end, bias=True),
    "starcoder2": partial(_norm_at_the_end, bias=True),
}
