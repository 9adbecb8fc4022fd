from __future__ import annotations

import json

import pytest

from runbook.inference import Measurement, Statistic, calibrated, calibration, timed_run
from runbook.inference.runs import TimedRun
from runbook.models import Host, Serving
from runbook.ollama import Answer
from runbook.parameters import Parameters

ANSWER = Answer(text="x", prompt_tokens=256, output_tokens=64, prompt_s=1.0, output_s=3.15, total_s=4.3, wall_s=4.4)


def measurement(model: str, speed: float) -> Measurement:
    run = timed_run(ANSWER, tokens=64)
    assert isinstance(run, TimedRun)
    speeds = (Statistic.of([speed]), Statistic.of([256.0]))
    return Measurement(model, *speeds, 1.0, 10**9, (), 60.0, 2048, None, (run,), 1)


def test_what_was_measured_comes_back_as_the_machine_of_the_next_run(parameters: Parameters) -> None:
    found = calibration([measurement("gemma3:270m", 20.0)], parameters, serving=Serving(), machine="node")
    assert found is not None
    kept = json.loads(json.dumps(found.to_json()))
    host = calibrated(parameters, Host(20.0, threads=4), ("a run", kept))
    assert host is not None
    assert host.calibration == found
    assert (host.bandwidth_gb_per_s, host.threads) == (20.0, 4)


def test_a_machine_that_nobody_described_is_guessed_from_what_was_measured(parameters: Parameters) -> None:
    found = calibration([measurement("gemma3:270m", 20.0)], parameters, serving=Serving(), machine="node")
    assert found is not None
    host = calibrated(parameters, None, ("a run", found.to_json()))
    assert host is not None
    assert 2 < host.bandwidth_gb_per_s < 20


@pytest.mark.parametrize("kept", [None, ("a run", {}), ("a run", {"version": 99}), ("a run", {"version": 1})])
def test_without_a_calibration_that_can_be_read_the_machine_stays_as_it_was_described(
    parameters: Parameters, kept: tuple[str, dict[str, int]] | None
) -> None:
    host = Host(20.0)
    assert calibrated(parameters, host, kept) is host
    assert calibrated(parameters, None, kept) is None


def test_models_that_the_catalogue_does_not_know_say_nothing(parameters: Parameters) -> None:
    assert calibration([measurement("nobody:1b", 20.0)], parameters, serving=Serving(), machine="node") is None
