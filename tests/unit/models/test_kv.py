"""The cache, by the public cases and the public logs."""

import pytest

from runbook.errors import ModelFileError
from runbook.models import estimate, read_gguf, shape_of
from runbook.models.kv import kv_bytes, layer_cells, state_bytes
from runbook.models.shape import Shape

LLAMA32_3B = {
    "general.architecture": "llama",
    "llama.block_count": 28,
    "llama.attention.head_count": 24,
    "llama.attention.head_count_kv": 8,
    "llama.attention.key_length": 128,
    "llama.attention.value_length": 128,
    "llama.context_length": 131072,
}
LFM2 = {
    "general.architecture": "lfm2",
    "lfm2.block_count": 16,
    "lfm2.embedding_length": 2048,
    "lfm2.context_length": 128000,
    "lfm2.attention.head_count": 32,
    "lfm2.attention.head_count_kv": [0, 0, 8, 0, 0, 8, 0, 0, 8, 0, 8, 0, 8, 0, 8, 0],
    "lfm2.shortconv.l_cache": 3,
}


@pytest.mark.parametrize(
    ("context", "expected"), [(2048, 234881024), (4096, 469762048), (8192, 939524096), (131072, 15032385536)]
)
def test_rc_04_the_trained_context_of_a_3b_model_costs_14_gib(build, context, expected):
    header = read_gguf(build("llama.gguf", LLAMA32_3B))
    assert estimate(header, context_length=context).kv_bytes == expected


@pytest.mark.parametrize(("context", "expected"), [(4096, 50331648), (32768, 402653184)])
def test_rc_29_layers_without_heads_keep_no_keys(build, context, expected):
    shape = shape_of(read_gguf(build("lfm2.gguf", LFM2)))
    assert shape.key_length == 64
    assert sum(shape.kv_heads) == 48
    whole = kv_bytes(shape, "ollama", context=context, batch=512, parallel=1, kv_type="f16")
    state = state_bytes(shape, "ollama", 1)
    assert whole - state == expected
    assert 0 < state < 1 << 20


def test_rc_29_one_number_counts_for_every_layer(build):
    lfm2 = LFM2 | {"lfm2.block_count": 35, "lfm2.attention.head_count_kv": 1}
    assert shape_of(read_gguf(build("one.gguf", lfm2))).kv_heads == (1,) * 35


def test_rc_29_a_list_of_another_length_is_refused(build):
    lfm2 = LFM2 | {"lfm2.attention.head_count_kv": [0, 0, 8, 0, 0, 8, 0, 0, 8, 0, 8, 0, 8, 0, 8]}
    with pytest.raises(ModelFileError, match="for 15 layers and has 16"):
        estimate(read_gguf(build("bad.gguf", lfm2)))


def test_rc_29_parallel_slots_have_no_effect_on_lfm2(build):
    header = read_gguf(build("lfm2.gguf", LFM2))
    found = estimate(header, context_length=4096, parallel=4)
    assert found.parallel == 1
    assert found.kv_bytes == estimate(header, context_length=4096).kv_bytes
    assert "loaded with 1" in " ".join(found.warnings)


GPT_OSS = {
    "general.architecture": "gptoss",
    "gptoss.block_count": 24,
    "gptoss.embedding_length": 2880,
    "gptoss.context_length": 131072,
    "gptoss.attention.head_count": 64,
    "gptoss.attention.head_count_kv": 8,
    "gptoss.attention.key_length": 64,
    "gptoss.attention.value_length": 64,
    "gptoss.attention.sliding_window": 128,
    "gptoss.expert_count": 32,
    "gptoss.expert_used_count": 4,
}


@pytest.mark.parametrize(("context", "expected"), [(4096, 201326592), (8192, 314572800), (131072, 3334471680)])
def test_rc_31_gpt_oss_keeps_4096_tokens_of_its_window(build, context, expected):
    assert estimate(read_gguf(build("oss.gguf", GPT_OSS)), context_length=context).kv_bytes == expected


def gemma(context: int, parallel: int = 1) -> tuple[int, ...]:
    shape = Shape("gemma3", 6, 1152, 6912, 262144, 32768, (4,) * 6, (1,) * 6, 256, 256, 512, (True,) * 5 + (False,))
    return layer_cells(shape, "ollama", context=context, batch=512, parallel=parallel)


def test_a_windowed_layer_holds_the_window_and_a_batch():
    assert gemma(4096) == (1024,) * 5 + (4096,)


def test_with_two_slots_a_window_holds_one_token_more_each_and_is_padded():
    assert gemma(4096, 2) == (1792,) * 5 + (8192,)


def test_a_context_within_the_window_makes_every_layer_full():
    assert gemma(512) == (512,) * 6


def test_llama_cpp_keeps_the_whole_context_in_every_layer():
    shape = Shape("gemma2", 2, 64, 64, 10, 8192, (4, 4), (2, 2), 16, 16, 4096, (True, False))
    assert layer_cells(shape, "llama.cpp", context=8192, batch=512, parallel=2) == (16384, 16384)


def test_shared_layers_of_gemma3n_keep_nothing():
    shape = Shape("gemma3n", 4, 64, 64, 10, 8192, (4,) * 4, (2,) * 4, 16, 16, 0, (False,) * 4, shared_kv_layers=2)
    assert layer_cells(shape, "ollama", context=1024, batch=512, parallel=1) == (1024, 1024, 0, 0)


def test_the_compressed_form_keeps_rank_and_position_once_per_token():
    """DeepSeek with its compressed cache: keys of 512 + 64 and values of 512, one head."""
    shape = Shape(
        "deepseek2", 1, 64, 64, 10, 8192, (16,), (16,), 192, 128, latent_rank=512, rope_dimensions=64,
        has_latent_cache=True,
    )  # fmt: skip
    assert kv_bytes(shape, "ollama", context=256, batch=256, parallel=1, kv_type="f16") == 256 * 1088 * 2


def test_a_quantised_cache_takes_34_bytes_for_32_elements():
    shape = Shape("llama", 1, 64, 64, 10, 8192, (4,), (4,), 64, 64)
    sizes = [
        kv_bytes(shape, "llama.cpp", context=256, batch=256, parallel=1, kv_type=kind)
        for kind in ("f16", "q8_0", "q4_0")
    ]
    assert sizes == [256 * 512 * 2, 256 * 512 * 34 // 32, 256 * 512 * 18 // 32]
