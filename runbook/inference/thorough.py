"""A thorough measurement of one model: speed at depth, cold starts, the consumer's work, memory over time, a leak.

It is filled part by part, so that an interruption keeps what was measured so far.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

from runbook.checks import Check
from runbook.inference.cold import ColdStart, measure_cold_start
from runbook.inference.depths import DEPTHS, FEW_TOKENS, PROMPT_LENGTHS, Depth, measure_depth
from runbook.inference.leak import LeakTest, leak_check, leak_test
from runbook.inference.measure import Measurement, measure, measurement_check
from runbook.inference.prompts import fresh_prompt
from runbook.inference.trace import Trace
from runbook.inference.watcher import Watcher
from runbook.inference.workload import CONCURRENCIES, Workload, measure_workload
from runbook.karakeep import consumer_options, tagging_request
from runbook.ollama import Ollama
from runbook.parameters import Parameters

Part = Literal["speed", "depths", "cold", "work", "leak"]
PARTS: tuple[Part, ...] = get_args(Part)
COLD_STARTS = 3
LEAK_REQUESTS = 30
PAGE_TOKENS = 64
# The kernel ends a process before the limit is full to the last page.
HEADROOM = 0.95


@dataclass
class Thorough:
    """What was measured of a model, so far.

    Attributes:
        model: Its name.
        complete: Whether it came to its end.
        speed: Speed with the consumer's own options.
        depths: Speed after prompts of several lengths.
        cold: Requests to the model while it is not loaded.
        work: The consumer's work at several numbers of workers.
        leak: Memory over many structured requests.
        memory: Memory over time, with its phases.
    """

    model: str
    complete: bool = False
    speed: Measurement | None = None
    depths: list[Depth] = field(default_factory=list)
    cold: ColdStart | None = None
    work: list[Workload] = field(default_factory=list)
    leak: LeakTest | None = None
    memory: Trace | None = None


def measure_thoroughly(
    into: Thorough,
    ollama: Ollama,
    parameters: Parameters,
    *,
    watcher: Watcher,
    parts: tuple[Part, ...] = PARTS,
    on_progress: Callable[[str], None] | None = None,
) -> None:
    """Measure a model, part by part.

    Args:
        into: Where everything is put as soon as it is known; names the model.
        ollama: The server.
        parameters: The target, with the number of repetitions and of tokens.
        watcher: The watch over the server's pod.
        parts: What to measure.
        on_progress: Called with a line after each run.

    Raises:
        AnswerFailed: The model does not load or answer at all.
        OllamaError: No run counts.
    """
    own = parameters.model_copy(update={"text_model": into.model})
    steps: dict[Part, Callable[[], None]] = {
        "speed": lambda: _speed(into, ollama, own, watcher, on_progress),
        "depths": lambda: _depths(into, ollama, own, watcher, on_progress),
        "cold": lambda: _cold(into, ollama, own, watcher, on_progress),
        "work": lambda: _work(into, ollama, own, watcher, on_progress),
        "leak": lambda: _leak(into, ollama, own, watcher, on_progress),
    }
    try:
        for part in PARTS:
            if part in parts:
                steps[part]()
        into.complete = True
    finally:
        into.memory = watcher.trace().thinned()


Show = Callable[[str], None] | None


def _speed(into: Thorough, ollama: Ollama, parameters: Parameters, watcher: Watcher, show: Show) -> None:
    kept: list[Measurement] = []
    try:
        measure(
            ollama,
            into.model,
            options=consumer_options(parameters),
            repetitions=parameters.repetitions,
            tokens=parameters.measured_tokens,
            watcher=watcher,
            into=kept,
            on_progress=show,
        )
    finally:
        into.speed = kept[0] if kept else None


def _depths(into: Thorough, ollama: Ollama, parameters: Parameters, watcher: Watcher, show: Show) -> None:
    lengths = [(depth, parameters.measured_tokens) for depth in DEPTHS] + [(one, FEW_TOKENS) for one in PROMPT_LENGTHS]
    for depth, tokens in sorted(lengths):
        measure_depth(
            ollama,
            into.model,
            depth,
            options=consumer_options(parameters),
            repetitions=parameters.repetitions,
            tokens=tokens,
            watcher=watcher,
            into=into.depths,
            on_progress=show,
        )


def _cold(into: Thorough, ollama: Ollama, parameters: Parameters, watcher: Watcher, show: Show) -> None:
    into.cold = measure_cold_start(
        ollama,
        into.model,
        options=consumer_options(parameters),
        repetitions=COLD_STARTS,
        watcher=watcher,
        on_progress=show,
    )


def _work(into: Thorough, ollama: Ollama, parameters: Parameters, watcher: Watcher, show: Show) -> None:
    for concurrency in CONCURRENCIES:
        found = measure_workload(ollama, parameters, concurrency, watcher=watcher, on_progress=show)
        if found is not None:
            into.work.append(found)


def _leak(into: Thorough, ollama: Ollama, parameters: Parameters, watcher: Watcher, show: Show) -> None:
    watcher.phase("structured requests")
    request = tagging_request(parameters, fresh_prompt(PAGE_TOKENS))
    into.leak = leak_test(ollama, request, watcher.sample, requests=LEAK_REQUESTS, on_progress=show)


def thorough_checks(found: Thorough) -> tuple[Check, ...]:
    """Whether what was measured is enough to rely on."""
    checks = [measurement_check(found.speed)] if found.speed else []
    if found.leak:
        checks.append(leak_check(found.leak))
    if found.memory and found.memory.samples:
        checks.append(memory_check(found.model, found.memory))
    return tuple(checks)


def memory_check(model: str, memory: Trace) -> Check:
    """Whether the processes stayed below the limit of the pod, which page cache alone can fill without harm."""
    name, peak = f"{model} stays within the memory limit", memory.anon_peak_bytes
    if peak is None or memory.limit_bytes is None:
        return Check.skipped(name, "the pod has no limit, or its cgroup does not tell")
    return Check.that(
        name,
        peak < HEADROOM * memory.limit_bytes,
        f"the processes took at most {peak / 2**20:,.0f} of {memory.limit_bytes / 2**20:,.0f} MiB",
        "Raise `memory_limit`, or choose a smaller model or context.",
    )
