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
    assert found.resident_bytes == parts + found.runtime_bytes


def test_an_unknown_architecture_is_a_lower_bound_and_says_so():
    header = GgufHeader(3, {"general.architecture": "newest", "newest.block_count": 2}, ())
    found = estimate(header)
    assert found.lower_bound
    assert "newest is not known" in found.warnings[0]


def test_an_architecture_whose_graph_was_not_measured_says_so():
    header = GgufHeader(3, {"general.architecture": "deepseek2", "deepseek2.block_count": 1}, ())
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
    scores = 729 * 729 * 16 * 4
    assert estimate(with_projector).projector_bytes == 909_777_984 + scores
    assert estimate(with_projector).total_bytes - estimate(plain).total_bytes == 909_777_984 + scores


def test_the_projector_of_llava_computes_in_what_the_public_log_says():
    """577 patches there, one more than the image has: 21.55 MiB with what is small."""
    found = estimate(find("llava:7b"))
    assert abs(found.projector_bytes / MIB - 595.49 - 21.55) < 1.5


def test_a_model_with_eyes_of_its_own_reserves_an_image_and_is_a_lower_bound(build):
    """gemma3:4b in the public logs: a graph of 1.1 GiB, given to a tenth."""
    vision = {"image_size": 896, "patch_size": 14, "embedding_length": 1152, "feed_forward_length": 4304}
    metadata = {f"gemma3.vision.{key}": value for key, value in vision.items()}
    metadata |= {"general.architecture": "gemma3", "gemma3.block_count": 34, "gemma3.embedding_length": 2560}
    metadata |= {"gemma3.vision.attention.head_count": 16, "gemma3.vision.block_count": 27}
    found = estimate(read_gguf(build("eyes.gguf", metadata, [("v.patch_embd.weight", (14, 14), 0)])))
    assert abs(found.graph_bytes / MIB - 1126.4) < 51
    assert found.lower_bound
    assert found.context_length == 4096
