import dataclasses
import json

import pytest

from runbook.hardware import Bandwidth, Machine, Spread, survey
from runbook.models import Host, Serving, budget, find, host_of, quantisations, select, serving_from
from runbook.parameters import Parameters

GIB = 1 << 30
PLAN = Serving(kv_type="q8_0", most_loaded=1)

READ = Spread(21.0, 20.5, 21.5, 5)
PROBED = Machine(
    "EPYC", 1, 2, 2, False, True, 1, ("AVX2",), 32 << 20, 0, 0, 8 * GIB, 1, Bandwidth(READ, READ, READ, 2, GIB, 1.0)
)


def target(**values):
    return Parameters.model_validate(
        {"target": "t", "context": "c", "vision_model": "moondream", "memory_bandwidth_gb_per_s": 38} | values
    )


def ranked(task="text", available=9 * GIB, serving=PLAN, **values):
    return {one.model: one for one in select(target(**values), available, task=task, serving=serving)}


def test_a_thinking_model_asked_for_a_schema_falls_behind_and_says_why():
    found = ranked()
    assert found["qwen3:1.7b"].rank > found["qwen2.5:3b"].rank > 0
    assert "thinks first" in found["qwen3:1.7b"].reason
    assert "derived model" in found["qwen3:1.7b"].remedy


def test_without_a_schema_the_plans_choice_is_first():
    assert ranked(output_schema="plain")["qwen3:1.7b"].rank == 1


def test_what_does_not_fit_is_out_with_the_arithmetic():
    found = ranked(memory_limit="2Gi")["mistral:7b"]
    assert found.rank == 0
    assert "2048 MiB can be had" in found.reason


def test_the_node_bounds_what_the_limit_allows():
    found = ranked(available=GIB)
    assert {one.model for one in found.values() if one.rank} == {"qwen2.5:0.5b", "gemma3:270m", "qwen3:0.6b"}


def test_a_model_that_is_too_slow_for_the_consumer_falls_behind():
    found = ranked(job_timeout_s=30)
    assert "of 30 s allowed" in found["qwen2.5:7b"].reason
    assert found["qwen2.5:7b"].rank > found["gemma3:1b"].rank


def test_page_cache_is_named_where_only_ollama_minds():
    candidates = select(target(), 9 * GIB, serving=PLAN, page_cache_bytes=5 * GIB)
    assert any(one.verdict == "fits, but Ollama will refuse" for one in candidates)


def test_models_without_known_tensors_are_listed_and_not_ranked():
    found = ranked(task="vision")
    assert found["granite3.2-vision:2b"].verdict == "not known"
    assert found["granite3.2-vision:2b"].rank == 0
    assert found["moondream"].rank == 1


def test_the_local_targets_own_model_comes_first_there():
    assert ranked(text_model="gemma3:270m", memory_limit="2Gi")["gemma3:270m"].rank == 1


def test_the_plans_figures_stand_beside_ours_where_they_differ():
    differs = " ".join(ranked(output_schema="plain")["qwen3:1.7b"].differs)
    assert "the plan says 10 to 15 tokens/s" in differs
    assert "memory: the plan says 1.8 to 2.2 GB, we compute 1.6 GB" in differs


def test_a_schema_costs_what_brings_our_memory_into_the_plans_range():
    assert "memory:" not in " ".join(ranked()["qwen3:1.7b"].differs)


def test_the_budget_of_one_model_speaks_of_one():
    found = budget(target(vision_model=None), 9 * GIB, serving=PLAN)
    assert found.stay_loaded
    assert found.reason.endswith("it fits")


def test_without_a_bandwidth_there_are_no_speeds_and_still_a_ranking():
    found = ranked(memory_bandwidth_gb_per_s=None)
    assert found["gemma3:1b"].tokens_per_second is None
    assert found["gemma3:1b"].rank == 1
    assert host_of(target(memory_bandwidth_gb_per_s=None)) is None
    assert host_of(target(memory_bandwidth_gb_per_s=30.0), PROBED).bandwidth_gb_per_s == 30.0


def test_a_probed_machine_gives_the_bandwidth_where_the_target_states_none() -> None:
    host = host_of(target(memory_bandwidth_gb_per_s=None, cpu_limit="2"), PROBED)
    assert host is not None
    assert (host.bandwidth_gb_per_s, host.basis, host.threads) == (21.0, "measured", 2)


def test_a_survey_gives_the_memory_of_its_best_node():
    node = {
        "metadata": {"name": "n"},
        "status": {
            "capacity": {"cpu": "4", "memory": "2Gi"},
            "allocatable": {"cpu": "4", "memory": "1Gi"},
            "conditions": [{"type": "Ready", "status": "True"}],
            "nodeInfo": {"architecture": "amd64"},
        },
    }
    found = {one.model: one for one in select(target(), survey([node], [], None, []), serving=PLAN)}
    assert found["mistral:7b"].rank == 0
    assert all(one.rank == 0 for one in select(target(), survey([], [], None, [])))


def test_candidates_can_be_written_as_strict_json():
    text = json.dumps([dataclasses.asdict(one) for one in select(target(), 9 * GIB)], allow_nan=False)
    assert "qwen3:1.7b" in text


def test_the_combined_budget_says_that_both_fit_and_that_the_plan_makes_them_take_turns():
    found = budget(target(text_model="qwen3:1.7b"), 9 * GIB, serving=PLAN)
    assert not found.stay_loaded
    assert "OLLAMA_MAX_LOADED_MODELS=1" in found.reason
    assert 3.5e9 < found.resident_bytes < 4.5e9
    assert budget(target(), 9 * GIB, serving=Serving(kv_type="q8_0")).stay_loaded
    assert "take turns" in budget(target(), 3 * GIB).reason
    assert budget(target(text_model="unheard:1b"), 9 * GIB).resident_bytes is None


def test_the_table_of_quantisations_is_computed():
    rows = {row.mixture: row for row in quantisations(find("qwen3:1.7b"), context_length=2048, kv_type="q8_0")}
    assert rows["F16"].disk_bytes / 1e9 == pytest.approx(4.06, abs=0.01)
    assert rows["Q8_0"].bits_per_weight == pytest.approx(8.5, abs=0.01)
    assert rows["Q8_0"].speed_against_f16 == pytest.approx(1.88, abs=0.01)
    assert 2.9 < rows["Q4_K_M"].speed_against_f16 < 3.3
    assert rows["Q2_K"].resident_bytes < rows["Q4_K_M"].resident_bytes < rows["F16"].resident_bytes


def test_tied_embeddings_are_stored_like_an_output():
    rows = {row.mixture: row for row in quantisations(find("qwen2.5:3b"), context_length=2048)}
    assert rows["Q4_K_M"].disk_bytes == find("qwen2.5:3b").header.tensor_bytes


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, Serving()),
        ({"OLLAMA_KV_CACHE_TYPE": "Q8_0"}, Serving(kv_type="q8_0")),
        ({"OLLAMA_FLASH_ATTENTION": "1"}, Serving(flash_attention=True)),
        ({"OLLAMA_FLASH_ATTENTION": "false"}, Serving(flash_attention=False)),
        ({"OLLAMA_FLASH_ATTENTION": "yes"}, Serving(flash_attention=True)),
        ({"OLLAMA_NUM_PARALLEL": "4", "OLLAMA_MAX_LOADED_MODELS": "2"}, Serving(parallel=4, most_loaded=2)),
        ({"OLLAMA_CONTEXT_LENGTH": "16384"}, Serving(context_length=16384)),
        ({"OLLAMA_NUM_PARALLEL": "many", "OLLAMA_CONTEXT_LENGTH": "-1"}, Serving()),
    ],
)
def test_a_servers_environment_is_read_as_ollama_reads_it(environment, expected):
    assert serving_from(environment) == expected


def test_a_servers_estimate_follows_its_settings():
    server = Serving(kv_type="q8_0", parallel=2, context_length=8192)
    found = server.estimate(find("qwen3:1.7b"), host=Host(38))
    assert (found.context_length, found.context_source, found.parallel) == (8192, "server", 2)
    assert found.kv_bytes == 2 * 8192 * 28 * 2048 * 34 // 32
    assert server.estimate(find("qwen3:1.7b"), request_context=2048).context_source == "request"
