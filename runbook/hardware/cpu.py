"""How many threads Ollama starts, and whether the CPU limit lets them run.

Ollama 0.15.6 reads the quota of cgroup v2 and starts floor(quota / period) threads, at least one; without a quota it
starts one per physical core (efficiency cores left out). It sees neither a cpuset nor the quota of cgroup v1
(`discover/cpu_linux.go`; PR #10292, #10814). More threads than the limit allows are throttled together: every layer
waits for the slowest (#17916).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

# A larger share of throttled periods makes a measured speed one of the quota, not of the machine.
THROTTLED_SHARE: Final = 0.05


@dataclass(frozen=True)
class CpuState:
    """The CPU of a control group.

    Attributes:
        quota_us: CPU time per period, in microseconds; None where there is no quota.
        period_us: Length of a period, in microseconds.
        cpuset_cpus: Logical CPUs of the cpuset; None where there is none.
        quota_is_visible: Whether Ollama can read the quota: only in cgroup v2.
        periods: Periods that have passed (nr_periods); None where unknown.
        throttled_periods: Periods in which the group was held back (nr_throttled); None where unknown.
    """

    quota_us: int | None = None
    period_us: int = 100_000
    cpuset_cpus: int | None = None
    quota_is_visible: bool = True
    periods: int | None = None
    throttled_periods: int | None = None


@dataclass(frozen=True)
class ThreadPlan:
    """Threads that Ollama starts, and what is wrong with them.

    Attributes:
        threads: Threads as Ollama 0.15.6 computes them.
        advised_threads: Threads that the limit and the cores allow.
        warning: Why the two differ and what to set; empty where they do not.
    """

    threads: int
    advised_threads: int
    warning: str


def plan_threads(state: CpuState, *, physical_cores: int, logical_cpus: int | None = None) -> ThreadPlan:
    """The threads that Ollama 0.15.6 starts, and whether they suit the quota, the cpuset and the cores.

    Args:
        state: Quota and cpuset of the pod.
        physical_cores: Cores of the node, efficiency cores left out.
        logical_cpus: Logical CPUs of the node, where they are known; two per core otherwise.
    """
    cpus_by_quota = None if state.quota_us is None else max(1, state.quota_us // max(1, state.period_us))
    threads = cpus_by_quota if cpus_by_quota is not None and state.quota_is_visible else physical_cores
    threads_per_core = max(1, (logical_cpus or physical_cores) // max(1, physical_cores))
    bounds = [physical_cores, *([cpus_by_quota] if cpus_by_quota is not None else [])]
    if state.cpuset_cpus is not None:
        bounds.append(max(1, state.cpuset_cpus))
    advised = min(bounds)
    return ThreadPlan(threads, advised, _warning(state, threads, advised, physical_cores * threads_per_core))


def _warning(state: CpuState, threads: int, advised: int, logical_cpus: int) -> str:
    if state.cpuset_cpus is not None and threads > state.cpuset_cpus:
        return (
            f"Ollama starts {threads} threads and does not see the cpuset of {state.cpuset_cpus} CPUs: "
            f"set num_thread to {advised}"
        )
    if threads > advised and not state.quota_is_visible:
        return f"Ollama cannot read the quota of cgroup v1 and starts {threads} threads: set num_thread to {advised}"
    if threads > advised:
        return (
            f"{threads} threads share {advised} physical cores (of {logical_cpus} logical CPUs) and gain nothing "
            f"from the second thread of a core: set limits.cpu to {advised} or num_thread to {advised}"
        )
    if state.quota_us is not None and state.quota_us < state.period_us:
        return "the limit is below one CPU: one thread is started and throttled in every period; set limits.cpu to 1"
    if state.quota_us is not None and state.quota_us % state.period_us:
        return (
            f"the limit of {state.quota_us / state.period_us:g} CPUs is rounded down to {threads} threads: "
            "a whole number leaves nothing unused"
        )
    return ""


def throttled_share(before: CpuState, after: CpuState) -> float | None:
    """Share of the periods between two readings in which the pod was held back; None where it is not known."""
    if None in (before.periods, before.throttled_periods, after.periods, after.throttled_periods):
        return None
    periods = (after.periods or 0) - (before.periods or 0)
    throttled = (after.throttled_periods or 0) - (before.throttled_periods or 0)
    return throttled / periods if periods > 0 else 0.0


def read_cpu_state(folder: Path) -> CpuState:
    """The CPU state from the files of a control group, version 1 or 2.

    Args:
        folder: The group's own folder, or a root that holds it as `sys/fs/cgroup`.
    """
    nested = folder / "sys/fs/cgroup"
    group = nested if nested.is_dir() else folder
    if (group / "cpu.max").is_file():
        quota, _, period = _text(group / "cpu.max").partition(" ")
        return _state(group, "cpu.stat", quota, period, _text(group / "cpuset.cpus.effective"), visible=True)
    cpu = group / "cpu" if (group / "cpu").is_dir() else group
    cpuset = group / "cpuset" if (group / "cpuset").is_dir() else group
    quota, period = _text(cpu / "cpu.cfs_quota_us"), _text(cpu / "cpu.cfs_period_us")
    return _state(cpu, "cpu.stat", quota, period, _text(cpuset / "cpuset.cpus"), visible=False)


def parse_cpu_list(text: str) -> int | None:
    """The number of CPUs in a kernel list such as `0-3,8`; None where it is empty or makes no sense."""
    count = 0
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()):
            return None
        count += int(last or first) - int(first) + 1
    return count or None


def _state(group: Path, stat_name: str, quota: str, period: str, cpuset: str, *, visible: bool) -> CpuState:
    stat = dict(line.split()[:2] for line in _text(group / stat_name).splitlines() if len(line.split()) >= 2)
    return CpuState(
        quota_us=int(quota) if quota.isdecimal() else None,
        period_us=int(period) if period.isdecimal() and int(period) > 0 else 100_000,
        cpuset_cpus=parse_cpu_list(cpuset),
        quota_is_visible=visible,
        periods=_number(stat.get("nr_periods")),
        throttled_periods=_number(stat.get("nr_throttled")),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.is_file() else ""
