"""A figure with what is known of its error."""

from __future__ import annotations

from dataclasses import dataclass


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
