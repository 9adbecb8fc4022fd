"""A node's machine, from what the program in the probe pod printed: its CPU, its swap, and how fast its memory is.

The bandwidth is the faster of reading and copying: whatever slowed one of them down, the memory has delivered the
other. Disturbances are named beside it, since a busy node measures what the others leave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final, Literal

from pydantic import TypeAdapter

# Instruction sets that decide how fast quantised weights are multiplied: kernel's flag, and its usual name.
INSTRUCTION_SETS: Final = (
    ("avx2", "AVX2"),
    ("fma", "FMA"),
    ("f16c", "F16C"),
    ("avx512f", "AVX-512"),
    ("avx512_vnni", "AVX512-VNNI"),
    ("avx_vnni", "AVX-VNNI"),
    ("avx512_bf16", "AVX512-BF16"),
    ("amx_int8", "AMX-INT8"),
    ("asimd", "NEON"),
    ("asimddp", "dotprod"),
    ("i8mm", "i8mm"),
    ("sve", "SVE"),
    ("sve2", "SVE2"),
)
# Arm's kernels name no model, only who designed the core and which: "MIDR" in the Arm manuals.
ARM_CORES: Final = {
    ("0x41", "0xd03"): "Cortex-A53",
    ("0x41", "0xd08"): "Cortex-A72",
    ("0x41", "0xd0b"): "Cortex-A76",
    ("0x41", "0xd0c"): "Neoverse-N1",
    ("0x41", "0xd40"): "Neoverse-V1",
    ("0x41", "0xd49"): "Neoverse-N2",
    ("0x41", "0xd4f"): "Neoverse-V2",
}
BUSY_SHARE: Final = 0.10
WIDE_SPREAD: Final = 0.25
SMALLEST_TIMES_CACHE: Final = 2


@dataclass(frozen=True)
class Spread:
    """Figures of several runs.

    Attributes:
        median: The one in the middle.
        low: The lowest.
        high: The highest.
        runs: How many there were.
    """

    median: float
    low: float
    high: float
    runs: int


@dataclass(frozen=True)
class Reading:
    """How fast one core reads a buffer over and over.

    Attributes:
        buffer_bytes: Size of the buffer: a small one stays in a cache, a large one comes from memory each time.
        gb_per_s: The best of a few runs, in GB/s.
    """

    buffer_bytes: int
    gb_per_s: float


@dataclass(frozen=True)
class Bandwidth:
    """How fast the memory of a node is, measured on all its CPUs.

    Attributes:
        gb_per_s: The faster of reading and copying, in GB/s.
        read_gb_per_s: Reading: what a model does with its weights.
        copy_gb_per_s: Copying; the bytes read and the bytes written count.
        threads: Threads that did it.
        buffer_bytes: Memory that was gone over.
        took_s: Time it took, in seconds.
        others_share: Share of the node's CPUs that others took meanwhile, from 0 to 1.
        doubts: What may have made the figure too low or too high; empty where nothing is known to have.
        one_core: One core alone, from a small buffer to a large one.
    """

    gb_per_s: Spread
    read_gb_per_s: Spread
    copy_gb_per_s: Spread
    threads: int
    buffer_bytes: int
    took_s: float
    others_share: float = 0.0
    doubts: tuple[str, ...] = ()
    one_core: tuple[Reading, ...] = ()


@dataclass(frozen=True)
class Machine:
    """What the API does not tell about a node.

    Attributes:
        cpu_model: CPU model as the kernel spells it; empty where it names none.
        sockets: CPU packages.
        cores: Physical cores.
        threads: Logical CPUs.
        has_mixed_cores: Whether it has fast and slow cores.
        is_virtual: Whether a hypervisor is underneath.
        numa_nodes: Parts of memory that are not equally near to every core.
        instruction_sets: Those that matter to a model, by their usual names.
        cache_bytes: Last-level cache.
        swap_total_bytes: Swap space; None where it is not known.
        swap_free_bytes: Free swap.
        memory_available_bytes: Memory that the kernel could give (MemAvailable).
        cgroup_version: 1 or 2; None where it is not known.
        bandwidth: Of the memory; None where it was not measured.
    """

    cpu_model: str
    sockets: int
    cores: int
    threads: int
    has_mixed_cores: bool
    is_virtual: bool
    numa_nodes: int
    instruction_sets: tuple[str, ...]
    cache_bytes: int
    swap_total_bytes: int | None
    swap_free_bytes: int | None
    memory_available_bytes: int | None
    cgroup_version: Literal[1, 2] | None
    bandwidth: Bandwidth | None = None


def machine(said: Mapping[str, Any]) -> Machine:
    """The machine that the program described.

    Raises:
        ValueError: What it printed is not of its form.
    """
    try:
        return _machine(said)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"the probe printed something else than its own form: {error!r}") from error


def kept_machine(nodes: Sequence[Mapping[str, Any]]) -> Machine | None:
    """The machine of the node with the most memory for a model, from a survey that a run kept; None if not probed.

    Args:
        nodes: The nodes of the survey, as JSON.
    """
    probed = [node for node in nodes if node.get("ready") and node.get("machine")]
    if not probed:
        return None
    best = max(probed, key=lambda node: node["memory_free_for_model_bytes"])
    return TypeAdapter(Machine).validate_python(best["machine"])


def _machine(said: Mapping[str, Any]) -> Machine:
    cpu, memory, measured = said["cpu"], said["meminfo_kib"], said["bandwidth"]
    places = [(str(package), str(core)) for package, core in cpu["places"]]
    version = said["cgroup_version"]
    return Machine(
        cpu_model=_model(cpu),
        sockets=len({package for package, _ in places}) or 1,
        cores=len(set(places)),
        threads=len(places),
        has_mixed_cores=bool(cpu["mixed"]),
        is_virtual=bool(cpu["hypervisor"]),
        numa_nodes=max(1, int(cpu["numa_nodes"])),
        instruction_sets=_instruction_sets(cpu),
        cache_bytes=int(measured["cache_bytes"]) if measured else 0,
        swap_total_bytes=_kib(memory.get("SwapTotal")),
        swap_free_bytes=_kib(memory.get("SwapFree")),
        memory_available_bytes=_kib(memory.get("MemAvailable")),
        cgroup_version=version if version in (1, 2) else None,
        bandwidth=_bandwidth(measured, len(places)) if measured else None,
    )


def _model(cpu: Mapping[str, Any]) -> str:
    core = ARM_CORES.get((cpu.get("CPU implementer", ""), cpu.get("CPU part", "")), "")
    return " ".join(filter(None, (" ".join(str(cpu.get("model name") or core).split()), cpu.get("board", ""))))


def _instruction_sets(cpu: Mapping[str, Any]) -> tuple[str, ...]:
    flags = set(f"{cpu.get('flags', '')} {cpu.get('Features', '')}".split())
    return tuple(name for flag, name in INSTRUCTION_SETS if flag in flags)


def _kib(count: object) -> int | None:
    return count * 1024 if isinstance(count, int) else None


def _bandwidth(measured: Mapping[str, Any], cpus: int) -> Bandwidth:
    read, copy = _spread(measured["read"]), _spread(measured["copy"])
    return Bandwidth(
        gb_per_s=max(read, copy, key=lambda one: one.median),
        read_gb_per_s=read,
        copy_gb_per_s=copy,
        threads=int(measured["threads"]),
        buffer_bytes=int(measured["buffer_bytes"]),
        took_s=float(measured["seconds"]),
        others_share=float(measured["others_share"]),
        doubts=tuple(_doubts(measured, max(read, copy, key=lambda one: one.median), cpus)),
        one_core=tuple(Reading(int(size), float(speed)) for size, speed in measured["one_core"]),
    )


def _spread(figures: Sequence[float]) -> Spread:
    numbers = [float(figure) for figure in figures]
    if not numbers or not all(0 < number < 1e5 for number in numbers):
        raise ValueError(f"the probe measured {figures!r}, which no memory does")
    return Spread(round(median(numbers), 1), round(min(numbers), 1), round(max(numbers), 1), len(numbers))


def _doubts(measured: Mapping[str, Any], found: Spread, cpus: int) -> Iterator[str]:
    if measured["others_share"] > BUSY_SHARE:
        yield f"the node was busy: others took {measured['others_share']:.0%} of its CPUs, so it can do more"
    if measured["threads"] < cpus:
        yield f"{measured['threads']} of {cpus} CPUs measured, as the pod's limit or cpuset allows, so it can do more"
    elif measured["throttled_periods"]:
        yield "the pod's CPU limit held it back, so it can do more"
    if measured["buffer_bytes"] < SMALLEST_TIMES_CACHE * measured["cache_bytes"]:
        yield "the buffer is less than twice the caches, so a part of this is theirs"
    if found.high - found.low > WIDE_SPREAD * found.median:
        yield f"the runs lie from {found.low:g} to {found.high:g} GB/s"
