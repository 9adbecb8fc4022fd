"""Whether memory leaks: the slope of the process memory over many structured requests, with its interval.

The slope is the median of the slopes between all pairs of values, which a few jumps do not move (Theil, Sen); its
interval has the ranks that Kendall's test gives (Sen 1968), whatever the distribution. The first requests raise the
memory once, and are left out.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runbook.checks import Check
from runbook.errors import AnswerFailed
from runbook.inference.sample import Sample
from runbook.ollama import Ollama

WARM_UP_REQUESTS = 5
CONFIDENCE = 0.95
# What a leak may take in a day of the consumer's work before it matters: a tenth of the plan's limit of 6 GiB.
DAILY_BYTES = 600 << 20
DAILY_REQUESTS = 1000


@dataclass(frozen=True)
class Slope:
    """How fast a quantity grows with each step.

    Attributes:
        per_step: Its slope.
        low: Lower end of the interval.
        high: Upper end of it.
        confidence: Probability that the interval holds the true slope.
    """

    per_step: float
    low: float
    high: float
    confidence: float


@dataclass(frozen=True)
class LeakTest:
    """The memory of the processes over many requests.

    Attributes:
        model: The model.
        requests: Requests that count.
        failed: Requests without a whole answer, which took memory all the same.
        anon_bytes: Memory of the processes after each request that counts.
        first_rise_bytes: How much it rose over the first requests, which are left out.
        bytes_per_request: The slope; None where there are too few values.
    """

    model: str
    requests: int
    failed: int
    anon_bytes: tuple[int, ...]
    first_rise_bytes: int
    bytes_per_request: Slope | None


def leak_test(
    ollama: Ollama,
    request: Mapping[str, Any],
    sample: Callable[[], Sample | None],
    *,
    requests: int,
    on_progress: Callable[[str], None] | None = None,
) -> LeakTest:
    """Send a structured request again and again, and look at the memory after each.

    Args:
        ollama: The server.
        request: The body of `/api/generate`.
        sample: Takes a sample of the server's pod.
        requests: How many requests count; five more go before them.
        on_progress: Called with a line after each.
    """
    seen: list[int] = []
    failed = 0
    for number in range(WARM_UP_REQUESTS + requests):
        try:
            ollama.generate(request)
        except AnswerFailed:
            failed += 1
        taken = sample()
        if taken is None or taken.anon_bytes is None:
            break
        seen.append(taken.anon_bytes)
        if on_progress:
            on_progress(f"request {number + 1} of {WARM_UP_REQUESTS + requests}: {taken.anon_bytes / 2**20:.1f} MiB")
    counted = tuple(seen[WARM_UP_REQUESTS:])
    rise = seen[min(WARM_UP_REQUESTS, len(seen) - 1)] - seen[0] if seen else 0
    return LeakTest(str(request["model"]), len(counted), failed, counted, rise, slope(counted))


def slope(values: Sequence[float]) -> Slope | None:
    """The slope per step of values that follow each other; None of fewer than four."""
    count = len(values)
    if count < 4:
        return None
    pairs = sorted((values[j] - values[i]) / (j - i) for i in range(count) for j in range(i + 1, count))
    z = statistics.NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    reach = z * (count * (count - 1) * (2 * count + 5) / 18) ** 0.5
    low = max(0, round((len(pairs) - reach) / 2))
    high = min(len(pairs) - 1, round((len(pairs) + reach) / 2))
    return Slope(statistics.median(pairs), pairs[low], pairs[high], CONFIDENCE)


def leak_check(test: LeakTest) -> Check:
    """Whether the memory grows so fast that a day of requests would matter."""
    name = f"{test.model} does not leak"
    found = test.bytes_per_request
    if found is None:
        return Check.skipped(name, f"only {test.requests} requests count")
    kib = f"{found.per_step / 1024:+,.1f} KiB a request ({found.low / 1024:+,.1f} to {found.high / 1024:+,.1f})"
    return Check.that(
        name,
        found.low * DAILY_REQUESTS < DAILY_BYTES,
        f"{kib} over {test.requests} structured requests, after a rise of {test.first_rise_bytes / 2**20:,.0f} MiB "
        "at first",
        "Watch the pod's memory over a day; a restart frees it.",
    )
