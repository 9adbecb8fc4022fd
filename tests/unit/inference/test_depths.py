from __future__ import annotations

from runbook.inference import measure_cold_start, measure_depth
from runbook.ollama import Ollama
from tests.unit.ollama.stub import Stub, done, words

OWN = {"num_ctx": 2048, "num_predict": 2048}
FRESH = (*words("a"), done(eval_count=32, eval_duration=1_000_000_000, prompt_eval_count=512))


def test_the_prompt_has_about_the_depth_and_the_consumers_context(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", *FRESH)
    found = measure_depth(ollama, "m", 512, options=OWN, repetitions=2, tokens=32)
    assert found is not None
    assert (found.depth, found.prompt_tokens, found.context_length, found.runs) == (512, 512, 2048, 2)
    prompts = [body["prompt"] for body in stub.asked("/api/generate") if "prompt" in body]
    assert all(330 < len(prompt.split()) < 420 for prompt in prompts)


def test_a_depth_that_does_not_fit_gets_a_larger_context(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", *FRESH)
    found = measure_depth(ollama, "m", 2048, options=OWN, repetitions=1, tokens=64)
    assert found is not None
    assert found.context_length == 2304
    assert {body["options"]["num_ctx"] for body in stub.asked("/api/generate")} == {2304}


def test_at_no_depth_the_prompts_speed_is_not_told(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", *FRESH)
    found = measure_depth(ollama, "m", 0, options=OWN, repetitions=1, tokens=32)
    assert found is not None
    assert found.prompt_tokens_per_second is None


def test_where_no_run_counts_there_is_no_depth(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", *words("ha"))
    assert measure_depth(ollama, "m", 0, options=OWN, repetitions=1, tokens=32) is None


def test_a_cold_start_unloads_first_and_tells_load_and_first_byte(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", *words("a"), done(load_duration=1_500_000_000))
    found = measure_cold_start(ollama, "m", options=OWN, repetitions=3)
    assert found is not None
    assert found.load_s.values == (1.5,) * 3
    assert found.page_cache_bytes == (None,) * 3
    unloads = [body for body in stub.asked("/api/generate") if body.get("keep_alive") == 0]
    assert len(unloads) == 3


def test_a_cold_start_that_fails_is_told_with_its_reason(stub: Stub, ollama: Ollama) -> None:
    unloaded = ({"done": True, "done_reason": "unload"},)
    stub.on("/api/generate", *unloaded)
    stub.then("/api/generate", {"error": "model requires more system memory (1.2 GiB) than is available"}, status=500)
    stub.then("/api/generate", *unloaded)
    stub.then("/api/generate", *words("a"), done())
    found = measure_cold_start(ollama, "m", options=OWN, repetitions=2)
    assert found is not None
    assert len(found.load_s.values) == 1
    assert "requires more system memory" in found.failures[0]
