"""The layers of a model on their way: how far each is, how fast it comes, how long it will take, in words."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runbook.views.cells import duration, size

if TYPE_CHECKING:
    from runbook.ollama import PullProgress

# The rate is that of the last seconds: after a break the mean since the beginning would promise too much.
RATE_OVER_S = 10.0
SHORTEST_S = 0.05
SMALL_BYTES = 1 << 20


@dataclass
class Layer:
    """What is known of one layer.

    Attributes:
        digest: Its digest.
        total_bytes: Its size.
        completed_bytes: What the server has of it.
        began_at: When we first heard of it, by the monotonic clock, in seconds.
        began_bytes: What the server had of it then.
        ended_at: When it was whole; None while it is not.
        seen: Moments of the last seconds with what the server had then.
    """

    digest: str
    total_bytes: int
    completed_bytes: int
    began_at: float
    began_bytes: int
    ended_at: float | None = None
    seen: deque[tuple[float, int]] = field(default_factory=deque)

    @property
    def share(self) -> float:
        """How much of it is there, from 0 to 1."""
        return self.completed_bytes / self.total_bytes if self.total_bytes else 1.0

    def count(self, completed_bytes: int, now: float) -> None:
        """Take in what the server has of it now."""
        self.completed_bytes = completed_bytes
        self.seen.append((now, completed_bytes))
        while self.seen[0][0] < now - RATE_OVER_S:
            self.seen.popleft()

    def words(self, now: float) -> str:
        """Where it is: how long it took, or how fast it comes and how long that will take."""
        if self.ended_at is not None:
            return self._ended(self.ended_at - self.began_at)
        rate = self._rate(now)
        left = f", {duration((self.total_bytes - self.completed_bytes) / rate)} left" if rate else ""
        return f"{size(self.completed_bytes)}, {size(rate)}/s{left}"

    def _ended(self, seconds: float) -> str:
        arrived = self.completed_bytes - self.began_bytes
        rate = arrived / seconds if seconds > SHORTEST_S else 0.0
        if rate:
            return f"{duration(seconds)}, {size(rate)}/s"
        # The server says one line about a small layer, whether it was there or not.
        return "was there" if self.total_bytes > SMALL_BYTES else "whole"

    def _rate(self, now: float) -> float:
        began_at, began_bytes = self.seen[0] if self.seen else (self.began_at, self.began_bytes)
        seconds = now - began_at
        return (self.completed_bytes - began_bytes) / seconds if seconds > SHORTEST_S else 0.0


class Layers:
    """The layers of one model, in the order in which the server named them.

    Args:
        clock: The time in seconds; tests have their own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.status = ""
        self._clock = clock
        self._known: dict[str, Layer] = {}

    def __iter__(self) -> Iterator[Layer]:
        return iter(self._known.values())

    def take(self, progress: PullProgress) -> bool:
        """Take in one line of the server; whether it is news that must not be passed over."""
        news = progress.status != self.status
        self.status = progress.status
        now = self._clock()
        if progress.digest:
            news |= self._count(progress, now)
        if progress.status == "success":
            for layer in self._known.values():
                layer.completed_bytes = layer.total_bytes
                layer.ended_at = layer.ended_at or now
        return news

    def _count(self, progress: PullProgress, now: float) -> bool:
        layer = self._known.get(progress.digest)
        if layer is None:
            done = progress.completed_bytes
            layer = self._known[progress.digest] = Layer(progress.digest, progress.total_bytes, done, now, done)
        layer.total_bytes = progress.total_bytes
        layer.count(progress.completed_bytes, now)
        if layer.ended_at is None and layer.share >= 1:
            layer.ended_at = now
            return True
        return False
