"""Measuring a model's speed: warm, with the consumer's options, several times, and only runs that count.

A run that had to load the model, or whose prompt lay in the cache, says something else than it seems to; it is named
with its reason and measured again, a bounded number of times.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runbook.checks import Check
from runbook.errors import AnswerFailed, OllamaError
from runbook.inference.prompts import fresh_prompt
from runbook.inference.runs import InvalidRun, TimedRun, reload_threshold_s, timed_run
from runbook.inference.statistic import Statistic
from runbook.ollama import Answer, Ollama, find_loaded
from runbook.ollama.context import DEFAULT_CONTEXT

# Hot enough that even random weights do not repeat one token until the server stops, over few enough candidates that
# choosing costs nothing. The speed of decoding does not depend on which token comes.
SAMPLING = {"temperature": 1.5, "top_k": 40}
PROMPT_TOKENS = 256
SPARE_TOKENS = 32


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


def measure(
    ollama: Ollama,
    model: str,
    *,
    options: Mapping[str, Any],
    repetitions: int,
    tokens: int,
    on_progress: Callable[[str], None] | None = None,
) -> Measurement:
    """Measure how fast a model loads, reads and writes. The model is unloaded first, which its consumer may notice.

    Args:
        ollama: The server.
        model: The model.
        options: The consumer's own options, so that nothing it does later loads the model again.
        repetitions: Runs that have to count; at most as many again, and two more, are tried.
        tokens: Tokens generated in each run.
        on_progress: Called with a line after each run.

    Raises:
        AnswerFailed: The model does not load or answer at all.
        OllamaError: No run counts.
    """
    started = time.monotonic()
    series = _Series(ollama, model, options, tokens, on_progress)
    load_s = series.warm_up()
    runs, invalid = series.repeat(repetitions)
    if not runs:
        raise _nothing(model, invalid)
    loaded = find_loaded(model, ollama.ps())
    return Measurement(
        model=model,
        decode_tokens_per_second=Statistic.of(run.decode_tokens_per_second for run in runs),
        prompt_tokens_per_second=_statistic(run.prompt_tokens_per_second for run in runs),
        load_s=load_s,
        reported_bytes=loaded.size_bytes if loaded else None,
        invalid=invalid,
        wall_s=time.monotonic() - started,
        context_length=loaded.context_length if loaded else None,
        wall_tokens_per_second=_statistic(run.wall_tokens_per_second for run in runs),
        runs=runs,
        repetitions=repetitions,
    )


def measurement_check(measurement: Measurement) -> Check:
    """Whether as many runs count as were asked for."""
    reasons = "; ".join(dict.fromkeys(run.reason for run in measurement.invalid))
    valid = len(measurement.runs)
    return Check.that(
        f"{measurement.model} was measured {measurement.repetitions} times",
        valid >= measurement.repetitions,
        f"{valid} runs count, {len(measurement.invalid)} do not" + (f": {reasons}" if reasons else ""),
        "Measure again when the node is idle and nothing else uses the model.",
    )


class _Series:
    """Runs of one model that differ in nothing but the nonce of their prompts."""

    def __init__(
        self,
        ollama: Ollama,
        model: str,
        options: Mapping[str, Any],
        tokens: int,
        on_progress: Callable[[str], None] | None,
    ) -> None:
        self._ollama, self._model, self._tokens = ollama, model, tokens
        self._options = {**SAMPLING, **options, "num_predict": tokens}
        # The prompt must fit into the context with the answer, or its head and the nonce in it would be cut off.
        context = int(options.get("num_ctx", DEFAULT_CONTEXT))
        self._prompt_tokens = min(PROMPT_TOKENS, context - tokens - SPARE_TOKENS)
        self._on_progress = on_progress

    def warm_up(self) -> float:
        """Load the model anew, let it answer once, and return how long loading took, in seconds."""
        self._ollama.unload(self._model)
        load_s = self._ollama.load(self._model, self._options)
        self._show(f"{self._model}: loaded in {load_s:.1f} s")
        self._run()
        return load_s

    def repeat(self, repetitions: int) -> tuple[tuple[TimedRun, ...], tuple[InvalidRun, ...]]:
        """Runs until enough of them count, or too many do not."""
        runs: list[TimedRun] = []
        invalid: list[InvalidRun] = []
        while len(runs) < repetitions and len(invalid) < repetitions + 2:
            run = self._run()
            if isinstance(run, InvalidRun):
                invalid.append(run)
                self._show(f"not counted: {run.reason}")
            else:
                runs.append(run)
                self._show(f"run {len(runs)} of {repetitions}: {run.decode_tokens_per_second:.1f} tok/s")
        return tuple(runs), tuple(invalid)

    def _run(self) -> TimedRun | InvalidRun:
        """One run. Somebody else's request may have put another context in its place, so it is loaded first."""
        threshold_s = reload_threshold_s(self._ollama.load(self._model, self._options))
        try:
            return timed_run(self._ask(), tokens=self._tokens, reload_above_s=threshold_s)
        except AnswerFailed as failure:
            return InvalidRun(f"no whole answer: {failure.why}")

    def _ask(self) -> Answer:
        prompt = fresh_prompt(self._prompt_tokens)
        return self._ollama.generate({"model": self._model, "prompt": prompt, "raw": True, "options": self._options})

    def _show(self, line: str) -> None:
        if self._on_progress:
            self._on_progress(line)


def _statistic(values: Iterable[float | None]) -> Statistic | None:
    known = [value for value in values if value is not None]
    return Statistic.of(known) if known else None


def _nothing(model: str, invalid: tuple[InvalidRun, ...]) -> OllamaError:
    return OllamaError(
        f"No run of {model} can be used: {len(invalid)} were tried.",
        why="; ".join(dict.fromkeys(run.reason for run in invalid)),
        next="Measure again when the node is idle and nothing else uses the model.",
    )
