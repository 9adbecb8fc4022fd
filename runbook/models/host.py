"""A machine as far as it decides the speed: its memory's bandwidth, its threads, and what was measured on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from runbook.hardware import CpuState, Machine, plan_threads
from runbook.models.calibration import Calibration
from runbook.models.interval import Guess

Memory = Literal["ddr4", "ddr5", "lpddr", "unified", "unknown"]
Basis = Literal["peak", "measured"]

# Share of the peak bandwidth that decoding reaches. 13 x86 machines at home, DDR3 to DDR5: the median machine, and
# the factor that holds nine in ten machines when each is judged by the others (tests/unit/models/test_speed.py).
HOMELAB_SHARE: Final = Guess(0.63, 1.285)
# 5 boards and laptops with LPDDR: 0.21 to 0.65. Wide unified memory (2): the cores draw 0.26 to 0.38 of it.
BOARD_SHARE: Final = Guess(0.46, 1.8)
UNIFIED_SHARE: Final = Guess(0.32, 1.4)
# 5 machines with more than 24 cores or several sockets: 0.37 to 0.70.
MANY_CORES_SHARE: Final = Guess(0.45, 1.6)
# Of a bandwidth that was read on the machine: three models on one machine that the memory limits, 0.94 to 0.96.
MEASURED_SHARE: Final = Guess(0.95, 1.15)
# Where others had the processor or a limit held the reading back, the memory delivers up to several times more.
DOUBTFUL_READING: Final = Guess(1.3, 2.0)
MANY_CORES: Final = 24
# The period in which the kubelet gives a limit.
PERIOD_US: Final = 100_000
# Weights of Q4_K per second and thread of an answer: 31e9 on a Ryzen 7950X and 30e9 on a Core i9-13900K, both with
# 4 threads, 26e9 on one thread of a laptop of 2025, 29e9 on one of the local machine; a thread that shares its core
# with another has about half.
WEIGHTS_PER_THREAD: Final = Guess(29e9, 2.0)
# A layer's small steps, whatever its width: 0.1 ms on the local machine, about half where a core runs at full clock.
# The threads wait for each other after each: 1.2 ms per layer at 192 threads (two models on one machine).
SECONDS_PER_LAYER: Final = Guess(50e-6, 3.0)
SECONDS_PER_LAYER_AND_THREAD: Final = 6e-6
# Weights per second and thread of a prompt: 26e9 to 55e9 on five x86 machines with AVX2 that state it.
PROMPT_WEIGHTS_PER_THREAD: Final = Guess(40e9, 1.8)
# By which factor an answer's speed differs from what the rates of its machine say, in nine of ten cases: from pairs of
# models on ten machines, each judged by the others. Three times that, as a logarithm, where many cores, several
# processors or a fabric make models err that a machine's own measurements do not mend.
MODEL_ERROR: Final = Guess(1.0, 1.155)
DOUBTFUL_ERROR: Final = Guess(1.0, 1.155**3)
# A slow core holds the fast ones up.
MIXED_CORES: Final = Guess(0.9, 1.2)


@dataclass(frozen=True)
class Rates:
    """What decides the time of a token.

    Attributes:
        bandwidth: Bytes per second that decoding reads.
        arithmetic: Weights of Q4_K per second that decoding multiplies, with all threads.
        seconds_per_layer: Fixed cost of a layer.
    """

    bandwidth: Guess
    arithmetic: Guess
    seconds_per_layer: Guess


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
        calibration: What was measured on it; None where nothing was.
        bandwidth_doubts: What made the bandwidth that was read too low or too high; empty where nothing did.
        thread_warning: What is wrong with the number of threads; empty where nothing is.
    """

    bandwidth_gb_per_s: float
    basis: Basis = "peak"
    memory: Memory = "unknown"
    threads: int = 4
    cores: int = 0
    sockets: int = 1
    has_mixed_cores: bool = False
    calibration: Calibration | None = None
    bandwidth_doubts: tuple[str, ...] = ()
    thread_warning: str = ""

    @property
    def share(self) -> Guess:
        """The share of the bandwidth that decoding reaches, before anything was measured."""
        found = self._share()
        if self.has_mixed_cores:
            found = Guess(found.expected * MIXED_CORES.expected, found.factor * MIXED_CORES.factor)
        if self.bandwidth_doubts and self.basis == "measured":
            found = Guess(found.expected * DOUBTFUL_READING.expected, found.factor * DOUBTFUL_READING.factor)
        return found

    @property
    def rates(self) -> Rates:
        """The rates of an answer, before anything was measured."""
        share = self.share
        return Rates(
            Guess(share.expected * self.bandwidth_gb_per_s * 1e9, share.factor),
            WEIGHTS_PER_THREAD.times(self.threads),
            SECONDS_PER_LAYER.plus(SECONDS_PER_LAYER_AND_THREAD * self.threads),
        )

    @property
    def prompt_rate(self) -> Guess:
        """Weights per second of a prompt, before anything was measured."""
        return PROMPT_WEIGHTS_PER_THREAD.times(self.threads)

    @property
    def error(self) -> Guess:
        """By which factor a speed differs from what the machine's rates say; measuring does not make it smaller."""
        is_plain = self.cores <= MANY_CORES and self.sockets == 1 and self.memory != "unified"
        return MODEL_ERROR if is_plain else DOUBTFUL_ERROR

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the range is as wide as it is."""
        return tuple(self._doubts())

    def _share(self) -> Guess:
        if self.cores > MANY_CORES or self.sockets > 1:
            return MANY_CORES_SHARE
        if self.basis == "measured":
            return MEASURED_SHARE
        return {"lpddr": BOARD_SHARE, "unified": UNIFIED_SHARE}.get(self.memory, HOMELAB_SHARE)

    def _doubts(self) -> Iterator[str]:
        if self.calibration is None:
            yield "nothing was measured on this machine yet"
        elif self.calibration.threads != self.threads:
            yield f"measured with {self.calibration.threads} threads, asked for {self.threads}"
        yield from self.bandwidth_doubts
        if self.thread_warning:
            yield self.thread_warning
        if self.sockets > 1:
            yield "several processors: where the pages lie decides"
        if self.cores > MANY_CORES:
            yield "many cores: waiting for each other costs small models most of their speed"
        if self.has_mixed_cores:
            yield "fast and slow cores: the slowest thread decides"
        if self.memory == "unified":
            yield "wide unified memory: the processor cores cannot draw all of it"
        if self.memory == "lpddr":
            yield "boards differ: an old core design reaches less than half of the usual share"


def host_on(machine: Machine, cpu_limit: float | None = None, *, calibration: Calibration | None = None) -> Host | None:
    """The host that a surveyed machine is, for a pod with this limit; None where its bandwidth was not measured.

    Args:
        machine: The machine.
        cpu_limit: The pod's CPU limit, in CPUs; None where it has none.
        calibration: What an earlier run measured on it.
    """
    if machine.bandwidth is None:
        return None
    state = CpuState(
        quota_us=None if cpu_limit is None else int(cpu_limit * PERIOD_US),
        period_us=PERIOD_US,
        quota_is_visible=machine.cgroup_version != 1,
    )
    plan = plan_threads(state, physical_cores=machine.cores, logical_cpus=machine.threads)
    return Host(
        machine.bandwidth.read_gb_per_s.median,
        "measured",
        threads=plan.threads,
        cores=machine.cores,
        sockets=max(machine.sockets, machine.numa_nodes),
        has_mixed_cores=machine.has_mixed_cores,
        calibration=calibration,
        bandwidth_doubts=machine.bandwidth.doubts,
        thread_warning=plan.warning,
    )
