from __future__ import annotations

from typing import Any

import pytest

from runbook.errors import OllamaError
from runbook.inference import InvalidRun, Measurement, measure, measurement_check
from runbook.ollama import Ollama
from tests.unit.ollama.stub import Stub, done, words

CONSUMERS = {"num_ctx": 2048, "num_predict": 2048}
COUNTS = {"eval_count": 33, "eval_duration": 1_600_000_000, "prompt_eval_count": 256}
FRESH = (*words("a"), done(**COUNTS, prompt_eval_duration=1_000_000_000))
RELOADED = (*words("a"), done(**COUNTS, prompt_eval_duration=1_000_000_000, load_duration=7_900_000_000))
CACHED = (*words("a"), done(**COUNTS, prompt_eval_duration=9_000_000))
UNCOUNTED = (*words("a"), done(**{**COUNTS, "prompt_eval_count": None}, prompt_eval_duration=1_000_000_000))
REPEATED = tuple(words(*["ha"] * 31))
LOADED = {"name": "m:latest", "size": 456_991_232, "context_length": 2048, "expires_at": "2026-11-25T07:04:13Z"}


def measured(stub: Stub, ollama: Ollama, *runs: tuple[Any, ...], repetitions: int = 3) -> Measurement:
    """A measurement whose timed requests are answered so, in this order; the last answer stays."""
    loaded = {"done": True, "done_reason": "load"}
    stub.on("/api/generate", {"done": True, "done_reason": "unload"})
    stub.then("/api/generate", loaded)
    for lines in (FRESH, *runs):
        stub.then("/api/generate", loaded)
        stub.then("/api/generate", *lines)
    for _ in range(repetitions + 2):
        stub.then("/api/generate", loaded)
        stub.then("/api/generate", *runs[-1])
    stub.on("/api/ps", {"models": []})
    stub.then("/api/ps", {"models": [LOADED]})
    return measure(ollama, "m", options=CONSUMERS, repetitions=repetitions, tokens=33)


def test_speeds_are_told_with_what_the_server_reports(stub: Stub, ollama: Ollama) -> None:
    result = measured(stub, ollama, FRESH)
    assert result.decode_tokens_per_second.values == pytest.approx((20.0,) * 3)
    assert result.prompt_tokens_per_second is not None
    assert result.prompt_tokens_per_second.median == pytest.approx(256)
    assert (result.reported_bytes, result.context_length, result.invalid) == (456_991_232, 2048, ())
    assert measurement_check(result).status == "passed"


def test_warm_up_and_timed_requests_carry_the_same_options(stub: Stub, ollama: Ollama) -> None:
    measured(stub, ollama, FRESH)
    options = [body["options"] for body in stub.asked("/api/generate") if "options" in body]
    assert len(options) == 1 + 2 * 4
    assert all(one == options[0] for one in options)
    assert (options[0]["num_ctx"], options[0]["num_predict"]) == (2048, 33)


def test_no_two_prompts_share_their_beginning(stub: Stub, ollama: Ollama) -> None:
    measured(stub, ollama, FRESH)
    heads = [body["prompt"][:20] for body in stub.asked("/api/generate") if "prompt" in body]
    assert len(heads) == len(set(heads)) == 4


def test_runs_that_do_not_count_are_named_and_measured_again(stub: Stub, ollama: Ollama) -> None:
    result = measured(stub, ollama, RELOADED, FRESH, CACHED, FRESH)
    assert result.invalid == (
        InvalidRun("includes a reload (7.9 s)"),
        InvalidRun("the prompt was cached: 256 tokens in 9 ms"),
    )
    assert len(result.runs) == 3


def test_a_run_without_a_whole_answer_does_not_count(stub: Stub, ollama: Ollama) -> None:
    result = measured(stub, ollama, REPEATED, FRESH)
    assert "repeated itself" in result.invalid[0].reason
    assert len(result.runs) == 3


def test_without_the_prompts_length_its_speed_is_unknown_and_not_zero(stub: Stub, ollama: Ollama) -> None:
    result = measured(stub, ollama, UNCOUNTED)
    assert result.prompt_tokens_per_second is None
    assert result.decode_tokens_per_second.median == pytest.approx(20.0)


def test_when_no_run_counts_then_the_reasons_are_the_error(stub: Stub, ollama: Ollama) -> None:
    with pytest.raises(OllamaError, match="5 were tried") as caught:
        measured(stub, ollama, CACHED)
    assert caught.value.why == "the prompt was cached: 256 tokens in 9 ms"


def test_when_too_few_runs_count_then_the_check_says_so(stub: Stub, ollama: Ollama) -> None:
    check = measurement_check(measured(stub, ollama, FRESH, RELOADED))
    assert check.status == "failed"
    assert check.evidence == "1 runs count, 5 do not: includes a reload (7.9 s)"


def test_a_prompt_fits_into_a_small_context_with_its_answer(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", *FRESH)
    stub.on("/api/ps", {"models": []})
    measure(ollama, "m", options={"num_ctx": 256}, repetitions=1, tokens=64)
    assert all(len(body["prompt"].split()) < 120 for body in stub.asked("/api/generate") if "prompt" in body)


def test_progress_is_told_run_by_run(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", *FRESH)
    said: list[str] = []
    measure(ollama, "m", options=CONSUMERS, repetitions=2, tokens=33, on_progress=said.append)
    assert said[0].startswith("loaded in")
    assert said[-2:] == ["run 1 of 2: 20.0 tok/s", "run 2 of 2: 20.0 tok/s"]
