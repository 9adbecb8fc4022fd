"""A machine as far as it decides the speed: its memory's bandwidth, its threads, and what was measured on it.

Cold, the share of the peak bandwidth that decoding reaches is that of machines of the same kind (110 public rows).
One measurement gives the machine's own rate; two of models of different depth also give the fixed cost of a layer,
which decides where few or shared cores and not the memory are the limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Memory = Literal["ddr4", "ddr5", "lpddr", "unified", "unknown"]
Basis = Literal["peak", "measured"]


@dataclass(frozen=True)
class Share:
    """Share of a bandwidth that decoding reaches: nine of ten machines lie between the ends."""

    low: float
    expected: float
    high: float


# Of the peak, by kind of memory; and of a bandwidth that was read on the machine. Boards with few cores or an old
# core design reach less than half of it.
COLD_SHARES: Final = {
    "ddr4": Share(0.51, 0.64, 0.77),
    "ddr5": Share(0.42, 0.54, 0.68),
    "lpddr": Share(0.22, 0.50, 0.65),
    "unified": Share(0.25, 0.30, 0.50),
    "unknown": Share(0.42, 0.62, 0.77),
}
MEASURED_SHARE: Final = Share(0.46, 0.74, 0.95)
MANY_CORES: Final = 24
MANY_CORES_SHARE: Final = Share(0.15, 0.42, 0.70)
# Half the width of the range after one and after two measurements on the machine.
SPREAD_ONCE: Final = 0.20
SPREAD_TWICE: Final = 0.15


@dataclass(frozen=True)
class Measured:
    """One measurement of decoding.

    Attributes:
        read_bytes: Bytes that the model reads for one token.
        layers: Its layers.
        tokens_per_second: Its speed.
        weights: Weights that a token is multiplied with; 0 where no prompt was measured.
        prompt_tokens_per_second: Speed of its prompt; None where it was not measured.
    """

    read_bytes: int
    layers: int
    tokens_per_second: float
    weights: int = 0
    prompt_tokens_per_second: float | None = None


@dataclass(frozen=True)
class Rate:
    """Time of a token: bytes / rate + layers * fixed cost.

    Attributes:
        bytes_per_second: Bytes that are read in a second.
        seconds_per_layer: What a layer costs beside.
        spread: Half the width of the range, as a share.
    """

    bytes_per_second: float
    seconds_per_layer: float
    spread: float

    def seconds(self, read_bytes: int, layers: int) -> float:
        """Time of one token."""
        return read_bytes / self.bytes_per_second + layers * self.seconds_per_layer


@dataclass(frozen=True)
class Host:
    """A machine that runs models on its processor.

    Attributes:
        bandwidth_gb_per_s: Bandwidth of its memory.
        basis: Whether that is the peak of its memory or was read on it.
        memory: Kind of its memory.
        threads: Threads that Ollama starts.
        cores: Physical cores; 0 where they are not known.
        sockets: Processors.
        has_mixed_cores: Whether it has fast and slow cores.
        measured: What was measured on it, at most two count.
    """

    bandwidth_gb_per_s: float
    basis: Basis = "peak"
    memory: Memory = "unknown"
    threads: int = 4
    cores: int = 0
    sockets: int = 1
    has_mixed_cores: bool = False
    measured: tuple[Measured, ...] = ()

    @property
    def share(self) -> Share:
        """The share of the bandwidth that decoding reaches, before anything was measured."""
        if self.cores > MANY_CORES or self.sockets > 1:
            return MANY_CORES_SHARE
        found = MEASURED_SHARE if self.basis == "measured" else COLD_SHARES[self.memory]
        return Share(found.low * 0.7, found.expected * 0.9, found.high) if self.has_mixed_cores else found

    @property
    def rate(self) -> Rate | None:
        """The machine's own rate from what was measured; None where nothing was."""
        return rate_of(self.measured)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the range is as wide as it is."""
        return tuple(self._doubts())

    def _doubts(self) -> Iterator[str]:
        if not self.measured:
            yield "nothing was measured on this machine yet"
        if self.sockets > 1:
            yield "several processors: where the pages lie decides"
        if self.cores > MANY_CORES:
            yield "many cores: waiting for each other costs small models most of their speed"
        if self.has_mixed_cores:
            yield "fast and slow cores: the slowest thread decides"
        if self.memory == "unified":
            yield "wide unified memory: the processor cores cannot draw all of it"


def rate_of(measured: Sequence[Measured]) -> Rate | None:
    """The rate behind one or two measurements; None without any.

    Two measurements give the fixed cost of a layer too, unless it comes out below nothing: then the mean rate counts.
    """
    if not measured:
        return None
    if len(measured) == 1:
        one = measured[0]
        return Rate(one.read_bytes * one.tokens_per_second, 0.0, SPREAD_ONCE)
    first, second = measured[:2]
    determinant = first.read_bytes * second.layers - second.read_bytes * first.layers
    if determinant:
        times = 1 / first.tokens_per_second, 1 / second.tokens_per_second
        per_byte = (times[0] * second.layers - times[1] * first.layers) / determinant
        per_layer = (first.read_bytes * times[1] - second.read_bytes * times[0]) / determinant
        if per_byte > 0 and per_layer >= 0:
            return Rate(1 / per_byte, per_layer, SPREAD_TWICE)
    mean = sum(one.read_bytes * one.tokens_per_second for one in (first, second)) / 2
    return Rate(mean, 0.0, SPREAD_ONCE)
