"""The tensors of each architecture, as its published files have them."""

import pytest

from runbook.models import estimate, read_gguf
from runbook.models.blocks import BLOCKS
from runbook.models.layout import Layout, header_of
from runbook.models.twin import write_twin

TINY = {
    "block_count": 2,
    "context_length": 512,
    "embedding_length": 256,
    "feed_forward_length": 512,
    "attention.head_count": 4,
    "attention.head_count_kv": 2,
    "attention.key_length": 64,
    "attention.value_length": 64,
}
EXPERTS = {"expert_count": 4, "expert_used_count": 2, "expert_feed_forward_length": 256}
FURTHER = {
    "bert": {"pooling_type": 1},
    "deepseek2": {
        **EXPERTS,
        "attention.kv_lora_rank": 64,
        "expert_shared_count": 1,
        "leading_dense_block_count": 1,
        "rope.dimension_count": 32,
    },
    "gemma3n": {
        "altup.num_inputs": 4,
        "attention.shared_kv_layers": 1,
        "embedding_length_per_layer_input": 32,
        "vocab_size": 400,
    },
    "gptoss": EXPERTS,
    "granitemoe": EXPERTS,
    "lfm2": {"attention.head_count_kv": (0, 2), "shortconv.l_cache": 3},
    "nomic-bert": {"pooling_type": 1},
    "qwen3moe": EXPERTS,
}


def tiny(architecture: str) -> Layout:
    return Layout(architecture, TINY | FURTHER.get(architecture, {}), {"default": "Q4_0"}, True, 400)


@pytest.mark.parametrize("architecture", BLOCKS)
def test_a_twin_of_each_architecture_is_read_as_it_was_meant_and_computed(architecture, tmp_path):
    header = header_of(tiny(architecture), architecture)
    found = read_gguf(write_twin(header, tmp_path / "twin.gguf").path)
    assert found.tensors == header.tensors
    assert len({one.name for one in header.tensors}) == len(header.tensors)
    assert estimate(found, context_length=512).graph_bytes > 0
    assert not found.unknown_types


def test_only_some_blocks_of_deepseek_have_experts_and_only_some_of_lfm2_attend():
    names = {one.name for one in header_of(tiny("deepseek2"), "d").tensors}
    assert {"blk.0.ffn_gate.weight", "blk.1.ffn_gate_exps.weight", "blk.1.ffn_gate_shexp.weight"} <= names
    assert "blk.0.ffn_gate_exps.weight" not in names
    names = {one.name for one in header_of(tiny("lfm2"), "l").tensors}
    assert {"blk.0.shortconv.in_proj.weight", "blk.1.attn_q_norm.weight"} <= names
    assert "blk.0.attn_q.weight" not in names


def test_what_no_quantiser_touches_stays_wide():
    kinds = {one.name.split(".", 2)[-1]: one.type_name for one in header_of(tiny("gptoss"), "g").tensors}
    assert kinds["ffn_gate_inp.weight"] == kinds["attn_q.bias"] == kinds["attn_norm.weight"] == "F32"
    assert kinds["ffn_up_exps.weight"] == "Q4_0"
