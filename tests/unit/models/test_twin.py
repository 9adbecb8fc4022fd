import dataclasses

import numpy as np
import pytest

from runbook.errors import UsageError
from runbook.models import estimate, find, read_gguf
from runbook.models.filling import FORMS, can_fill, filled
from runbook.models.gguf import GgufHeader, tensor
from runbook.models.layout import Layout, header_of
from runbook.models.tensor_types import BY_NAME
from runbook.models.twin import twin_metadata, twin_name, write_twin
from runbook.models.vocabulary import vocabulary
from runbook.models.writing import header_bytes, write_gguf

TINY = Layout(
    "qwen3",
    {
        "block_count": 2,
        "context_length": 1024,
        "embedding_length": 256,
        "feed_forward_length": 512,
        "attention.head_count": 4,
        "attention.head_count_kv": 2,
        "attention.key_length": 64,
        "attention.value_length": 64,
    },
    {"default": "Q4_K", "output": "Q6_K", "attn_v": "F16", "ffn_down": ("Q4_0", "Q8_0")},
    False,
    400,
)
MODEL = header_of(TINY, "tiny:1m")


def test_a_twin_has_exactly_the_tensors_and_settings_of_its_model(tmp_path):
    twin = write_twin(MODEL, tmp_path / "twin.gguf")
    found = read_gguf(twin.path)
    assert found.tensors == MODEL.tensors
    assert found.metadata.items() >= MODEL.metadata.items()
    assert twin.bytes == twin.path.stat().st_size
    settings = {"context_length": 512, "kv_type": "q8_0"}
    expected = dataclasses.replace(estimate(MODEL, **settings), model="twin.gguf")
    assert estimate(found, **settings) == expected


def test_a_twin_says_everywhere_that_it_is_one(tmp_path):
    found = read_gguf(write_twin(MODEL, tmp_path / "twin.gguf").path)
    assert found.metadata["general.name"] == "twin of tiny:1m"
    assert "no meaning" in found.metadata["general.description"]
    assert twin_name("library/qwen3:1.7b") == "twin-library-qwen3:1.7b"


def test_the_same_seed_gives_the_same_file_and_another_one_another(tmp_path):
    files = [
        write_twin(MODEL, tmp_path / f"{place}.gguf", seed=seed).path.read_bytes()
        for place, seed in enumerate((1, 1, 2))
    ]
    assert files[0] == files[1] != files[2]


def test_nothing_is_left_of_a_twin_that_cannot_be_finished(tmp_path):
    def broken():
        yield b"some"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_gguf(tmp_path / "twin.gguf", {}, MODEL.tensors[:1], [broken()])
    assert list(tmp_path.iterdir()) == []


def test_a_type_that_cannot_be_made_up_is_refused_with_its_tensor(tmp_path):
    odd = GgufHeader(3, MODEL.metadata, (tensor("blk.0.ffn_up.weight", (256, 2), BY_NAME["IQ1_M"].number),))
    with pytest.raises(UsageError, match=r"IQ1_M \(blk\.0\.ffn_up\.weight\)"):
        write_twin(odd, tmp_path / "twin.gguf")


@pytest.mark.parametrize("kind", [*FORMS, "F32", "F16", "BF16"])
def test_every_type_fills_exactly_the_tensors_size(kind):
    one = tensor("blk.0.ffn_up.weight", (512, 3), BY_NAME[kind].number)
    assert can_fill(one)
    assert sum(len(bytes(piece)) for piece in filled(one, 0)) == one.bytes


@pytest.mark.parametrize("kind", [name for name, form in FORMS.items() if form.halves])
def test_the_scales_of_every_block_are_finite_and_small(kind):
    one = tensor("blk.0.ffn_up.weight", (512, 30), BY_NAME[kind].number)
    blocks = np.frombuffer(b"".join(bytes(piece) for piece in filled(one, 0)), np.uint8)
    blocks = blocks.reshape(-1, BY_NAME[kind].block_bytes)
    for place, value in FORMS[kind].halves:
        scales = np.ascontiguousarray(blocks[:, place : place + 2]).view(np.float16)
        assert np.all(scales == np.float16(value))
        assert abs(value) < 0.1


@pytest.mark.parametrize(("kind", "offset", "middle"), [("Q8_0", 2, 0.0), ("Q4_0", 2, 8.0)])
def test_weights_are_centred_and_have_the_spread_that_is_meant(kind, offset, middle):
    one = tensor("blk.0.ffn_up.weight", (512, 200), BY_NAME[kind].number)
    blocks = np.frombuffer(b"".join(bytes(piece) for piece in filled(one, 0)), np.uint8)
    blocks = blocks.reshape(-1, BY_NAME[kind].block_bytes)[:, offset:]
    values = blocks.view(np.int8).astype(float) if kind == "Q8_0" else (blocks & 15).astype(float)
    weights = (values - middle) * FORMS[kind].halves[0][1]
    assert abs(weights.mean()) < 0.003
    assert 0.017 < weights.std() < 0.023


def test_norms_are_ones_and_biases_are_nothing():
    norm, bias = (tensor(f"blk.0.attn_norm.{kind}", (8,), 0) for kind in ("weight", "bias"))
    assert np.all(np.frombuffer(b"".join(filled(norm, 0)), np.float32) == 1)
    assert np.all(np.frombuffer(b"".join(filled(bias, 0)), np.float32) == 0)


@pytest.mark.parametrize("kind", ["gpt2", "llama", "bert"])
def test_a_vocabulary_has_its_size_and_no_word_twice(kind):
    words = vocabulary(kind, 1000)
    tokens = words["tokenizer.ggml.tokens"]
    assert len(tokens) == len(set(tokens)) == len(words["tokenizer.ggml.token_type"]) == 1000


def test_the_vocabulary_of_a_twin_is_of_the_kind_that_its_architecture_has():
    for name, kind in (("qwen3:1.7b", "gpt2"), ("gemma3:1b", "llama"), ("moondream", "gpt2"), ("mistral:7b", "llama")):
        metadata = twin_metadata(find(name).header, name)
        assert metadata["tokenizer.ggml.model"] == kind
        assert len(metadata["tokenizer.ggml.tokens"]) == find(name).stored.vocabulary


def test_every_kind_of_value_is_read_as_it_was_written(tmp_path):
    metadata = {"a": 1, "b": -1, "c": 1 << 40, "d": True, "e": 0.5, "f": "Wort", "g": [1, 2], "h": ["x"], "i": [0.5]}
    write_gguf(tmp_path / "values.gguf", metadata, (), ())
    expected = {key: tuple(value) if isinstance(value, list) else value for key, value in metadata.items()}
    assert read_gguf(tmp_path / "values.gguf").metadata == expected


def test_a_tensor_of_unknown_size_is_not_written():
    with pytest.raises(ValueError, match="unknown type 77"):
        header_bytes({}, (tensor("odd", (4,), 77),))
