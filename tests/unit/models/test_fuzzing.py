"""Whatever the bytes are, a header is read or refused: never another error, never long, never large."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from runbook.errors import ModelFileError
from runbook.models import GgufHeader, estimate, read_header
from tests.unit.models.conftest import gguf_bytes

METADATA = {
    "general.architecture": "llama",
    "llama.block_count": 3,
    "llama.attention.head_count": 8,
    "llama.attention.head_count_kv": [2, 2, 2],
    "llama.embedding_length": 64,
    "llama.context_length": 2048,
    "general.alignment": 32,
    "tokenizer.ggml.tokens": ["a", "b"],
}
WHOLE, SIZE = gguf_bytes(METADATA, [("token_embd.weight", (64, 32), 8), ("blk.0.attn_q.weight", (64, 64), 2)])


def read(data: bytes) -> GgufHeader | None:
    start = time.perf_counter()
    try:
        return read_header(lambda at, count: data[at : at + count], source="fuzzed")
    except ModelFileError as error:
        assert error.what
        assert error.why
        return None
    finally:
        assert time.perf_counter() - start < 5


@given(st.binary(max_size=400))
@settings(max_examples=800, deadline=None)
def test_random_bytes_after_the_magic(data):
    read(b"GGUF\x03\0\0\0" + data)


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=8))
@settings(max_examples=1000, deadline=None)
def test_a_valid_header_with_some_bytes_changed(at, change):
    found = read(WHOLE[:at] + change + WHOLE[at + len(change) :])
    if found is not None:
        compute(found)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.sampled_from([0, 1, 127, 128, 255])), max_size=6))
@settings(max_examples=800, deadline=None)
def test_a_valid_header_with_extreme_bytes(changes):
    data = bytearray(WHOLE)
    for at, value in changes:
        data[at] = value
    found = read(bytes(data))
    if found is not None:
        compute(found)


SETTINGS = [
    "activation_sparsity_scale",
    "altup.num_inputs",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.key_length_mla",
    "attention.kv_lora_rank",
    "attention.shared_kv_layers",
    "attention.sliding_window",
    "block_count",
    "context_length",
    "embedding_length",
    "embedding_length_per_layer_input",
    "expert_count",
    "expert_feed_forward_length",
    "expert_shared_count",
    "expert_used_count",
    "feed_forward_length",
    "leading_dense_block_count",
    "mm_tokens_per_image",
    "pooling_type",
    "rope.dimension_count",
    "shortconv.l_cache",
    "ssm.state_size",
    "vision.attention.head_count",
    "vision.block_count",
    "vision.embedding_length",
    "vision.image_size",
    "vision.patch_size",
]
ARCHITECTURES = [
    *("bert", "command-r", "deepseek2", "gemma3", "gemma3n", "gptoss", "lfm2", "llama", "mistral3", "mllama"),
    *("nomic-bert", "olmo2", "olmo3", "other", "qwen3", "qwen3moe", ""),
]
NUMBERS = st.one_of(
    st.integers(0, 1 << 31), st.integers(0, 64), st.text(max_size=3), st.booleans(), st.floats(width=32)
)


@given(
    st.sampled_from(ARCHITECTURES),
    st.dictionaries(
        st.sampled_from(SETTINGS),
        st.one_of(NUMBERS, st.lists(st.integers(0, 9), min_size=1, max_size=5)),
    ),
)
@settings(max_examples=800, deadline=None)
def test_settings_that_make_no_sense_are_computed_or_refused(architecture, values):
    settings_ = {f"{architecture}.{name}": tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    compute(GgufHeader(3, {"general.architecture": architecture, **settings_}, ()))


def compute(header: GgufHeader) -> None:
    try:
        found = estimate(header, context_length=2048, kv_type="q8_0", parallel=2)
    except ModelFileError:
        return
    assert found.kv_bytes >= 0
    assert found.total_bytes >= found.weights_bytes


SOUND = {
    "attention.head_count": 4,
    "attention.head_count_kv": 2,
    "attention.key_length": 16,
    "attention.value_length": 16,
    "altup.num_inputs": 4,
    "block_count": 3,
    "context_length": 512,
    "embedding_length": 64,
    "embedding_length_per_layer_input": 8,
    "expert_count": 8,
    "expert_used_count": 2,
    "feed_forward_length": 128,
    "vision.attention.head_count": 2,
    "vision.block_count": 2,
    "vision.embedding_length": 32,
    "vision.image_size": 28,
    "vision.patch_size": 14,
}
HOSTILE = st.sampled_from([0, 1, 3, 255, 65_535, 1 << 20, 1 << 31, 1 << 62])


@given(
    st.sampled_from(ARCHITECTURES),
    st.dictionaries(st.sampled_from(SETTINGS), HOSTILE, min_size=1, max_size=3),
    st.booleans(),
)
@settings(max_examples=800, deadline=None)
def test_a_sound_model_with_some_hostile_settings_is_computed_soon_or_refused(architecture, values, experts):
    sound = {key: value for key, value in SOUND.items() if experts or not key.startswith("expert")}
    named = {f"{architecture}.{key}": value for key, value in {**sound, **values}.items()}
    start = time.perf_counter()
    compute(GgufHeader(3, {"general.architecture": architecture, **named}, ()))
    assert time.perf_counter() - start < 5
