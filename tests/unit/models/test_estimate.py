"""Whole estimates against what the real 0.15.6 server reported."""

from dataclasses import replace

import pytest

from runbook.models import estimate, find, read_gguf
from runbook.models.gguf import GgufHeader

MIB = 1 << 20


def test_the_small_model_is_reported_to_the_byte():
    found = estimate(find("gemma3:270m"), context_length=2048, kv_type="q8_0")
    assert found.reported_bytes == 456_991_232
    assert round(found.weights_bytes / MIB, 1) == 405.2
    assert round(found.kv_bytes / MIB, 1) == 11.2
    assert round(found.graph_bytes / MIB, 1) == 19.5


def test_qwen3_is_reported_to_the_byte_and_its_processes_are_close():
    found = estimate(find("qwen3:1.7b"), context_length=4096, kv_type="q8_0")
    assert found.reported_bytes == 1_657_415_680
    assert abs(found.resident_bytes - 1_756_033_024) < max(48 * MIB, 0.03 * 1_756_033_024)


@pytest.mark.parametrize(("model", "reported"), [("qwen3:0.6b", 670_829_568), ("gemma3:1b", 1_189_529_856)])
def test_their_twins_are_reported_to_the_byte(model, reported):
    assert estimate(find(model), context_length=2048, kv_type="q8_0").reported_bytes == reported


def test_moondream_is_reported_to_the_byte_and_takes_twice_as_much():
    found = estimate(find("moondream"), context_length=2048, kv_type="q8_0")
    assert found.reported_bytes == 1_170_530_304
    assert abs(found.resident_bytes - 2_240_436 * 1024) < max(48 * MIB, 0.03 * 2_240_436 * 1024)
    assert any("less than the model takes" in warning for warning in found.warnings)
    assert any("cache stays f16" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("model", "f16", "q8_0"), [("qwen3:1.7b", 448, 238), ("qwen3:0.6b", 448, 238), ("gemma3:1b", 38, 20.2)]
)
def test_the_cache_at_4096_is_that_of_the_plan_corrected(model, f16, q8_0):
    for kind, expected in (("f16", f16), ("q8_0", q8_0)):
        found = estimate(find(model), context_length=4096, kv_type=kind)
        assert found.kv_bytes / MIB == pytest.approx(expected, abs=0.06)


def test_the_parts_add_up():
    found = estimate(find("moondream"))
    parts = found.weights_bytes + found.kv_bytes + found.graph_bytes + found.projector_bytes
    assert found.total_bytes == parts
    # Logits of one token are used, and memory for those of 512 is allocated.
    unused = 511 * 51_200 * 4
    assert 0 < parts + found.runtime_bytes - found.resident_bytes <= unused


def test_a_schema_adds_what_a_grammar_keeps_of_the_vocabulary():
    """gemma3:270m went from about 470 to 860 MiB with the first request for one."""
    plain, asked = (estimate(find("gemma3:270m"), structured=structured) for structured in (False, True))
    assert plain.structured_bytes == 0
    assert asked.resident_bytes - plain.resident_bytes == asked.structured_bytes
    assert abs(asked.structured_bytes / MIB - 390) < 48


def test_an_unknown_architecture_is_a_lower_bound_and_says_so():
    header = GgufHeader(3, {"general.architecture": "newest", "newest.block_count": 2}, ())
    found = estimate(header)
    assert found.lower_bound
    assert "newest is not known" in found.warnings[0]


def test_an_architecture_whose_graph_was_not_measured_says_so():
    header = GgufHeader(3, {"general.architecture": "mllama", "mllama.block_count": 1}, ())
    found = estimate(header)
    assert not found.lower_bound
    assert "was not held against a server" in found.warnings[0]


def test_a_known_architecture_is_no_lower_bound():
    assert not estimate(find("qwen3:1.7b")).lower_bound


def test_an_embedder_gets_one_slot(build):
    header = read_gguf(build("b.gguf", {"general.architecture": "bert", "bert.pooling_type": 1, "bert.block_count": 1}))
    assert estimate(header, parallel=4).parallel == 1


def test_a_bandwidth_gives_a_speed_and_none_gives_none():
    assert estimate(find("qwen3:1.7b")).decode_tokens_per_second is None
    found = estimate(find("qwen3:1.7b"), bandwidth_gb_per_s=38).decode_tokens_per_second
    assert found.low < found.expected < found.high


def test_a_projector_on_the_same_model_changes_engine_and_total():
    plain = find("mistral:7b").header
    with_projector = replace(plain, projector=find("moondream").header.projector)
    added = estimate(with_projector).projector_bytes
    assert abs(added - 909_777_984 - 30.83 * MIB) < 0.05 * MIB
    assert estimate(with_projector).total_bytes - estimate(plain).total_bytes == added


@pytest.mark.parametrize("name", ["moondream", "llava:7b"])
def test_a_projector_of_the_catalogue_has_the_size_of_its_file(name):
    entry = find(name)
    assert abs(entry.header.projector.tensor_bytes - entry.projector.bytes) < 30_000


def test_the_projector_of_llava_computes_in_what_the_public_log_says():
    """Weights of 595.49 MiB and a compute buffer of 21.55 MiB."""
    assert abs(estimate(find("llava:7b")).projector_bytes / MIB - 595.49 - 21.55) < 0.02


def test_a_projector_of_another_kind_is_a_lower_bound(build):
    other = replace(find("moondream").header.projector, metadata={"clip.projector_type": "resampler"})
    found = estimate(replace(find("mistral:7b").header, projector=other))
    assert found.lower_bound
    assert any("not held against a server" in warning for warning in found.warnings)


EYES = {"block_count": 27, "image_size": 896, "patch_size": 14, "embedding_length": 1152, "feed_forward_length": 4304}


def eyes(build, architecture):
    metadata = {f"{architecture}.vision.{key}": value for key, value in EYES.items()}
    metadata |= {"general.architecture": architecture, f"{architecture}.block_count": 34}
    metadata |= {f"{architecture}.embedding_length": 2560, f"{architecture}.vision.attention.head_count": 16}
    metadata |= {f"{architecture}.attention.{one}": 256 for one in ("key_length", "value_length")}
    tensors = [("v.patch_embedding.bias", (1152,), 0), ("mm.mm_input_projection.weight", (2560, 1152), 1)]
    return read_gguf(build("eyes.gguf", metadata, tensors))


def test_without_flash_attention_an_image_costs_a_gigabyte_and_with_it_a_tenth(build):
    """gemma3:4b in the public logs, before it had flash attention: a graph of 1.1 GiB, given to a tenth."""
    header = eyes(build, "gemma3")
    assert abs(estimate(header, flash_attention=False).graph_bytes / MIB - 1126.4) < 51
    assert estimate(header).graph_bytes / MIB == pytest.approx(121.25, abs=0.1)
    assert estimate(header).lower_bound


def test_other_models_with_eyes_of_their_own_are_a_lower_bound(build):
    found = estimate(eyes(build, "llama4"))
    assert found.lower_bound
    assert found.context_length == 4096
