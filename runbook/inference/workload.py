"""The consumer's work: bookmarks a minute as it would see them, one at a time and several, and what several cost.

Each bookmark is asked for as Karakeep asks, with a page that the server has not seen. The instructions before the page
are the same each time and stay in the server's cache, for the consumer as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from runbook.errors import AnswerFailed
from runbook.inference.prompts import fresh_prompt
from runbook.inference.statistic import Statistic
from runbook.inference.watcher import Watcher
from runbook.karakeep import read_tags, tagging_request
from runbook.ollama import Answer, Ollama
from runbook.parameters import Parameters

CONCURRENCIES = (1, 2, 4)
PAGE_TOKENS = 300


@dataclass(frozen=True)
class Workload:
    """The consumer's work at one number of workers.

    Attributes:
        concurrency: Requests at the same time.
        items_per_minute: Bookmarks that came to an answer, a minute; one value for each round.
        tags_per_minute: Tags in those answers that the consumer can read, a minute.
        latency_s: How long one bookmark waits for its answer, in seconds.
        asked: Bookmarks in all rounds.
        unanswered: Those without a whole answer, which the consumer would ask for again.
        anon_peak_bytes: The most memory of the processes meanwhile; None where it was not watched.
    """

    concurrency: int
    items_per_minute: Statistic
    tags_per_minute: Statistic
    latency_s: Statistic
    asked: int
    unanswered: int
    anon_peak_bytes: int | None


def measure_workload(
    ollama: Ollama,
    parameters: Parameters,
    concurrency: int,
    *,
    rounds: int = 3,
    watcher: Watcher | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Workload | None:
    """Ask for bookmarks, so many at the same time; None where no answer came at all.

    Args:
        ollama: The server.
        parameters: The target, whose text model is asked.
        concurrency: Requests at the same time; each round has one for each, and at least two.
        rounds: How often; each gives one value.
        watcher: The watch over the server's pod.
        on_progress: Called with a line after each round.
    """
    if watcher:
        watcher.phase(f"{concurrency} at once")
    count = max(2, concurrency)
    # Loads the model with the consumer's context, and puts the instructions into the cache.
    _asked(ollama, parameters)
    began_s = watcher.now_s if watcher else 0.0
    items, tags, waits = [], [], []
    unanswered = 0
    for number in range(1, rounds + 1):
        begun = time.monotonic()
        with ThreadPoolExecutor(concurrency) as pool:
            answers = list(pool.map(lambda _: _asked(ollama, parameters), range(count)))
        minutes = (time.monotonic() - begun) / 60
        whole = [answer for answer in answers if answer is not None]
        unanswered += count - len(whole)
        waits += [answer.wall_s for answer in whole]
        items.append(len(whole) / minutes)
        tags.append(sum(len(read_tags(answer.text).tags or ()) for answer in whole) / minutes)
        if on_progress:
            on_progress(f"{concurrency} at once, round {number} of {rounds}: {items[-1]:.1f} bookmarks a minute")
    if not waits:
        return None
    peak = _peak(watcher, began_s) if watcher else None
    return Workload(
        concurrency, Statistic.of(items), Statistic.of(tags), Statistic.of(waits), count * rounds, unanswered, peak
    )


def _asked(ollama: Ollama, parameters: Parameters) -> Answer | None:
    try:
        return ollama.generate(tagging_request(parameters, fresh_prompt(PAGE_TOKENS)))
    except AnswerFailed:
        return None


def _peak(watcher: Watcher, since_s: float) -> int | None:
    seen = [one.anon_bytes for one in watcher.trace().samples if one.at_s >= since_s and one.anon_bytes is not None]
    return max(seen, default=None)
