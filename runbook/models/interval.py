"""A figure with what is known of its error."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Final

# Nine in ten of a normal distribution lie within so many standard deviations.
NINE_IN_TEN: Final = 1.645


@dataclass(frozen=True)
class Interval:
    """An expected value and the range that holds it nine times out of ten.

    Attributes:
        low: Lower end.
        expected: Most likely value.
        high: Upper end.
        bound: What limits it: `memory`, `compute` or `measured`.
        reasons: Why the range is as wide as it is.
    """

    low: float
    expected: float
    high: float
    bound: str = "memory"
    reasons: tuple[str, ...] = ()

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Guess:
    """A positive quantity that is known to a factor.

    Attributes:
        expected: Its most likely value.
        factor: Nine times out of ten it is at most so many times larger or smaller.
    """

    expected: float
    factor: float

    @property
    def deviation(self) -> float:
        """Standard deviation of its natural logarithm."""
        return log(self.factor) / NINE_IN_TEN

    def times(self, number: float) -> Guess:
        """So many times the quantity, known to the same factor."""
        return Guess(self.expected * number, self.factor)

    def plus(self, more: float) -> Guess:
        """The quantity and so much more, known to the same factor."""
        return Guess(self.expected + more, self.factor)
