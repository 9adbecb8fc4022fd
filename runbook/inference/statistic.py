"""Several values of one quantity, told by their median, their range and an interval instead of one number.

The interval holds the true median whatever the distribution: between the k-th smallest and the k-th largest of n
independent values it lies with probability 1 - 2 P(B < k), B binomial with n tries of one half. Five values reach
94 % with their whole range; nine reach 96 % without the smallest and the largest.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from math import comb

WANTED_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Statistic:
    """Repeated values of one quantity, in its own unit.

    Attributes:
        median: The middle value.
        low: The smallest.
        high: The largest.
        values: All of them, in the order of measuring.
        interval_low: Lower end of the interval that holds the true median.
        interval_high: Upper end of it.
        confidence: Probability that it does: at least 0.95 from six values on, less below.
    """

    median: float
    low: float
    high: float
    values: tuple[float, ...]
    interval_low: float
    interval_high: float
    confidence: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Statistic:
        """The statistic of at least one value.

        Raises:
            ValueError: There is none.
        """
        kept = tuple(values)
        if not kept:
            raise ValueError("no values")
        rank, confidence = _rank(len(kept))
        ordered = sorted(kept)
        ends = (ordered[rank - 1], ordered[-rank])
        return cls(statistics.median(kept), ordered[0], ordered[-1], kept, *ends, confidence)

    @property
    def spread(self) -> float:
        """The range as a share of the median; 0 where the median is 0."""
        return (self.high - self.low) / self.median if self.median else 0.0

    @property
    def variation(self) -> float | None:
        """Standard deviation as a share of the mean; None of fewer than two values, or of a mean of 0."""
        mean = statistics.fmean(self.values)
        return statistics.stdev(self.values) / mean if len(self.values) > 1 and mean else None


def _rank(count: int) -> tuple[int, float]:
    """The largest rank whose interval is sure enough, and how sure it is; the whole range where none is."""
    beyond, rank, confidence = 0, 1, max(0.0, 1 - 2 / 2**count)
    for position in range(1, count // 2 + 1):
        beyond += comb(count, position - 1)
        sure = 1 - 2 * beyond / 2**count
        if sure < WANTED_CONFIDENCE:
            break
        rank, confidence = position, sure
    return rank, confidence
