"""The memory of a control group, and what Ollama makes of it.

Ollama 0.15.6 takes its free memory as limit less current use, and current use includes the page cache, which the
kernel would give back (`discover/cpu_linux.go`; ollama#15474, #15704). It reads the files of cgroup v2 only: under
v1 it sees the whole host and not the limit. So three figures matter: what Ollama sees, what is really there when
inactive page cache is given back, and what is there when all of it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

# cgroup v1 writes "no limit" as the largest number of pages that fits a signed 64-bit integer.
NO_LIMIT_BYTES: Final = 1 << 62
V1_PREFIXES: Final = ("", "memory/")


@dataclass(frozen=True)
class MemoryState:
    """Memory of a control group at one moment, in bytes; None where the kernel does not say.

    Attributes:
        version: Version of the control group; None where there is none to read.
        limit_bytes: The limit; None where there is none.
        current_bytes: All that counts against the limit, page cache included.
        anon_bytes: Memory of the processes themselves.
        file_bytes: Page cache.
        inactive_file_bytes: Page cache that the kernel gives back first.
        active_file_bytes: Page cache in use, given back when nothing else is left.
        total_bytes: Memory of the host.
        available_bytes: Memory the host could give (MemAvailable).
        swap_free_bytes: Free swap of the host, which a pod may not be allowed to use.
    """

    version: Literal[1, 2] | None
    limit_bytes: int | None
    current_bytes: int | None
    anon_bytes: int | None = None
    file_bytes: int | None = None
    inactive_file_bytes: int | None = None
    active_file_bytes: int | None = None
    total_bytes: int | None = None
    available_bytes: int | None = None
    swap_free_bytes: int | None = None

    @property
    def capacity_bytes(self) -> int | None:
        """The limit that really holds: that of the group, or the host's memory where the group has none."""
        known = [bound for bound in (self.limit_bytes, self.total_bytes) if bound is not None]
        return min(known, default=None)

    @property
    def seen_by_ollama_bytes(self) -> int | None:
        """Free memory as Ollama 0.15.6 computes it, without swap."""
        if self.version != 2 or self.current_bytes is None:
            return self.available_bytes
        # The group's limit replaces the host's total even where it is larger.
        total = self.total_bytes if self.limit_bytes is None else self.limit_bytes
        return None if total is None else total - self.current_bytes

    @property
    def free_bytes(self) -> int | None:
        """Free memory when inactive page cache is given back: the figure to plan with."""
        return self._free_with(self.inactive_file_bytes)

    @property
    def free_without_cache_bytes(self) -> int | None:
        """Free memory when all page cache is given back: the most that could be had."""
        return self._free_with(self.file_bytes)

    @property
    def page_cache_bytes(self) -> int:
        """Page cache that counts against the limit and can be given back: inactive files; 0 where unknown."""
        return self.inactive_file_bytes or 0

    def _free_with(self, given_back: int | None) -> int | None:
        if self.capacity_bytes is None or self.current_bytes is None or given_back is None:
            return None
        return self.capacity_bytes - self.current_bytes + given_back


def read_memory_state(folder: Path, meminfo: Path | None = None) -> MemoryState:
    """The memory state from the files of a control group, version 1 or 2.

    Args:
        folder: The group's own folder, or a root that holds it as `sys/fs/cgroup` (and `proc/meminfo`).
        meminfo: The host's meminfo; without it `meminfo` or `proc/meminfo` in the folder, if it is there.

    Returns:
        What the files say; a file that is missing or makes no sense counts as unknown.
    """
    nested = folder / "sys/fs/cgroup"
    group = nested if nested.is_dir() else folder
    host = _host(meminfo or next((p for p in (folder / "meminfo", folder / "proc/meminfo") if p.is_file()), None))
    if (group / "memory.current").is_file():
        return _state(2, group, "memory.max", "memory.current", host)
    for prefix in V1_PREFIXES:
        if (group / f"{prefix}memory.usage_in_bytes").is_file():
            return _state(1, group, f"{prefix}memory.limit_in_bytes", f"{prefix}memory.usage_in_bytes", host)
    return MemoryState(None, None, None, **host)


def _state(
    version: Literal[1, 2], group: Path, limit_name: str, usage_name: str, host: Mapping[str, int]
) -> MemoryState:
    stat = _pairs(group / limit_name.replace("memory.max", "memory.stat").replace("limit_in_bytes", "stat"))
    limit = _number(_text(group / limit_name))
    return MemoryState(
        version,
        None if limit is None or limit >= NO_LIMIT_BYTES else limit,
        _number(_text(group / usage_name)),
        anon_bytes=_first(stat, "anon", "total_rss", "rss"),
        file_bytes=_first(stat, "file", "total_cache", "cache"),
        inactive_file_bytes=_first(stat, "total_inactive_file", "inactive_file"),
        active_file_bytes=_first(stat, "total_active_file", "active_file"),
        **host,
    )


def _first(stat: Mapping[str, int], *names: str) -> int | None:
    """The first figure that is there. v1 has each twice: `total_` includes the groups below, as the limit does."""
    return next((stat[name] for name in names if name in stat), None)


def _host(meminfo: Path | None) -> dict[str, int]:
    fields = {"MemTotal": "total_bytes", "MemAvailable": "available_bytes", "SwapFree": "swap_free_bytes"}
    found = {}
    for line in _text(meminfo).splitlines() if meminfo else ():
        name, _, rest = line.partition(":")
        number = _number(rest.split()[0]) if rest.split() else None
        if name in fields and number is not None:
            found[fields[name]] = number * 1024
    return found


def _pairs(path: Path) -> dict[str, int]:
    lines = (line.split() for line in _text(path).splitlines())
    return {parts[0]: int(parts[1]) for parts in lines if len(parts) == 2 and parts[1].isdecimal()}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.is_file() else ""


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and text.isascii() else None
