"""Whether a figure that was measured several times in two runs has changed, or only scatters.

A change has to pass three tests. On the values: the exact test of Mann and Whitney (Annals of Mathematical Statistics
18, 1947) at 1 %, which asks nothing of their distribution; five values against five pass only when the ranges do not
touch. Between the runs: values of one run share what the machine did during it, which no test on them can see, so the
shift has to exceed what the same run, repeated on an idle machine, shifts by. On a busy machine: it has to
exceed the scatter within the noisier of the two runs, since what scatters a run shifts the next one too; and where
that scatter is larger than half the speed, nothing can be told.

The shift is the estimate of Hodges and Lehmann (ibid. 34, 1963), the median of all ratios between a later and an
earlier value, with the 95 % interval that belongs to the same test.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

ALPHA = 0.01
COVERAGE = 0.95
# Repeated runs on one idle machine differ by 3 to 6 % here and by 6 to 8 % as published by others; at 10 %, a machine
# whose speed drifts from run to run with a standard deviation of 3 % raises a false alarm in one of 35 comparisons.
RUN_TO_RUN = 0.10
# On an idle machine the values of a run scatter by about a tenth; above a half it was the machine that was measured.
BUSY = 0.5
# Of many values the outermost tenth at each end is no part of the scatter.
OUTER_SHARE = 10
# Above this many pairs the distribution of the statistic is taken as normal.
EXACT_PAIRS = 900

Kind = Literal["noise", "change", "unknown"]


@dataclass(frozen=True)
class Shift:
    """How a figure moved between two runs.

    Attributes:
        kind: `noise`, `change`, or `unknown` where there are too few values to tell.
        ratio: Later over earlier; None where there is nothing to divide.
        low: Lower end of the ratio's 95 % interval; None where there are too few values for one.
        high: Its upper end.
        p: The chance of values as far apart from two runs that do not differ; 1 where nothing was tested.
        reason: Why it is not a change; empty where it is one.
    """

    kind: Kind
    ratio: float | None
    low: float | None = None
    high: float | None = None
    p: float = 1.0
    reason: str = ""


def shift(before: Sequence[float], after: Sequence[float]) -> Shift:
    """How positive values moved between two runs.

    Args:
        before: The values of the earlier run, in any order.
        after: The values of the later run.
    """
    if not before or not after or min(*before, *after, math.inf) <= 0:
        return Shift("unknown", None, reason="there is no value to compare")
    ratios = sorted(later / earlier for earlier in before for later in after)
    ratio, (low, high) = statistics.median(ratios), _interval(ratios, len(before), len(after))
    if 2 / math.comb(len(before) + len(after), len(before)) > ALPHA:
        few = f"{len(before)} and {len(after)} values are too few to tell; five of each are enough"
        return Shift("unknown", ratio, low, high, reason=few)
    scattered = max(_scatter(before), _scatter(after))
    if scattered > BUSY:
        busy = f"the values of one run scatter by {100 * scattered:.0f} %, so the machine was busy; measure again"
        return Shift("unknown", ratio, low, high, reason=busy)
    p = _chance(before, after)
    if p > ALPHA:
        return Shift("noise", ratio, low, high, p, "the values of the two runs overlap")
    moved = math.expm1(abs(math.log(ratio)))
    if moved <= RUN_TO_RUN:
        return Shift("noise", ratio, low, high, p, f"the same run repeated moves by up to {100 * RUN_TO_RUN:.0f} %")
    if moved <= scattered:
        return Shift("noise", ratio, low, high, p, f"the values of one run scatter by {100 * scattered:.0f} %")
    return Shift("change", ratio, low, high, p)


def _scatter(values: Sequence[float]) -> float:
    """The range of a run's values, less their outermost tenths, as a share of their median."""
    outer = len(values) // OUTER_SHARE
    kept = sorted(values)[outer : len(values) - outer]
    return (kept[-1] - kept[0]) / statistics.median(kept)


def _chance(before: Sequence[float], after: Sequence[float]) -> float:
    """Two-sided p of the test; of equal values half count for each side, and the statistic is rounded towards noise."""
    pairs = len(before) * len(after)
    below = sum((later < earlier) + 0.5 * (later == earlier) for earlier in before for later in after)
    return min(1.0, 2 * _up_to(math.ceil(min(below, pairs - below)), len(before), len(after)))


def _interval(ratios: Sequence[float], before: int, after: int) -> tuple[float | None, float | None]:
    """The interval of the shift: as many ratios are cut from each end as the test allows at its level."""
    cut = 0
    while cut < len(ratios) // 2 and _up_to(cut, before, after) <= (1 - COVERAGE) / 2:
        cut += 1
    return (ratios[cut - 1], ratios[-cut]) if cut else (None, None)


def _up_to(statistic: int, before: int, after: int) -> float:
    """The chance that the statistic is at most this when nothing differs."""
    pairs = before * after
    if pairs > EXACT_PAIRS:
        deviation = math.sqrt(pairs * (before + after + 1) / 12)
        return statistics.NormalDist(pairs / 2, deviation).cdf(statistic + 0.5)
    ways = _ways(before, after)
    return sum(ways[: statistic + 1]) / math.comb(before + after, before)


@cache
def _ways(before: int, after: int) -> tuple[int, ...]:
    """In how many orders of the values the statistic is 0, 1, 2, ...: the coefficients of a Gaussian binomial."""
    ways = [1] + [0] * (before * after)
    for part in range(1, before + 1):
        for index in range(len(ways) - 1, after + part - 1, -1):
            ways[index] -= ways[index - after - part]
        for index in range(part, len(ways)):
            ways[index] += ways[index - part]
    return tuple(ways)
