"""Measuring a model's speed: warm, with the consumer's options, several times, and only runs that count.

Interrupted, it keeps what was measured so far: see `into`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runbook.checks import Check
from runbook.errors import OllamaError
from runbook.inference.clocks import Clocks, clocks
from runbook.inference.runs import InvalidRun, TimedRun
from runbook.inference.series import Series
from runbook.inference.statistic import Statistic
from runbook.inference.watcher import Watcher
from runbook.ollama import Ollama, find_loaded


@dataclass(frozen=True)
class Measurement:
    """How fast a model is here.

    Attributes:
        model: Its name.
        decode_tokens_per_second: Tokens after the first, by the server's time.
        prompt_tokens_per_second: Reading a fresh prompt; None where the server did not say how long it was.
        load_s: Loading the model from the disk, or from the page cache, by our clock, in seconds.
        reported_bytes: The memory that `/api/ps` says it takes; None where it was gone by then.
        invalid: The runs that do not count, each with its reason.
        wall_s: The whole measurement by our clock, in seconds.
        context_length: The context in force, in tokens; None where the model was gone by then.
        wall_tokens_per_second: The decoded tokens by our clock, as a consumer sees them.
        runs: The runs that count.
        repetitions: How many were asked for.
        clocks: Where the time of a run went.
        interrupted: Whether somebody ended it early.
    """

    model: str
    decode_tokens_per_second: Statistic
    prompt_tokens_per_second: Statistic | None
    load_s: float
    reported_bytes: int | None
    invalid: tuple[InvalidRun, ...]
    wall_s: float
    context_length: int | None
    wall_tokens_per_second: Statistic | None
    runs: tuple[TimedRun, ...]
    repetitions: int
    clocks: Clocks | None = None
    interrupted: bool = False


def measure(
    ollama: Ollama,
    model: str,
    *,
    options: Mapping[str, Any],
    repetitions: int,
    tokens: int,
    watcher: Watcher | None = None,
    into: list[Measurement] | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Measurement:
    """Measure how fast a model loads, reads and writes. The model is unloaded first, which its consumer may notice.

    Args:
        ollama: The server.
        model: The model.
        options: The consumer's own options, so that nothing it does later loads the model again.
        repetitions: Runs that have to count; at most as many again, and two more, are tried.
        tokens: Tokens generated in each run.
        watcher: The watch over the server's pod, which knows of throttling, swapping and neighbours.
        into: Where the measurement is put as well, as far as it came, when somebody interrupts it.
        on_progress: Called with a line after each run.

    Raises:
        AnswerFailed: The model does not load or answer at all.
        OllamaError: No run counts.
    """
    started = time.monotonic()
    series = Series(ollama, model, options, tokens, watcher=watcher, on_progress=on_progress)
    _phase(watcher, f"load {model}")
    load_s = series.load_anew()
    try:
        _phase(watcher, f"measure {model}")
        series.warm_up()
        series.repeat(repetitions)
    except KeyboardInterrupt:
        if into is not None and series.runs:
            into.append(_measured(series, load_s, repetitions, started, interrupted=True))
        raise
    if not series.runs:
        raise _nothing(model, tuple(series.invalid))
    measured = _measured(series, load_s, repetitions, started)
    if into is not None:
        into.append(measured)
    return measured


def _measured(
    series: Series, load_s: float, repetitions: int, started: float, *, interrupted: bool = False
) -> Measurement:
    loaded = find_loaded(series.model, series.ollama.ps())
    runs = tuple(series.runs)
    return Measurement(
        model=series.model,
        decode_tokens_per_second=Statistic.of(run.decode_tokens_per_second for run in runs),
        prompt_tokens_per_second=statistic(run.prompt_tokens_per_second for run in runs),
        load_s=load_s,
        reported_bytes=loaded.size_bytes if loaded else None,
        invalid=tuple(series.invalid),
        wall_s=time.monotonic() - started,
        context_length=loaded.context_length if loaded else None,
        wall_tokens_per_second=statistic(run.wall_tokens_per_second for run in runs),
        runs=runs,
        repetitions=repetitions,
        clocks=clocks(runs),
        interrupted=interrupted,
    )


def measurement_check(measurement: Measurement) -> Check:
    """Whether as many runs count as were asked for."""
    reasons = "; ".join(dict.fromkeys(run.reason for run in measurement.invalid))
    valid = len(measurement.runs)
    disturbed = sum(bool(run.disturbed) for run in measurement.runs)
    busy = f", {disturbed} of them on a busy node" if disturbed else ""
    return Check.that(
        f"{measurement.model} was measured {measurement.repetitions} times",
        valid >= measurement.repetitions,
        f"{valid} runs count{busy}, {len(measurement.invalid)} do not" + (f": {reasons}" if reasons else ""),
        "Measure again when the node is idle and nothing else uses the model.",
    )


def statistic(values: Iterable[float | None]) -> Statistic | None:
    """The statistic of the values that are known; None where none is."""
    known = [value for value in values if value is not None]
    return Statistic.of(known) if known else None


def _nothing(model: str, invalid: tuple[InvalidRun, ...]) -> OllamaError:
    return OllamaError(
        f"No run of {model} can be used: {len(invalid)} were tried.",
        why="; ".join(dict.fromkeys(run.reason for run in invalid)),
        next="Measure again when the node is idle and nothing else uses the model.",
    )


def _phase(watcher: Watcher | None, name: str) -> None:
    if watcher:
        watcher.phase(name)
