from __future__ import annotations

from typing import Any

import pytest

from runbook.ollama import Answer, decode_rate, prompt_rate, was_cached
from runbook.ollama.answers import Collector
from runbook.ollama.stream import StreamFault
from tests.unit.ollama.stub import done, words

RELOADED = {
    "done": True,
    "total_duration": 19_000_000_000,
    "load_duration": 7_900_000_000,
    "prompt_eval_count": 900,
    "prompt_eval_duration": 6_000_000_000,
    "eval_count": 41,
    "eval_duration": 4_000_000_000,
}
CACHED = {
    **RELOADED,
    "total_duration": 4_300_000_000,
    "load_duration": 40_000_000,
    "prompt_eval_duration": 25_000_000,
}
UNCOUNTED = {key: value for key, value in CACHED.items() if key != "prompt_eval_count"}
ONE_TOKEN = {**CACHED, "eval_count": 1, "eval_duration": 0}


def digested(*events: dict[str, Any]) -> Answer:
    collector = Collector()
    for event in events:
        collector.add(event)
    return collector.whole()


def test_an_answer_with_a_reload_says_so_and_decodes_ten_tokens_a_second() -> None:
    answer = digested(RELOADED)
    assert answer.includes_load
    assert answer.load_s == pytest.approx(7.9)
    assert answer.decode_tokens_per_second == pytest.approx(10.0)
    assert answer.prompt_tokens_per_second == pytest.approx(150.0)


def test_a_cached_prompt_has_no_prompt_speed() -> None:
    answer = digested(CACHED)
    assert was_cached(answer)
    assert not answer.includes_load
    assert answer.prompt_tokens_per_second is None
    assert prompt_rate(answer).reason == "the prompt was cached: 900 tokens in 25 ms"
    assert answer.decode_tokens_per_second == pytest.approx(10.0)


def test_a_prompt_without_a_count_has_an_unknown_speed_and_not_zero() -> None:
    rate = prompt_rate(digested(UNCOUNTED))
    assert rate.tokens_per_second is None
    assert "did not say how many" in rate.reason


def test_one_token_has_no_decode_speed_but_a_reason() -> None:
    rate = decode_rate(digested(ONE_TOKEN))
    assert rate.tokens_per_second is None
    assert rate.reason == "one token has no time between tokens"


def test_no_time_for_many_tokens_is_no_infinite_speed() -> None:
    rate = decode_rate(digested({**RELOADED, "eval_duration": 0}))
    assert (rate.tokens_per_second, rate.reason) == (None, "the server reports no time for decoding")


@pytest.mark.parametrize(
    ("prompt_tokens", "prompt_s", "output_tokens", "output_s", "cached"),
    [
        (262, 0.6004, 64, 1.1612, False),  # gemma3:270m on two cores, a fresh prompt
        (262, 0.0197, 64, 1.1926, True),  # the same prompt again
        (300, 0.0938, 64, 6.0, True),  # a model of 1.7b, the prompt again: 3,199 tok/s
        (300, 10.7, 64, 6.0, False),  # and fresh: 28 tok/s
        (217, 0.303, 16, 5.6, True),  # the same on a machine that six others keep busy: the step is slow as well
        (218, 5.13, 16, 19.0, False),
        (100, 0.02, 64, 1.0, False),  # too short to tell
    ],
)
def test_a_prompt_that_took_less_than_three_steps_of_decoding_was_cached(
    prompt_tokens: int, prompt_s: float, output_tokens: int, output_s: float, cached: bool
) -> None:
    answer = Answer(
        text="x", prompt_tokens=prompt_tokens, prompt_s=prompt_s, output_tokens=output_tokens, output_s=output_s
    )
    assert was_cached(answer) is cached


def test_text_and_thinking_are_kept_apart() -> None:
    answer = digested({"response": "", "thinking": '{"tags":["k8s"]}', "done": False}, done())
    assert (answer.text, answer.thinking) == ("", '{"tags":["k8s"]}')


def test_the_times_of_our_clock_are_first_line_and_last() -> None:
    ticks = iter([10.0, 12.5, 16.0])
    collector = Collector(clock=lambda: next(ticks))
    collector.add({"response": "a", "done": False})
    collector.add(done())
    answer = collector.whole()
    assert (answer.first_byte_s, answer.wall_s) == (2.5, 6.0)


def test_a_stream_without_done_is_no_answer_whatever_it_brought() -> None:
    with pytest.raises(StreamFault, match="without a line that says done") as caught:
        digested(*words('{"tags": ["a"', "]}"))
    assert caught.value.kind == "unfinished"


def test_when_one_token_was_repeated_until_the_server_stopped_then_that_is_said() -> None:
    with pytest.raises(StreamFault, match="'ha' came 31 times in a row") as caught:
        digested(*words("so", *["ha", " ha"] * 15, "ha"))
    assert caught.value.kind == "repeated"
