from __future__ import annotations

import pytest

from runbook.inference import InvalidRun, TimedRun, timed_run
from runbook.inference.runs import reload_threshold_s
from runbook.ollama import Answer

GOOD = {"prompt_tokens": 900, "prompt_s": 6.0, "output_tokens": 41, "output_s": 4.0, "load_s": 0.04}


def run(**differences: object) -> TimedRun | InvalidRun:
    answer = Answer(text="x", first_byte_s=6.1, wall_s=10.3, **{**GOOD, **differences})  # type: ignore[arg-type]
    return timed_run(answer, tokens=41)


def test_a_good_run_tells_both_clocks() -> None:
    measured = run()
    assert isinstance(measured, TimedRun)
    assert measured.decode_tokens_per_second == pytest.approx(10.0)
    assert measured.wall_tokens_per_second == pytest.approx(40 / 4.2)
    assert measured.prompt_tokens_per_second == pytest.approx(150.0)


def test_a_run_with_a_reload_does_not_count() -> None:
    assert run(load_s=7.9) == InvalidRun("includes a reload (7.9 s)")


def test_a_run_with_a_cached_prompt_does_not_count() -> None:
    assert run(prompt_s=0.025) == InvalidRun("the prompt was cached: 900 tokens in 25 ms")


def test_a_run_without_the_prompts_length_counts_for_decoding() -> None:
    measured = run(prompt_tokens=None)
    assert isinstance(measured, TimedRun)
    assert measured.prompt_tokens_per_second is None
    assert measured.decode_tokens_per_second == pytest.approx(10.0)


def test_a_run_of_one_token_does_not_count_and_says_why() -> None:
    assert run(output_tokens=1, output_s=0.0) == InvalidRun(
        "decode speed unknown: one token has no time between tokens"
    )


def test_a_run_that_ended_early_does_not_count() -> None:
    assert run(output_tokens=12) == InvalidRun("ended after 12 of 41 tokens")


def test_a_busy_machine_is_allowed_to_look_up_slowly() -> None:
    assert reload_threshold_s(0.15) == pytest.approx(0.6)
    assert reload_threshold_s(0.01) == 0.5
    assert reload_threshold_s(0.9) == pytest.approx(2.1)
