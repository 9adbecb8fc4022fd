from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from runbook.errors import AnswerFailed
from runbook.inference import InvalidRun, Measurement, Sample, Watcher, measure
from runbook.inference.series import Series, failed_words
from runbook.ollama import Ollama
from tests.unit.ollama.stub import Stub, done, words

COUNTS = {"eval_count": 33, "eval_duration": 1_600_000_000, "prompt_eval_count": 256}
FRESH = (*words("a"), done(**COUNTS, prompt_eval_duration=1_000_000_000))
SAMPLE = Sample(0.0, 0, 0, 0, 0, 0, 0.0, 0, 0, 0.0, 0.0, 0)


class Samples:
    """Stands for a watch: each look finds the node as busy as it is told."""

    def __init__(self, *others_cores: float) -> None:
        self._looks = self._looking(others_cores)

    def _looking(self, others_cores: tuple[float, ...]) -> Iterator[Sample]:
        before = SAMPLE
        for cores in others_cores:
            yield before
            before = replace(
                before,
                at_s=before.at_s + 10,
                cpu_s=(before.cpu_s or 0) + 10,
                node_busy_s=(before.node_busy_s or 0) + 10 + 10 * cores,
                node_cpu_s=(before.node_cpu_s or 0) + 20,
            )
            yield before

    def sample(self) -> Sample | None:
        return next(self._looks, None)

    def phase(self, name: str) -> None:
        pass


def series(stub: Stub, ollama: Ollama, *others_cores: float) -> Series:
    stub.on("/api/generate", *FRESH)
    return Series(ollama, "m", {"num_ctx": 2048}, 33, watcher=cast(Watcher, Samples(*others_cores)))


def test_runs_on_a_busy_node_are_made_again(stub: Stub, ollama: Ollama) -> None:
    made = series(stub, ollama, 0.9, 0.0, 0.0)
    made.repeat(2)
    assert made.invalid == [InvalidRun("busy node: others used 0.9 of 2 CPUs")]
    assert [run.disturbed for run in made.runs] == ["", ""]


def test_where_the_node_stays_busy_the_runs_count_and_say_so(stub: Stub, ollama: Ollama) -> None:
    made = series(stub, ollama, *[0.9] * 9)
    made.repeat(3)
    assert len(made.invalid) == 2
    assert all("busy node" in run.disturbed for run in made.runs)
    assert len(made.runs) == 3


def test_a_refusal_for_want_of_memory_names_the_page_cache() -> None:
    failure = AnswerFailed(
        "m gave no whole answer.", why="model requires more system memory (1.2 GiB) than is available"
    )
    said = failed_words(failure, replace(SAMPLE, file_bytes=3 * 2**30))
    assert said.startswith(
        "the server refused to load it beside 3,072 MiB of page cache, which the server counts as used"
    )


def test_an_interruption_keeps_the_runs_made_so_far(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", {"done": True, "done_reason": "unload"})
    stub.then("/api/generate", *FRESH)
    kept: list[Measurement] = []

    def show(line: str) -> None:
        if line.startswith("run 2"):
            raise KeyboardInterrupt

    how: dict[str, Any] = {"options": {}, "repetitions": 5, "tokens": 33, "into": kept, "on_progress": show}
    with pytest.raises(KeyboardInterrupt):
        measure(ollama, "m", **how)
    assert [(one.interrupted, len(one.runs), one.repetitions) for one in kept] == [(True, 2, 5)]


def test_both_clocks_are_told_with_where_the_time_went(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", {"done": True, "done_reason": "unload"})
    stub.then("/api/generate", *FRESH)
    clocks = measure(ollama, "m", options={}, repetitions=1, tokens=33).clocks
    assert clocks is not None
    # The stub's server says 2.0 s in all: 0.15 s to load, 1.0 s for the prompt, 1.6 s for the steps.
    assert (clocks.server_s, clocks.prompt_s, clocks.output_s) == (2.0, 1.0, 1.6)
    assert clocks.sampling_s == pytest.approx(-0.75)
    assert clocks.way_s == pytest.approx(clocks.wall_s - 2.0)
    assert "the way there and back" in clocks.words
