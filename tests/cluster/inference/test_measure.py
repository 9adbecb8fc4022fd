from __future__ import annotations

from runbook.inference import InvalidRun, fresh_prompt, measure, measurement_check, timed_run
from runbook.karakeep import consumer_options
from runbook.ollama import Ollama, was_cached
from runbook.parameters import Parameters

TOKENS = 16


def test_the_small_model_is_measured_with_the_consumers_context(ollama: Ollama, local: Parameters) -> None:
    said: list[str] = []
    measured = measure(
        ollama,
        local.text_model,
        options=consumer_options(local),
        repetitions=2,
        tokens=TOKENS,
        on_progress=said.append,
    )
    assert measurement_check(measured).status == "passed"
    assert measured.context_length == local.context_length
    assert measured.reported_bytes is not None and measured.reported_bytes > 253_113_024
    assert measured.load_s > 0.2
    assert measured.decode_tokens_per_second.low > 0.1
    assert measured.prompt_tokens_per_second is not None
    assert measured.prompt_tokens_per_second.median > measured.decode_tokens_per_second.median
    assert len(said) == 1 + len(measured.runs) + len(measured.invalid)


def test_the_same_prompt_again_is_found_in_the_cache(ollama: Ollama, local: Parameters) -> None:
    options = {**consumer_options(local), "num_predict": TOKENS, "temperature": 1.5}
    request = {"model": local.text_model, "raw": True, "options": options, "prompt": fresh_prompt(256)}
    assert not was_cached(ollama.generate(request))
    # A neighbour on the machine can slow down any one of them.
    runs = [timed_run(ollama.generate(request), tokens=2, reload_above_s=60) for _ in range(3)]
    assert any(isinstance(run, InvalidRun) and run.reason.startswith("the prompt was cached") for run in runs)


def test_another_context_loads_the_model_again(ollama: Ollama, local: Parameters) -> None:
    request = {"model": local.text_model, "raw": True, "prompt": fresh_prompt(64)}
    ollama.load(local.text_model, {"num_ctx": 1024})
    same = ollama.generate({**request, "options": {"num_ctx": 1024, "num_predict": 4}})
    other = ollama.generate({**request, "options": {"num_ctx": 768, "num_predict": 4}})
    assert same.load_s < other.load_s
    run = timed_run(other, tokens=4, reload_above_s=(same.load_s + other.load_s) / 2)
    assert isinstance(run, InvalidRun)
    assert run.reason.startswith("includes a reload")
