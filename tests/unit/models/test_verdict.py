"""RC-01 and RC-07: page cache, which the kernel gives back and Ollama counts as used."""

from runbook.hardware import MemoryState
from runbook.models import admit, estimate, find, fits, judge_load

GIB = 1 << 30
MIB = 1 << 20
A = MemoryState(
    2, None, int(25.69 * GIB), int(0.44 * GIB), int(25.03 * GIB), int(10.71 * GIB), int(14.23 * GIB),
    total_bytes=int(32.77 * GIB), swap_free_bytes=0,
)  # fmt: skip
B = MemoryState(2, 6442450944, 5261334938, 209715200, 4939212390, 3650722201, 1288490189, swap_free_bytes=0)


def test_rc_01_a_refusal_for_page_cache_is_not_a_model_too_big():
    found = judge_load(A, needed_bytes=int(10.2 * GIB))
    assert found.verdict == "fits, but Ollama will refuse"
    assert abs(found.seen_by_ollama_bytes - 7.08 * GIB) < MIB
    assert abs(found.free_bytes - 17.79 * GIB) < MIB
    assert "memory.reclaim" in found.remedy
    assert "no more memory" in found.remedy


def test_rc_01_the_figures_of_the_limited_container_are_exact():
    found = judge_load(B, needed_bytes=2040109466)
    assert found.verdict == "fits, but Ollama will refuse"
    assert found.seen_by_ollama_bytes == 1181116006
    assert found.free_bytes == 4831838207


def test_rc_01_memory_of_the_processes_cannot_be_given_back():
    used = MemoryState(2, 6442450944, 5261334938, int(4.9 * GIB), 0, 0, 0)
    assert judge_load(used, needed_bytes=2040109466).verdict == "does not fit"


def test_free_swap_of_the_host_lets_ollama_load_what_the_pod_may_not_swap():
    swapping = MemoryState(2, 2 * GIB, GIB, GIB, 0, 0, 0, swap_free_bytes=8 * GIB)
    found = judge_load(swapping, needed_bytes=3 * GIB // 2)
    assert found.verdict == "does not fit"
    assert "swap" in found.reason


def test_cgroup_v1_hides_the_limit_from_ollama():
    v1 = MemoryState(1, 2 * GIB, GIB, GIB, 0, 0, 0, total_bytes=16 * GIB, available_bytes=12 * GIB)
    found = judge_load(v1, needed_bytes=3 * GIB // 2)
    assert found.verdict == "does not fit"
    assert "does not see the limit" in found.reason


def after_a(current: float, inactive: float) -> MemoryState:
    anon = int(1.95 * GIB)
    return MemoryState(2, 6 * GIB, int(current * GIB), anon, int(inactive * GIB), int(inactive * GIB), 0)


def test_rc_07_page_cache_makes_two_models_that_fit_evict_each_other():
    found = admit(after_a(5.6, 3.4), needed_bytes=int(1.2 * GIB), loaded=1, most_loaded=3)
    assert found.outcome == "evicts"
    assert found.fit_together
    assert abs(found.together_bytes - 3.15 * GIB) < MIB
    assert abs(found.seen_by_ollama_bytes - 0.40 * GIB) < MIB
    assert "alternate" in found.reason
    assert "higher limit" in found.remedy


def test_rc_07_without_the_page_cache_both_stay():
    found = admit(after_a(2.3, 0.1), needed_bytes=int(1.2 * GIB), loaded=1, most_loaded=3)
    assert found.outcome == "both stay"


def test_rc_07_the_most_that_may_be_loaded_evicts_before_memory_is_looked_at():
    found = admit(after_a(2.3, 0.1), needed_bytes=int(1.2 * GIB), loaded=1, most_loaded=1)
    assert found.outcome == "evicts"
    assert "OLLAMA_MAX_LOADED_MODELS" in found.reason


def test_rc_07_with_a_model_loaded_free_swap_does_not_count():
    state = MemoryState(2, 2 * GIB, GIB, GIB, 0, 0, 0, swap_free_bytes=8 * GIB)
    assert admit(state, needed_bytes=3 * GIB // 2, loaded=1, most_loaded=3).outcome == "evicts"


def test_rc_04_at_its_trained_context_a_3b_model_does_not_fit_a_node_of_16_gb():
    found = fits(estimate(find("phi4-mini"), context_length=131072), limit_bytes=16 * 10**9)
    assert found.verdict == "does not fit"
    assert found.remedy.startswith("a smaller context")


def test_a_model_below_the_limit_fits():
    found = fits(estimate(find("qwen3:1.7b"), context_length=2048, kv_type="q8_0"), limit_bytes=6 * GIB)
    assert found.verdict == "fits"
    assert found.remedy == ""


def test_page_cache_below_the_limit_is_named_with_its_amount():
    found = fits(
        estimate(find("qwen3:1.7b"), context_length=2048, kv_type="q8_0"),
        limit_bytes=6 * GIB,
        page_cache_bytes=5 * GIB,
    )
    assert found.verdict == "fits, but Ollama will refuse"
    assert "raise the limit by 5120 MiB" in found.remedy
