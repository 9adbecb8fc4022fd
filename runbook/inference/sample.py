"""One look at a pod's cgroup and its node: memory, CPU, throttling, swapping, read in the pod by one small command.

Works for both versions of cgroups. CPU of the whole node is in /proc/stat, which a container sees as the node has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runbook.kubernetes import parse_cgroup

FILES = (
    "memory.current memory.max memory.peak memory.stat cpu.stat "
    "memory/memory.usage_in_bytes memory/memory.limit_in_bytes memory/memory.max_usage_in_bytes memory/memory.stat "
    "cpu/cpu.stat cpuacct/cpuacct.usage"
)
# These two are long, and of interest only before and after a run.
NODE_FILES = "/proc/stat /proc/vmstat"
KEPT = (
    "^([0-9]+$|(anon|file|inactive_file|total_rss|total_cache|total_inactive_file|nr_periods|nr_throttled|usage_usec"
    "|pswpin|pswpout|cpu) )"
)
END = "."
WHOLE = "node"
# Each line that comes in is answered with one sample, so one process starts for it: grep.
SCRIPT = (
    f'cd /sys/fs/cgroup; set --; for f in {FILES}; do if [ -r "$f" ]; then set -- "$@" "$f"; fi; done; '
    f'while read -r line; do if [ "$line" = {WHOLE} ]; then grep -HE "{KEPT}" "$@" {NODE_FILES}; '
    f'else grep -HE "{KEPT}" "$@"; fi; echo {END}; done'
)
TICKS_PER_S = 100.0
# user nice system idle iowait irq softirq steal: what follows is in user already.
IDLE = (3, 4)
COLUMNS = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """A pod and its node at one moment; None where the kernel does not say.

    Attributes:
        at_s: When, in seconds since the watch began.
        current_bytes: All memory that counts against the pod's limit.
        anon_bytes: Memory of the processes themselves.
        file_bytes: Page cache.
        inactive_file_bytes: Page cache that the kernel takes back first.
        peak_bytes: The most that `current_bytes` ever was, by the kernel's own count.
        cpu_s: CPU time of the pod so far, in seconds.
        periods: Periods of the CPU limit so far.
        throttled_periods: How many of them the pod used up.
        node_busy_s: CPU time of everything on the node so far, in seconds.
        node_cpu_s: The same with idle time: it grows by the number of CPUs in a second.
        swapped_pages: Pages that the node has swapped in or out so far.
    """

    at_s: float
    current_bytes: int | None
    anon_bytes: int | None
    file_bytes: int | None
    inactive_file_bytes: int | None
    peak_bytes: int | None
    cpu_s: float | None
    periods: int | None
    throttled_periods: int | None
    node_busy_s: float | None
    node_cpu_s: float | None
    swapped_pages: int | None

    @property
    def working_set_bytes(self) -> int | None:
        """What the metrics API calls the working set: everything but the page cache that goes first."""
        if self.current_bytes is None or self.inactive_file_bytes is None:
            return None
        return max(0, self.current_bytes - self.inactive_file_bytes)


def parse_sample(text: str, at_s: float) -> Sample:
    """The sample in what the command wrote: lines `file:content`, of which unknown ones are passed over."""
    lines = [line.partition(":")[::2] for line in text.splitlines()]
    memory = parse_cgroup(_as_files(lines))
    counters = {content.split()[0]: content.split()[1:] for _, content in lines if len(content.split()) > 1}
    busy, whole = _node(counters.get("cpu", []))
    swapped = [_number(counters, name) for name in ("pswpin", "pswpout")]
    return Sample(
        at_s=at_s,
        current_bytes=memory.current_bytes,
        anon_bytes=memory.anon_bytes,
        file_bytes=memory.file_bytes,
        inactive_file_bytes=memory.inactive_file_bytes,
        peak_bytes=memory.peak_bytes,
        cpu_s=_cpu_s(lines, counters),
        periods=_number(counters, "nr_periods"),
        throttled_periods=_number(counters, "nr_throttled"),
        node_busy_s=busy,
        node_cpu_s=whole,
        swapped_pages=None if None in swapped else sum(count or 0 for count in swapped),
    )


def _as_files(lines: list[tuple[str, str]]) -> str:
    """The files as `parse_cgroup` reads them: each below a line `@ name`."""
    files: dict[str, list[str]] = {}
    for name, content in lines:
        files.setdefault(name, []).append(content)
    return "\n".join(f"@ {name}\n" + "\n".join(contents) for name, contents in files.items())


def _cpu_s(lines: list[tuple[str, str]], counters: Mapping[str, list[str]]) -> float | None:
    microseconds = _number(counters, "usage_usec")
    if microseconds is not None:
        return microseconds / 1e6
    nanoseconds = dict(lines).get("cpuacct/cpuacct.usage", "")
    return int(nanoseconds) / 1e9 if nanoseconds.isdigit() else None


def _node(columns: list[str]) -> tuple[float | None, float | None]:
    """Busy and whole CPU time of the node."""
    if len(columns) < COLUMNS or not all(column.isdigit() for column in columns[:COLUMNS]):
        return None, None
    ticks = [int(column) for column in columns[:COLUMNS]]
    idle = sum(ticks[place] for place in IDLE)
    return (sum(ticks) - idle) / TICKS_PER_S, sum(ticks) / TICKS_PER_S


def _number(counters: Mapping[str, list[str]], name: str) -> int | None:
    found = counters.get(name)
    return int(found[0]) if found and found[0].isdigit() else None
