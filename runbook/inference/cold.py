"""Cold starts: what the first bookmark after a pause waits for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from runbook.errors import AnswerFailed
from runbook.inference.prompts import fresh_prompt
from runbook.inference.series import PROMPT_TOKENS, SAMPLING, SPARE_TOKENS, failed_words
from runbook.inference.statistic import Statistic
from runbook.inference.watcher import Watcher
from runbook.ollama import Ollama
from runbook.ollama.context import DEFAULT_CONTEXT

FEW_TOKENS = 8


@dataclass(frozen=True)
class ColdStart:
    """A request to a model that is not loaded.

    Attributes:
        load_s: Loading it, by the server's time, in seconds.
        first_byte_s: Our wait for the first byte of the answer, in seconds.
        page_cache_bytes: Page cache of the pod before each load: where it is as large as the model, the load read
            memory and not the disk; None where it was not watched.
        failures: Why a start did not come to an answer.
    """

    load_s: Statistic
    first_byte_s: Statistic
    page_cache_bytes: tuple[int | None, ...]
    failures: tuple[str, ...]


def measure_cold_start(
    ollama: Ollama,
    model: str,
    *,
    options: Mapping[str, Any],
    repetitions: int,
    watcher: Watcher | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> ColdStart | None:
    """Unload a model and ask it something, several times; None where no start came to an answer.

    Args:
        ollama: The server.
        model: The model.
        options: The consumer's own options.
        repetitions: How often.
        watcher: The watch over the server's pod.
        on_progress: Called with a line after each start.
    """
    if watcher:
        watcher.phase("cold start")
    asked = {**SAMPLING, **options, "num_predict": FEW_TOKENS}
    length = min(PROMPT_TOKENS, int(options.get("num_ctx", DEFAULT_CONTEXT)) - FEW_TOKENS - SPARE_TOKENS)
    loads, firsts, caches, failures = [], [], [], []
    for number in range(1, repetitions + 1):
        ollama.unload(model)
        before = watcher.sample() if watcher else None
        request = {"model": model, "prompt": fresh_prompt(length), "raw": True, "options": asked}
        try:
            answer = ollama.generate(request)
        except AnswerFailed as failure:
            failures.append(failed_words(failure, before))
            continue
        loads.append(answer.load_s)
        firsts.append(answer.first_byte_s)
        caches.append(before.file_bytes if before else None)
        if on_progress:
            on_progress(f"cold start {number} of {repetitions}: first byte after {answer.first_byte_s:.1f} s")
    if not loads:
        return None
    return ColdStart(Statistic.of(loads), Statistic.of(firsts), tuple(caches), tuple(failures))
