"""Memory over time: the samples of a watch with the phases in which they were taken, and what they amount to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf

from runbook.inference.sample import Sample


@dataclass(frozen=True)
class Phase:
    """A stretch of a watch.

    Attributes:
        name: What was done.
        from_s: When it began, in seconds since the watch began.
        until_s: When it ended.
        anon_peak_bytes: The most memory of the processes in it; None where it was too short for a sample.
        file_peak_bytes: The most page cache.
        working_set_peak_bytes: The largest working set.
        peak_bytes: The most memory that counts against the limit.
    """

    name: str
    from_s: float
    until_s: float
    anon_peak_bytes: int | None
    file_peak_bytes: int | None
    working_set_peak_bytes: int | None
    peak_bytes: int | None


@dataclass(frozen=True)
class Slow:
    """What the slower sources said at one moment.

    Attributes:
        at_s: When, in seconds since the watch began.
        reported_bytes: Memory of the loaded models by `/api/ps`; None where it did not answer.
        pod_metrics_bytes: Working set of the pod by the metrics API; None where there is none.
        node_metrics_bytes: Working set of the node by the metrics API.
    """

    at_s: float
    reported_bytes: int | None
    pod_metrics_bytes: int | None
    node_metrics_bytes: int | None


@dataclass(frozen=True)
class Trace:
    """A watch that has ended, or what there is of it so far.

    Attributes:
        samples: Everything that was seen, in order.
        phases: The phases, in order.
        slow: What `/api/ps` and the metrics API said.
        limit_bytes: The pod's memory limit; None where it has none.
        ended_because: Why it ended early; empty where it did not.
    """

    samples: tuple[Sample, ...]
    phases: tuple[Phase, ...]
    slow: tuple[Slow, ...] = ()
    limit_bytes: int | None = None
    ended_because: str = ""

    @property
    def anon_peak_bytes(self) -> int | None:
        """The most memory of the processes."""
        return _peak(self.samples, lambda one: one.anon_bytes)

    @property
    def peak_bytes(self) -> int | None:
        """The most memory that counts against the limit, as far as samples see it."""
        return _peak(self.samples, lambda one: one.current_bytes)

    @property
    def kernel_peak_bytes(self) -> int | None:
        """The same by the kernel's own count, since the pod began."""
        return self.samples[-1].peak_bytes if self.samples else None

    @property
    def hertz(self) -> float | None:
        """Samples a second."""
        seconds = self.samples[-1].at_s - self.samples[0].at_s if len(self.samples) > 1 else 0.0
        return (len(self.samples) - 1) / seconds if seconds else None

    def thinned(self, most: int = 300) -> Trace:
        """The same with at most so many samples; the highest of each stretch is kept, so no peak is lost."""
        if len(self.samples) <= most:
            return self
        step = -(-len(self.samples) // most)
        groups = (self.samples[at : at + step] for at in range(0, len(self.samples), step))
        kept = tuple(max(group, key=lambda one: one.anon_bytes or 0) for group in groups)
        return Trace(kept, self.phases, self.slow, self.limit_bytes, self.ended_because)


def phases_of(samples: Iterable[Sample], marks: Iterable[tuple[str, float]], until_s: float) -> tuple[Phase, ...]:
    """The phases that begin at the marks, each with the peaks of its samples."""
    held, begun = tuple(samples), tuple(marks)
    if not begun:
        return ()
    ends = [at for _, at in begun[1:]] + [until_s]
    # A sample at the border belongs to what begins there, the last one to the last phase.
    own = [[one for one in held if at <= one.at_s < end] for (_, at), end in zip(begun, [*ends[:-1], inf], strict=True)]
    return tuple(_phase(seen, name, at, end) for seen, (name, at), end in zip(own, begun, ends, strict=True))


def _phase(own: Sequence[Sample], name: str, from_s: float, until_s: float) -> Phase:
    return Phase(
        name,
        from_s,
        until_s,
        _peak(own, lambda one: one.anon_bytes),
        _peak(own, lambda one: one.file_bytes),
        _peak(own, lambda one: one.working_set_bytes),
        _peak(own, lambda one: one.current_bytes),
    )


def _peak(samples: Iterable[Sample], of: Callable[[Sample], int | None]) -> int | None:
    return max((found for one in samples if (found := of(one)) is not None), default=None)
