"""What runs on a node: reads what the API does not tell, measures the memory, and prints one line of JSON.

The text of this file is the argument of `python -c` in a pod, so it uses the standard library alone and runs on
every Python from 3.8 on. Plain Python reaches the speed of the memory because the C library does the work: `memchr`
looks for a byte that is not there and so reads a buffer once, `memmove` copies one half of it onto the other. ctypes
lets go of the interpreter's lock meanwhile, so one thread per CPU is enough. Called as: memory in bytes, seconds.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import platform
import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CGROUP = Path("/sys/fs/cgroup")
CPUS = Path("/sys/devices/system/cpu")

# A run is long beside the start of its threads, and short enough for many of them.
RUN_S = 0.12
LEAST_RUNS = 3
# A buffer that is not several times the caches measures them and not the memory.
TIMES_CACHE = 4
LEAST_BUFFER_BYTES = 64 << 20
PAGE_BYTES = 4096
# Shorter than this, calling takes longer than reading.
LADDER_FROM_BYTES, LADDER_STEP, LADDER_BYTES, LADDER_RUNS = 256 << 10, 2, 256 << 20, 3


def text(path: Path) -> str:
    """A file of the kernel; empty where there is none."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def pairs(path: Path) -> dict[str, str]:
    """The lines `name: value` of a file up to its first empty line."""
    lines = (line.partition(":") for line in text(path).partition("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def number(words: str) -> int | None:
    """A whole number; None where the text is none."""
    return int(words) if words.isdigit() else None


def processor() -> dict[str, Any]:
    """The first processor as the kernel describes it, and which package and core each logical CPU belongs to."""
    wanted = ("model name", "flags", "Features", "CPU implementer", "CPU part")
    first = pairs(Path("/proc/cpuinfo"))
    folders = sorted(CPUS.glob("cpu[0-9]*/topology"))
    places = [[text(one / "physical_package_id"), text(one / "core_id")] for one in folders]
    capacities = {text(one) for one in CPUS.glob("cpu[0-9]*/cpu_capacity")}
    return {
        **{name: first[name] for name in wanted if name in first},
        "board": text(Path("/proc/device-tree/model")).rstrip("\0"),
        # Where the kernel shows no topology, each logical CPU counts as a core of its own.
        "places": places or [["0", str(number)] for number in range(os.cpu_count() or 1)],
        "mixed": Path("/sys/devices/cpu_atom").exists() or len(capacities) > 1,
        "numa_nodes": len(list(Path("/sys/devices/system/node").glob("node[0-9]*"))),
        "hypervisor": "hypervisor" in first.get("flags", "").split(),
    }


def cache_bytes() -> int:
    """The last-level caches of the machine together."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for one in CPUS.glob("cpu[0-9]*/cache/index[0-9]"):
        size = re.match(r"(\d+)([KM])$", text(one / "size"))
        if size and text(one / "type") != "Instruction":
            level = int(text(one / "level") or 0)
            count = int(size.group(1)) << (10 if size.group(2) == "K" else 20)
            found[(str(level), text(one / "shared_cpu_list"))] = (level, count)
    last = max((level for level, _ in found.values()), default=0)
    return sum(count for level, count in found.values() if level == last)


def quota_cpus() -> float | None:
    """CPUs that the pod's limit allows; None without one."""
    quota, _, period = text(CGROUP / "cpu.max").partition(" ")
    quota = quota or text(CGROUP / "cpu/cpu.cfs_quota_us")
    period = period or text(CGROUP / "cpu/cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else None


def throttled_periods() -> int:
    """Periods in which the pod's limit held it back."""
    stat = text(CGROUP / "cpu.stat") or text(CGROUP / "cpu/cpu.stat")
    found = re.search(r"^nr_throttled (\d+)", stat, re.MULTILINE)
    return int(found.group(1)) if found else 0


def busy_s() -> float:
    """Seconds that the CPUs of the machine have worked, or were kept from it by the host, since its start."""
    words = text(Path("/proc/stat")).split("\n", 1)[0].split()[1:]
    ticks = [int(word) for word in words[:8]]
    return (sum(ticks) - sum(ticks[3:5])) / os.sysconf("SC_CLK_TCK") if len(ticks) == 8 else 0.0


class Memory:
    """Buffers, one for each thread, and the two ways to go over them."""

    def __init__(self, total_bytes: int, threads: int) -> None:
        self.threads = threads
        self.half = total_bytes // threads // 2 // PAGE_BYTES * PAGE_BYTES
        self.library = ctypes.CDLL(None)
        self.library.memchr.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)
        self.library.memmove.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
        self.maps = [mmap.mmap(-1, 2 * self.half) for _ in range(threads)]
        self.starts = [ctypes.addressof(ctypes.c_char.from_buffer(one)) for one in self.maps]
        # Written once: a page that was never written is the one page of zeros, which is always in the cache.
        self.together(lambda start: ctypes.memset(start, 0, 2 * self.half), 1)

    def read(self, start: int) -> None:
        """Read a buffer once."""
        self.library.memchr(start, 1, 2 * self.half)

    def copy(self, start: int) -> None:
        """Copy one half of a buffer onto the other."""
        self.library.memmove(start, start + self.half, self.half)

    def together(self, work: Callable[[int], object], times: int) -> float:
        """Seconds in which every thread has done the work so many times."""
        begin = threading.Barrier(self.threads + 1)

        def run(start: int) -> None:
            begin.wait()
            for _ in range(times):
                work(start)

        crew = [threading.Thread(target=run, args=(start,)) for start in self.starts]
        for one in crew:
            one.start()
        begin.wait()
        began = time.perf_counter()
        for one in crew:
            one.join()
        return time.perf_counter() - began

    def runs(self, seconds: float) -> dict[str, list[float]]:
        """GB/s of each run; both ways move as many bytes: read once, or read by half and written by half."""
        ways = {"read": self.read, "copy": self.copy}
        times = {name: max(1, round(RUN_S / max(1e-4, self.together(way, 1)))) for name, way in ways.items()}
        found: dict[str, list[float]] = {name: [] for name in ways}
        end = time.monotonic() + seconds
        # On a busy node a run takes many times as long as was planned.
        while (now := time.monotonic()) < end or (len(found["copy"]) < LEAST_RUNS and now < end + 2 * seconds):
            for name, way in ways.items():
                moved = 2 * self.half * self.threads * times[name]
                found[name].append(round(moved / self.together(way, times[name]) / 1e9, 3))
        return found

    def ladder(self) -> list[list[float]]:
        """Bytes and GB/s of one thread that reads a small buffer over and over, then larger and larger ones."""
        found = []
        size = LADDER_FROM_BYTES
        while size <= 2 * self.half:
            calls = max(1, LADDER_BYTES // size)
            best = min(self._reading(size, calls) for _ in range(LADDER_RUNS))
            found.append([size, round(size * calls / best / 1e9, 3)])
            size *= LADDER_STEP
        return found

    def _reading(self, size: int, calls: int) -> float:
        start = self.starts[0]
        began = time.perf_counter()
        for _ in range(calls):
            self.library.memchr(start, 1, size)
        return time.perf_counter() - began


def measured(memory_bytes: int, seconds: float) -> dict[str, Any]:
    """The speed of the memory, and what may have disturbed it."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    allowed, caches = quota_cpus(), cache_bytes()
    threads = min(cpus, max(1, int(allowed))) if allowed else cpus
    memory = Memory(min(memory_bytes, max(LEAST_BUFFER_BYTES, TIMES_CACHE * caches)), threads)
    throttled, busy, own, began = throttled_periods(), busy_s(), sum(os.times()[:2]), time.monotonic()
    runs = memory.runs(seconds)
    took = time.monotonic() - began
    others = busy_s() - busy - (sum(os.times()[:2]) - own)
    return {
        **runs,
        "one_core": memory.ladder(),
        "threads": threads,
        "quota_cpus": allowed,
        "buffer_bytes": 2 * memory.half * threads,
        "cache_bytes": caches,
        "others_share": round(max(0.0, others) / took / (os.cpu_count() or 1), 3),
        "throttled_periods": throttled_periods() - throttled,
        "seconds": round(took, 2),
    }


def main(memory_bytes: int, seconds: float) -> dict[str, Any]:
    """Everything, as JSON."""
    memory = {name: number(words.split()[0]) for name, words in pairs(Path("/proc/meminfo")).items() if words.split()}
    kept = ("MemTotal", "MemAvailable", "SwapTotal", "SwapFree")
    version = 2 if (CGROUP / "cgroup.controllers").exists() else 1
    return {
        "cpu": processor(),
        "meminfo_kib": {name: memory.get(name) for name in kept},
        "cgroup_version": version if CGROUP.is_dir() else None,
        "machine": platform.machine(),
        "bandwidth": measured(memory_bytes, seconds) if seconds > 0 else None,
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), float(sys.argv[2]))))  # noqa: T201 - what it is for
