from dataclasses import replace

import pytest

from runbook.models import engine_of, find, read_gguf, shape_of
from runbook.models.gguf import GgufHeader


def run(name, kv_type="f16", flash=None):
    header = find(name).header
    return engine_of(header, shape_of(header), kv_type, flash)


def test_qwen3_takes_a_quantised_cache_without_being_told():
    found = run("qwen3:1.7b", "q8_0")
    assert (found.name, found.flash_attention, found.kv_type) == ("ollama", True, "q8_0")


def test_qwen3_with_flash_attention_off_keeps_f16_and_says_why():
    found = run("qwen3:1.7b", "q8_0", flash=False)
    assert found.kv_type == "f16"
    assert "needs flash attention" in found.kv_type_reason


def test_moondream_drops_a_quantised_cache_unless_flash_attention_is_set():
    dropped, told = run("moondream", "q8_0"), run("moondream", "q8_0", flash=True)
    assert (dropped.name, dropped.kv_type) == ("llama.cpp", "f16")
    assert "OLLAMA_FLASH_ATTENTION=1" in dropped.kv_type_reason
    assert dropped.flash_attention
    assert told.kv_type == "q8_0"


@pytest.mark.parametrize("kind", ["q5_1", "bf16", "nonsense"])
@pytest.mark.parametrize("model", ["qwen3:1.7b", "moondream"])
def test_a_type_that_ollama_does_not_take_leaves_f16(model, kind):
    assert run(model, kind, flash=True).kv_type == "f16"


def test_a_projector_of_its_own_sends_any_model_to_llama_cpp():
    header = find("gemma3:1b").header
    assert engine_of(header, shape_of(header), "f16", None).name == "ollama"
    assert engine_of(replace(header, projector=header), shape_of(header), "f16", None).name == "llama.cpp"


def made(architecture, **metadata):
    keys = {f"{architecture}.{key}": value for key, value in metadata.items()}
    header = GgufHeader(3, {"general.architecture": architecture, **keys}, ())
    return header, shape_of(header)


def test_deepseek_v2_lite_goes_to_llama_cpp_and_v3_does_not():
    header, shape = made("deepseek2")
    lite = replace(header, metadata={**header.metadata, "tokenizer.ggml.pre": "deepseek-llm"})
    assert engine_of(lite, shape, "f16", None).name == "llama.cpp"
    v3 = replace(header, metadata={**header.metadata, "tokenizer.ggml.pre": "deepseek-v3"})
    assert engine_of(v3, shape, "f16", None).name == "ollama"


def test_keys_and_values_of_different_length_have_no_flash_attention():
    header, shape = made("deepseek2", **{"attention.key_length": 192, "attention.value_length": 128, "block_count": 1})
    assert not engine_of(header, shape, "q8_0", True).flash_attention
    assert engine_of(header, shape, "q8_0", True).kv_type == "f16"


def test_gemma2_runs_in_llama_cpp_with_flash_attention_when_nothing_is_said():
    assert run("gemma2:9b").flash_attention
    assert not run("gemma2:9b", flash=False).flash_attention


def test_an_embedder_never_has_flash_attention(build):
    header = read_gguf(build("bert.gguf", {"general.architecture": "bert", "bert.pooling_type": 1}))
    found = engine_of(header, shape_of(header), "q8_0", True)
    assert (found.name, found.flash_attention, found.kv_type) == ("ollama", False, "f16")
