"""What a token costs, part by part."""

from runbook.models import find, shape_of
from runbook.models.gguf import GgufHeader, tensor
from runbook.models.tensor_types import BY_NAME
from runbook.models.traffic import (
    attended_per_token,
    decode_work,
    kv_read_bytes_per_token,
    kv_rows_per_token,
    mean_attended,
    prompt_work,
    read_bytes_per_token,
    weights_per_token,
)

QWEN = find("qwen3:1.7b").header
GEMMA = find("gemma3:1b").header


def header(experts, used, *tensors):
    metadata = {
        "general.architecture": "qwen3moe",
        "qwen3moe.block_count": 1,
        "qwen3moe.embedding_length": 256,
        "qwen3moe.attention.head_count": 2,
        "qwen3moe.attention.head_count_kv": 1,
        "qwen3moe.expert_count": experts,
        "qwen3moe.expert_used_count": used,
    }
    return GgufHeader(3, metadata, tuple(tensor(name, shape, BY_NAME[kind].number, 0) for name, shape, kind in tensors))


def test_a_mixture_reads_its_active_experts_and_nothing_of_the_others():
    found = header(
        8,
        2,
        ("token_embd.weight", (256, 100), "Q8_0"),
        ("output.weight", (256, 100), "Q8_0"),
        ("blk.0.ffn_up_exps.weight", (256, 512, 8), "Q4_K"),
    )
    parts = {part.type_name: part for part in decode_work(found, shape_of(found)).parts}
    assert parts["Q4_K"].weights == 256 * 512 * 2
    assert parts["Q4_K"].bytes == 256 * 512 * 2 * 144 // 256
    assert parts["Q8_0"].weights == 256 * 100, "the output, not the embeddings"


def test_weights_are_counted_by_type_and_add_up():
    shape = shape_of(QWEN)
    work = decode_work(QWEN, shape)
    assert {part.type_name for part in work.parts} == {"F16", "F32", "Q4_K", "Q6_K"}
    assert work.read_bytes == read_bytes_per_token(QWEN, shape)
    assert work.weights == weights_per_token(QWEN, shape)


def test_tied_embeddings_are_read_as_the_output_and_only_then():
    shape = shape_of(GEMMA)
    embeddings = GEMMA.by_name["token_embd.weight"]
    assert read_bytes_per_token(GEMMA, shape) > embeddings.bytes
    untied = read_bytes_per_token(QWEN, shape_of(QWEN))
    assert untied == QWEN.tensor_bytes - QWEN.by_name["token_embd.weight"].bytes


def test_only_the_last_token_of_a_prompt_meets_the_output():
    shape = shape_of(GEMMA)
    output = GEMMA.by_name["token_embd.weight"].weights
    work = prompt_work(GEMMA, shape, tokens=512)
    assert work.weights == weights_per_token(GEMMA, shape) - output + output // 512
    assert prompt_work(GEMMA, shape, tokens=1).weights == weights_per_token(GEMMA, shape)


def test_a_cache_is_read_whole_at_depth():
    shape = shape_of(QWEN)
    assert kv_read_bytes_per_token(shape, "f16", 4096) == 448 << 20
    assert kv_read_bytes_per_token(shape, "q8_0", 4096) == 238 << 20


def test_a_window_bounds_what_depth_costs():
    shape = shape_of(GEMMA)
    assert kv_read_bytes_per_token(shape, "f16", 32768) == (4 * 32768 + 22 * 512) * 512 * 2
    assert attended_per_token(shape, 32768) == (4 * 32768 + 22 * 512) * 4 * 512


def test_every_head_looks_back_though_heads_share_keys_and_values():
    shape = shape_of(QWEN)
    assert attended_per_token(shape, 100) == 28 * 16 * 256 * 100
    assert kv_rows_per_token(shape, 100) == 28 * 8 * 100


def test_a_prompts_token_looks_at_half_of_it_or_at_a_full_window():
    qwen, gemma = shape_of(QWEN), shape_of(GEMMA)
    assert mean_attended(qwen, 512) == 28 * 16 * 256 * 256
    short, long = mean_attended(gemma, 512), mean_attended(gemma, 2048)
    assert short == 26 * 4 * 512 * 256
    windowed = (512 * 512 / 2 + 1536 * 512) / 2048
    assert long == (4 * 4 * 512 * 1024) + 22 * int(4 * 512 * windowed)
