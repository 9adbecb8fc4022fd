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
@settings(max_examples=300, deadline=None)
def test_random_bytes_after_the_magic(data):
    read(b"GGUF\x03\0\0\0" + data)


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=8))
@settings(max_examples=500, deadline=None)
def test_a_valid_header_with_some_bytes_changed(at, change):
    found = read(WHOLE[:at] + change + WHOLE[at + len(change) :])
    if found is not None:
        compute(found)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.sampled_from([0, 1, 127, 128, 255])), max_size=6))
@settings(max_examples=300, deadline=None)
def test_a_valid_header_with_extreme_bytes(changes):
    data = bytearray(WHOLE)
    for at, value in changes:
        data[at] = value
    found = read(bytes(data))
    if found is not None:
        compute(found)


SETTINGS = [
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.sliding_window",
    "block_count",
    "context_length",
    "embedding_length",
    "feed_forward_length",
    "pooling_type",
    "shortconv.l_cache",
    "ssm.state_size",
]
NUMBERS = st.one_of(
    st.integers(0, 1 << 31), st.integers(0, 64), st.text(max_size=3), st.booleans(), st.floats(width=32)
)


@given(
    st.sampled_from(["llama", "gemma3", "lfm2", "gptoss", "deepseek2", "mllama", "bert", "qwen3", "other", ""]),
    st.dictionaries(
        st.sampled_from(SETTINGS),
        st.one_of(NUMBERS, st.lists(st.integers(0, 9), min_size=1, max_size=5)),
    ),
)
@settings(max_examples=300, deadline=None)
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
