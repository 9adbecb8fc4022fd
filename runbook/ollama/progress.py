"""A pull's progress: the lines of a server, which run backwards and forget, made into an account that does not.

The server reports each layer by itself, again and again, starts over when a part fails, and says nothing about small
layers. The account keeps the highest figure of each layer; the whole is the sum over the layers named so far.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

# A layer that is found half-way done is taken for resumed when the line could not have brought that much by then.
TOLERANCE = 3.0
# Verifying and writing come after the last byte.
ALMOST = 99.0


class PullProgress(NamedTuple):
    """Where a pull is.

    Attributes:
        status: The server's word for what it does: `pulling manifest`, `pulling 0123456789ab`, `success`.
        digest: The layer it speaks of; empty where it speaks of none.
        total_bytes: The size of that layer.
        completed_bytes: What the server has of that layer; never less than before.
        all_total_bytes: The sizes of all layers named so far.
        all_completed_bytes: What the server has of all of them.
        percent: Of the whole, from 0 to 100; never less than before, and 100 only after the server's `success`.
    """

    status: str
    digest: str = ""
    total_bytes: int = 0
    completed_bytes: int = 0
    all_total_bytes: int = 0
    all_completed_bytes: int = 0
    percent: float = 0.0

    @property
    def is_on_its_way(self) -> bool:
        """Whether the layer it speaks of is being transferred."""
        return 0 < self.completed_bytes < self.total_bytes


@dataclass(slots=True)
class Layer:
    """The account of one layer.

    Attributes:
        total_bytes: Its size.
        first_bytes: What the server had of it when it first spoke of it.
        highest_bytes: The most that it ever had.
        waited_s: The time between the line before and the first about this layer: all that could have arrived
            unseen arrived in it.
        watched_s: The time from the first to the latest line about it.
        is_whole: Whether the pull has succeeded, after which the last lines may have said less.
    """

    total_bytes: int
    first_bytes: int
    highest_bytes: int
    waited_s: float
    watched_s: float = 0.0
    is_whole: bool = False

    @property
    def completed_bytes(self) -> int:
        """What the server has of it."""
        return self.total_bytes if self.is_whole else self.highest_bytes

    def arrived_bytes(self) -> int:
        """What was fetched while we watched; what lay on the disk before does not count.

        A first line with the whole layer means that it was there. A first line with a part of it means a resumed
        download, unless the rate seen afterwards could have brought that part in the time before the line.
        """
        if self.first_bytes >= self.total_bytes or not self._can_be_fresh():
            return self.completed_bytes - self.first_bytes
        return self.completed_bytes

    def _can_be_fresh(self) -> bool:
        if self.watched_s <= 0:
            return self.first_bytes == 0
        rate = (self.highest_bytes - self.first_bytes) / self.watched_s
        return self.first_bytes <= TOLERANCE * rate * self.waited_s


class Account:
    """All layers of one model, over as many attempts as it takes.

    Args:
        expected_bytes: The size of the whole, where it is known. Without it the percentage speaks of the layers
            named so far, since the server names a layer only when it comes to it.
        clock: The time in seconds; tests have their own.
    """

    def __init__(self, expected_bytes: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._expected = expected_bytes
        self._clock = clock
        self._layers: dict[str, Layer] = {}
        self._first_at: dict[str, float] = {}
        self._line_at = clock()
        self._total = 0
        self._completed = 0
        self._percent = 0.0
        self.succeeded = False

    @property
    def arrived_bytes(self) -> int:
        """Bytes fetched while we watched. Layers so small that the server never mentions them are not in it."""
        return sum(layer.arrived_bytes() for layer in self._layers.values())

    @property
    def completed_bytes(self) -> int:
        """What the server has of all layers named so far."""
        return self._completed

    @property
    def needed_bytes(self) -> int:
        """What the volume lacked of the layers named so far, when the server first spoke of each."""
        return sum(layer.total_bytes - layer.first_bytes for layer in self._layers.values())

    def add(self, event: Mapping[str, Any]) -> PullProgress:
        """Take in one line of the server."""
        status, digest, now = event.get("status", ""), event.get("digest", ""), self._clock()
        layer = self._layer(digest, event, now) if digest else None
        self._line_at = now
        if status == "success":
            self._succeed()
        elif self._total:
            # At most ALMOST, and never less than before; written out, since 20,000 lines pass here.
            share = 100.0 * self._completed / (self._total if self._total > self._expected else self._expected)
            if share > self._percent:
                self._percent = share if share < ALMOST else ALMOST
        if layer is None:
            return PullProgress(str(status), str(digest), 0, 0, self._total, self._completed, self._percent)
        total = layer.total_bytes
        completed = total if layer.is_whole else layer.highest_bytes
        return PullProgress(status, digest, total, completed, self._total, self._completed, self._percent)

    def _layer(self, digest: str, event: Mapping[str, Any], now: float) -> Layer:
        layer = self._layers.get(digest)
        total, completed = event.get("total", 0), event.get("completed", 0)
        # By far the most lines say only that a known layer has grown.
        if layer is not None and total == layer.total_bytes and layer.highest_bytes <= completed <= total:
            layer.watched_s = now - self._first_at[digest]
            self._completed += completed - layer.highest_bytes
            layer.highest_bytes = completed
            return layer
        total = max(0, int(total))
        completed = min(max(0, int(completed)), total)
        if layer is None:
            layer = self._layers[digest] = Layer(total, completed, completed, now - self._line_at)
            self._first_at[digest] = now
            self._total += total
            self._completed += completed
            return layer
        layer.watched_s = now - self._first_at[digest]
        self._total += total - layer.total_bytes if total else 0
        layer.total_bytes = total or layer.total_bytes
        self._completed += max(0, completed - layer.highest_bytes)
        layer.highest_bytes = max(layer.highest_bytes, completed)
        return layer

    def _succeed(self) -> None:
        """All layers are whole, though the last lines about them may have said less."""
        self.succeeded = True
        for layer in self._layers.values():
            layer.is_whole = True
        self._completed = self._total
        self._percent = 100.0


def follow(events: Iterable[Mapping[str, Any]], account: Account) -> Iterator[PullProgress]:
    """Each line of a pull, accounted for.

    Raises:
        StreamFault: From the events.
    """
    yield from map(account.add, events)
