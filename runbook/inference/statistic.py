"""Several values of one quantity, told by their median and their range instead of one number."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Statistic:
    """Repeated values of one quantity, in its own unit.

    Attributes:
        median: The middle value.
        low: The smallest. Of five independent values, the true median lies between low and high in 15 of 16 cases.
        high: The largest.
        values: All of them, in the order of measuring.
    """

    median: float
    low: float
    high: float
    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Iterable[float]) -> Statistic:
        """The statistic of at least one value.

        Raises:
            ValueError: There is none.
        """
        kept = tuple(values)
        if not kept:
            raise ValueError("no values")
        return cls(statistics.median(kept), min(kept), max(kept), kept)

    @property
    def spread(self) -> float:
        """The range as a share of the median; 0 where the median is 0."""
        return (self.high - self.low) / self.median if self.median else 0.0
