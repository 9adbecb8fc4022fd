"""Runs of one model that differ in nothing but the nonce of their prompts: made until enough of them count.

A run that had to load the model, found its prompt in the cache, was throttled or swapped says something else than it
seems to; it is named with its reason and made again, a bounded number of times. One beside which others took the CPU
is made again too; where the node stays busy such runs count at last, and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from runbook.errors import AnswerFailed
from runbook.inference.conditions import Conditions, conditions
from runbook.inference.prompts import fresh_prompt
from runbook.inference.runs import InvalidRun, TimedRun, reload_threshold_s, timed_run
from runbook.inference.sample import Sample
from runbook.inference.watcher import Watcher
from runbook.ollama import Answer, Ollama
from runbook.ollama.context import DEFAULT_CONTEXT

# Hot enough that even random weights do not repeat one token until the server stops, over few enough candidates that
# choosing costs nothing. The speed of decoding does not depend on which token comes.
SAMPLING = {"temperature": 1.5, "top_k": 40}
PROMPT_TOKENS = 256
SPARE_TOKENS = 32
# Beyond the repetitions asked for, so many runs that do not count are borne.
MORE_INVALID = 2
# Runs on a busy node that are made again before such runs count.
BUSY_AGAIN = 2

REFUSED = "requires more system memory"


@dataclass
class Series:
    """Runs of one model under one setting.

    Attributes:
        ollama: The server.
        model: The model.
        options: The consumer's own options.
        tokens: Tokens generated in each run.
        prompt_tokens: Length of each prompt, about; less where the context is too small for it.
        watcher: The watch over the pod; without one nothing is known of throttling, swapping and neighbours.
        on_progress: Called with a line after each run.
        runs: The runs that count, so far.
        invalid: The runs that do not, so far.
    """

    ollama: Ollama
    model: str
    options: Mapping[str, Any]
    tokens: int
    prompt_tokens: int = PROMPT_TOKENS
    watcher: Watcher | None = None
    on_progress: Callable[[str], None] | None = None
    runs: list[TimedRun] = field(default_factory=list)
    invalid: list[InvalidRun] = field(default_factory=list)
    _busy: int = 0

    @property
    def request_options(self) -> dict[str, Any]:
        """The options that each request carries: those of the load too, or the model would be loaded again."""
        return {**SAMPLING, **self.options, "num_predict": self.tokens}

    def load_anew(self) -> float:
        """Unload the model and load it, and return how long loading took, in seconds."""
        self.ollama.unload(self.model)
        load_s = self.ollama.load(self.model, self.request_options)
        self.show(f"loaded in {load_s:.1f} s")
        return load_s

    def warm_up(self) -> None:
        """One run that does not count: the first after a load touches memory for the first time."""
        self._run()

    def repeat(self, repetitions: int) -> None:
        """Runs until enough of them count, or too many do not."""
        while len(self.runs) < repetitions and len(self.invalid) < repetitions + MORE_INVALID:
            run = self._run()
            if isinstance(run, TimedRun) and run.disturbed and self._busy < BUSY_AGAIN:
                self._busy += 1
                run = InvalidRun(run.disturbed)
            if isinstance(run, InvalidRun):
                self.invalid.append(run)
                self.show(f"not counted: {run.reason}")
            else:
                self.runs.append(run)
                aside = f", {run.disturbed}" if run.disturbed else ""
                self.show(f"run {len(self.runs)} of {repetitions}: {run.decode_tokens_per_second:.1f} tok/s{aside}")

    def show(self, line: str) -> None:
        """Tell a line of progress."""
        if self.on_progress:
            self.on_progress(line)

    def _run(self) -> TimedRun | InvalidRun:
        """One run. Somebody else's request may have put another context in its place, so it is loaded first."""
        try:
            threshold_s = reload_threshold_s(self.ollama.load(self.model, self.request_options))
            before = self._sample()
            run = timed_run(self._ask(), tokens=self.tokens, reload_above_s=threshold_s)
        except AnswerFailed as failure:
            return InvalidRun(failed_words(failure, self._sample()))
        return judged(run, conditions(before, self._sample()))

    def _ask(self) -> Answer:
        # The prompt must fit into the context with the answer, or its head and the nonce in it would be cut off.
        context = int(self.options.get("num_ctx", DEFAULT_CONTEXT))
        prompt = fresh_prompt(min(self.prompt_tokens, context - self.tokens - SPARE_TOKENS))
        request = {"model": self.model, "prompt": prompt, "raw": True, "options": self.request_options}
        return self.ollama.generate(request)

    def _sample(self) -> Sample | None:
        return self.watcher.sample() if self.watcher else None


def judged(run: TimedRun | InvalidRun, beside: Conditions) -> TimedRun | InvalidRun:
    """A run in the light of what went on beside it."""
    if isinstance(run, InvalidRun):
        return run
    return InvalidRun(beside.fault) if beside.fault else replace(run, disturbed=beside.disturbance)


def failed_words(failure: AnswerFailed, sample: Sample | None) -> str:
    """Why there was no answer; where the server refused for want of memory, what the page cache had to do with it."""
    if REFUSED in failure.why and sample is not None and sample.file_bytes:
        held = f"{sample.file_bytes / 2**20:,.0f} MiB of page cache, which the server counts as used"
        return f"the server refused to load it beside {held}: {failure.why}"
    return f"no whole answer: {failure.why}"
