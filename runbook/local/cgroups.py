"""The cgroup that everything of the local cluster lives in, on cgroup v1 and v2.

One cgroup per hierarchy, named after the cluster: `system` below it holds our own processes, `kubepods` the
kubelet's. Removing it afterwards is the last trace gone.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from runbook.errors import LocalError

ROOT = Path("/sys/fs/cgroup")
V2_CONTROLLERS = ("cpu", "cpuset", "io", "memory", "pids")
V1_NEEDED = ("cpu", "cpuset", "memory", "pids")
# A kernel for one processor has no cpuset; on v2 the kubelet does without.
V2_NEEDED = ("cpu", "memory", "pids")


def is_v2(root: Path = ROOT) -> bool:
    """Whether this machine has the unified hierarchy and nothing else."""
    return (root / "cgroup.controllers").exists()


def hierarchies(root: Path = ROOT) -> list[Path]:
    """Where cgroups are made: the root itself on v2, each controller's folder on v1."""
    if is_v2(root):
        return [root]
    return sorted(path.resolve() for path in root.iterdir() if (path / "cgroup.procs").exists())


def create(name: str, root: Path = ROOT) -> None:
    """Make the cluster's cgroup in every hierarchy; harmless when it is there.

    Raises:
        LocalError: A controller that the kubelet needs is missing, or cgroups cannot be made here.
    """
    _require_controllers(root)
    try:
        for hierarchy in dict.fromkeys(hierarchies(root)):
            _create_in(hierarchy, name, v2=is_v2(root))
    except OSError as error:
        raise LocalError(
            "the cluster's cgroup could not be made",
            why=str(error),
            next="the local cluster needs root and a writable /sys/fs/cgroup; in a container, run it privileged",
        ) from error


def _require_controllers(root: Path) -> None:
    """Raise unless the kernel offers what the kubelet needs."""
    if is_v2(root):
        offered = set((root / "cgroup.controllers").read_text().split())
    else:
        offered = {path.name for path in root.iterdir()} if root.exists() else set()
    missing = sorted(set(V2_NEEDED if is_v2(root) else V1_NEEDED) - offered)
    if missing:
        raise LocalError(
            f"the kubelet needs the cgroup controllers {', '.join(missing)}, and this machine does not offer them",
            why=f"{root} offers: {', '.join(sorted(offered)) or 'nothing'}",
            next="boot with these controllers enabled, or use another machine or target",
        )


def _create_in(hierarchy: Path, name: str, *, v2: bool) -> None:
    """Make the cgroup and its `system` child in one hierarchy."""
    if v2:
        _delegate(hierarchy)
    parent = hierarchy / name
    for group in (parent, parent / "system"):
        group.mkdir(exist_ok=True)
        if (group / "cpuset.cpus").exists() and not v2:
            # A new v1 cpuset is empty, and an empty one takes no process.
            for setting in ("cpuset.cpus", "cpuset.mems"):
                (group / setting).write_text((group.parent / setting).read_text())
        if v2 and group is parent:
            _delegate(parent)


def _delegate(group: Path) -> None:
    """Hand every controller we need down to the children of a v2 cgroup."""
    offered = set((group / "cgroup.controllers").read_text().split())
    wanted = [f"+{name}" for name in V2_CONTROLLERS if name in offered]
    (group / "cgroup.subtree_control").write_text(" ".join(wanted))


def join(name: str, pid: int, root: Path = ROOT) -> None:
    """Move a process into the cluster's `system` cgroup."""
    for hierarchy in dict.fromkeys(hierarchies(root)):
        (hierarchy / name / "system" / "cgroup.procs").write_text(str(pid))


def processes(name: str, root: Path = ROOT) -> set[int]:
    """Every process in the cluster's cgroup, pods included."""
    found: set[int] = set()
    for hierarchy in hierarchies(root):
        for file in (hierarchy / name).rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                found.update(int(pid) for pid in file.read_text().split())
    return found


def remove(name: str, root: Path = ROOT, timeout_s: float = 10.0) -> None:
    """Remove the cluster's cgroup everywhere; harmless when it is gone.

    Raises:
        LocalError: A process stays in it.
    """
    deadline = time.monotonic() + timeout_s
    while remaining := [group for hierarchy in hierarchies(root) if (group := hierarchy / name).exists()]:
        for group in remaining:
            children = sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True)
            for folder in [*children, group]:
                with contextlib.suppress(OSError):
                    folder.rmdir()
        if not any(group.exists() for group in remaining):
            return
        if time.monotonic() > deadline:
            raise LocalError(
                f"the cgroup {name} could not be removed",
                why=f"processes in it: {sorted(processes(name, root)) or 'none'}",
                next="end these processes, then: runbook local down",
            )
        time.sleep(0.05)
