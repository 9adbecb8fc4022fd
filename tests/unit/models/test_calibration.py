"""A calibration survives being saved, and a damaged one is refused."""

import json

import pytest

from runbook.errors import UsageError
from runbook.models import Calibration, Host, decode_speed, find, measured_speed, prompt_speed

QWEN = find("qwen3:1.7b").header
SMALL = find("qwen3:0.6b").header
KNOWN = Calibration(
    "AMD EPYC",
    2,
    (
        measured_speed(QWEN, 15.5, depth=536, kv_type="q8_0", prompt_tokens_per_second=40.0, prompt_tokens=512),
        measured_speed(SMALL, 36.25),
    ),
    server="0.15.6",
)


def test_what_is_saved_comes_back_without_loss():
    text = json.dumps(KNOWN.to_json(), allow_nan=False)
    assert Calibration.from_json(text) == KNOWN
    assert Calibration.from_json(json.loads(text)) == KNOWN


def test_a_saved_calibration_predicts_the_same():
    again = Calibration.from_json(json.dumps(KNOWN.to_json()))
    for predict in (decode_speed, prompt_speed):
        before, after = (predict(SMALL, Host(38, calibration=one)) for one in (KNOWN, again))
        assert before == after


def damaged(**changes):
    return {**KNOWN.to_json(), **changes}


def with_speed(speed):
    found = KNOWN.to_json()
    found["measured"][0]["tokens_per_second"] = speed
    return found


@pytest.mark.parametrize(
    "content",
    [
        "",
        "not JSON",
        "[]",
        "null",
        "{}",
        damaged(version=2),
        damaged(threads="2"),
        damaged(threads=True),
        damaged(measured=None),
        damaged(measured=[{"model": "x"}]),
        with_speed(0),
        with_speed(-1.0),
        with_speed(float("nan")),
        with_speed(float("inf")),
        with_speed("fast"),
    ],
)
def test_what_is_no_calibration_is_refused_with_a_reason(content):
    with pytest.raises(UsageError) as caught:
        Calibration.from_json(content)
    assert caught.value.why
    assert "06_measure" in caught.value.next


@pytest.mark.parametrize("speed", [0.0, -3.0, float("nan"), float("inf")])
def test_a_speed_that_is_none_cannot_be_recorded(speed):
    with pytest.raises(UsageError):
        measured_speed(QWEN, speed)
    with pytest.raises(UsageError):
        measured_speed(QWEN, 10.0, prompt_tokens_per_second=speed, prompt_tokens=100)
