from __future__ import annotations

from typing import cast

import pytest

from runbook.inference import Sample, Thorough, Trace, Watcher, measure_thoroughly, memory_check, thorough_checks
from runbook.ollama import Ollama
from runbook.parameters import Parameters
from tests.unit.ollama.stub import Stub, done, words

SAMPLE = Sample(0.0, 2000, 1000, 500, 100, 2000, 0.0, 0, 0, 0.0, 0.0, 0)
FRESH = (*words('{"tags": ["one"]}'), done(eval_count=64, prompt_eval_count=256))


class Still:
    """Stands for a watch over a pod in which nothing changes."""

    now_s = 0.0

    def sample(self) -> Sample:
        return SAMPLE

    def phase(self, name: str) -> None:
        pass

    def trace(self) -> Trace:
        return Trace((SAMPLE,), (), limit_bytes=4000)


STILL = cast(Watcher, Still())


def test_every_part_is_measured_and_checked(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    stub.on("/api/generate", *FRESH)
    found = Thorough("gemma3:270m")
    measure_thoroughly(found, ollama, parameters, watcher=STILL)
    assert found.complete
    assert found.speed is not None and found.cold is not None and found.leak is not None
    assert [one.depth for one in found.depths] == [0, 128, 512, 1024, 2048]
    assert [one.concurrency for one in found.work] == [1, 2, 4]
    assert [check.status for check in thorough_checks(found)] == ["passed"] * 3


def test_only_the_parts_that_are_asked_for_are_measured(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    stub.on("/api/generate", *FRESH)
    found = Thorough("gemma3:270m")
    measure_thoroughly(found, ollama, parameters, watcher=STILL, parts=("cold",))
    assert found.complete and found.cold is not None
    assert (found.speed, found.depths, found.work, found.leak) == (None, [], [], None)


def test_an_interruption_keeps_every_part_that_was_measured(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    stub.on("/api/generate", *FRESH)

    def show(line: str) -> None:
        if line.startswith("depth 512: run 1"):
            raise KeyboardInterrupt

    found = Thorough("gemma3:270m")
    with pytest.raises(KeyboardInterrupt):
        measure_thoroughly(found, ollama, parameters, watcher=STILL, on_progress=show)
    assert not found.complete
    assert found.speed is not None
    assert [(one.depth, one.runs) for one in found.depths] == [(0, 5), (128, 5), (512, 1)]
    assert found.memory is not None


def test_processes_that_fill_the_limit_fail() -> None:
    check = memory_check("m", Trace((SAMPLE,), (), limit_bytes=1010))
    assert check.status == "failed"
    assert memory_check("m", Trace((SAMPLE,), ())).status == "skipped"
