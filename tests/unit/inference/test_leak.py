from __future__ import annotations

import random
from dataclasses import replace

import pytest

from runbook.inference import LeakTest, Sample, leak_check, leak_test, slope
from runbook.ollama import Ollama
from tests.unit.ollama.stub import Stub, done, words

SAMPLE = Sample(0.0, 0, 0, 0, 0, 0, None, None, None, None, None, None)
MIB = 2**20


def test_a_steady_rise_is_found_through_noise_and_jumps() -> None:
    chance = random.Random(7)
    values = [1000 * number + chance.uniform(-3000, 3000) + (1e6 if number == 17 else 0) for number in range(40)]
    found = slope(values)
    assert found is not None
    assert found.per_step == pytest.approx(1000, rel=0.1)
    assert found.low < 1000 < found.high


def test_noise_alone_has_a_slope_around_nothing() -> None:
    chance = random.Random(7)
    inside = 0
    for _ in range(40):
        found = slope([chance.gauss(0, 1) for _ in range(20)])
        assert found is not None
        inside += found.low <= 0 <= found.high
    assert inside >= 34  # 95 % of 40 are 38


def test_few_values_have_no_slope() -> None:
    assert slope([1, 2, 3]) is None


def test_the_first_requests_do_not_count_and_their_rise_is_told(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", *words("{}"), done())
    rising = iter([470 * MIB, 860 * MIB, *[860 * MIB] * 20])
    found = leak_test(
        ollama, {"model": "m", "prompt": "x"}, lambda: replace(SAMPLE, anon_bytes=next(rising)), requests=8
    )
    assert (found.requests, found.failed, found.first_rise_bytes) == (8, 0, 390 * MIB)
    assert found.bytes_per_request is not None
    assert found.bytes_per_request.per_step == 0
    assert leak_check(found).status == "passed"


def test_a_leak_fails_with_its_slope_and_interval() -> None:
    values = tuple(number * 2 * MIB for number in range(20))
    check = leak_check(LeakTest("m", 20, 0, values, 0, slope(values)))
    assert check.status == "failed"
    assert check.evidence.startswith("+2,048.0 KiB a request (+2,048.0 to +2,048.0) over 20 structured requests")


def test_a_watch_that_ended_leaves_it_open(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", *words("{}"), done())
    found = leak_test(ollama, {"model": "m", "prompt": "x"}, lambda: None, requests=8)
    assert leak_check(found).status == "skipped"
