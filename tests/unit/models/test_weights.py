import pytest

from runbook.models import estimate, read_gguf
from runbook.models.shape import shape_of
from runbook.models.traffic import read_bytes_per_token
from runbook.models.weights import is_tied, weights_bytes

GEMMA = {"general.architecture": "gemma3", "gemma3.block_count": 0}
EMBEDDING = ("token_embd.weight", (1152, 262144), 8)
NORM = ("output_norm.weight", (1152,), 0)
OUTPUT = ("output.weight", (1152, 262144), 8)


def test_rc_32_tied_embeddings_are_held_twice(build):
    header = read_gguf(build("tied.gguf", GEMMA, [EMBEDDING, NORM]))
    assert header.tensor_bytes == 320868864
    assert is_tied(header)
    assert weights_bytes(header, "ollama", 0) == 641733120
    assert read_bytes_per_token(header, shape_of(header)) == 320868864


def test_rc_32_an_output_of_its_own_costs_nothing_extra(build):
    header = read_gguf(build("untied.gguf", GEMMA, [EMBEDDING, NORM, OUTPUT]))
    assert not is_tied(header)
    assert weights_bytes(header, "ollama", 0) == header.tensor_bytes == 641733120
    assert read_bytes_per_token(header, shape_of(header)) == 320868864


def test_rc_32_llama_cpp_uses_tied_embeddings_without_a_copy_and_says_so(build):
    llama = {"general.architecture": "llama", "llama.block_count": 1}
    header = read_gguf(build("llama.gguf", llama, [EMBEDDING, NORM]))
    found = estimate(header)
    assert found.engine == "llama.cpp"
    assert found.weights_bytes == header.tensor_bytes
    assert any("held twice" in warning for warning in found.warnings)


@pytest.mark.parametrize("number", [39, 4])
def test_rc_31_both_numbers_of_mxfp4_have_the_same_size(build, number):
    found = read_gguf(build("oss.gguf", *gpt_oss(number)))
    assert found.tensor_bytes == 10152345600
    assert found.tensors[0].type_name == "MXFP4"
    assert read_bytes_per_token(found, shape_of(found)) == 1269043200


def test_rc_31_an_unknown_type_makes_a_lower_bound_and_is_never_nothing(build):
    header = read_gguf(build("odd.gguf", *gpt_oss(77)))
    found = estimate(header)
    assert found.lower_bound
    assert "unknown type 77: size not known" in " ".join(found.warnings)
    assert header.tensors[0].bytes is None


def gpt_oss(number):
    metadata = {
        "general.architecture": "gptoss",
        "gptoss.block_count": 24,
        "gptoss.expert_count": 32,
        "gptoss.expert_used_count": 4,
    }
    kinds = ("gate", "up", "down")
    tensors = [(f"blk.{n}.ffn_{kind}_exps.weight", (2880, 2880, 32), number) for n in range(24) for kind in kinds]
    return metadata, tensors


def test_rope_factors_are_copied_into_each_layer_by_the_own_engine(build):
    qwen = {"general.architecture": "qwen3", "qwen3.block_count": 3}
    header = read_gguf(build("rope.gguf", qwen, [("rope_freqs.weight", (64,), 0), OUTPUT]))
    assert weights_bytes(header, "ollama", 3) - OUTPUT_BYTES == 3 * 256


OUTPUT_BYTES = 320864256
