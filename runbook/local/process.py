"""The supervisor as the machine sees it: starting it, finding it, ending it, and removing what it leaves."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
from filelock import FileLock, Timeout

from runbook.errors import LocalError
from runbook.local import cgroups, network
from runbook.local.cache import cache
from runbook.local.layout import Layout
from runbook.local.watched import HEARTBEAT_S, Progress, elapsed, last_lines


@contextlib.contextmanager
def alone(layout: Layout, progress: Progress) -> Iterator[None]:
    """Hold the cluster's lock: one command changes it at a time."""
    layout.state.mkdir(parents=True, exist_ok=True)
    lock = FileLock(layout.path("lock"))
    began, patience_s = time.monotonic(), 0.1
    while True:
        try:
            lock.acquire(timeout=patience_s)
            break
        except Timeout:
            waited, patience_s = elapsed(time.monotonic() - began), HEARTBEAT_S
            progress(f"another command is starting or stopping the local cluster; waiting for it ({waited})")
    try:
        yield
    finally:
        lock.release()


def find(layout: Layout) -> psutil.Process | None:
    """The process whose end ends the cluster, or None when it does not run.

    A number in a file proves nothing after a reboot, so the start time must agree as well.
    """
    recorded = layout.read("process.json")
    try:
        process = psutil.Process(int(recorded["pid"]))
        if abs(process.create_time() - float(recorded["started_at"])) < 2 and process.status() != psutil.STATUS_ZOMBIE:
            return process
    except (psutil.Error, KeyError, ValueError):
        pass
    return None


def spawn(layout: Layout) -> psutil.Process:
    """Start the supervisor as PID 1 of namespaces of its own, inside the cluster's cgroup.

    Raises:
        LocalError: The kernel made no namespaces.
    """
    command = [
        "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--net", "--uts", "--ipc",
        "--propagation", "private",
        sys.executable, "-m", "runbook.local.supervisor", str(layout.state), str(cache().folder), sys.prefix,
    ]  # fmt: skip
    with layout.log("supervisor").open("ab") as log:
        parent = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            preexec_fn=lambda: cgroups.join(layout.name, os.getpid()),
        )
    child = _first_child(parent)
    if child is None:
        parent.kill()
        parent.wait()
        raise LocalError(
            "the local cluster's namespaces could not be made",
            why=" / ".join(last_lines(layout.log("supervisor"), 3)) or "`unshare` did not start",
            next="in a container, run it privileged; on a machine, look at: dmesg | tail",
        )
    layout.write("process.json", {"pid": child.pid, "started_at": child.create_time()})
    # It outlives us on purpose: without this, Python would complain that nobody waited for it.
    parent.returncode = 0
    return child


def _first_child(parent: subprocess.Popen[bytes]) -> psutil.Process | None:
    """The process that `unshare` starts in the new namespaces, within ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and parent.poll() is None:
        with contextlib.suppress(psutil.Error):
            if children := psutil.Process(parent.pid).children():
                return children[0]
        time.sleep(0.01)
    return None


def stop(layout: Layout, progress: Progress) -> bool:
    """End the supervisor and remove every trace outside the state folder; returns whether it ran.

    Raises:
        LocalError: A process of the cluster does not end.
    """
    process = find(layout)
    if process is not None:
        progress("stopping the local cluster")
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
            _wait(process)
    for pid in cgroups.processes(layout.name):
        # A namespace takes its processes with it when its first one ends; this is for what joined from outside.
        with contextlib.suppress(psutil.Error):
            psutil.Process(pid).kill()
    network.disconnect(layout.interface)
    cgroups.remove(layout.name)
    layout.path("process.json").unlink(missing_ok=True)
    layout.path("status.json").unlink(missing_ok=True)
    return process is not None


def _wait(process: psutil.Process) -> None:
    """Wait until a process has ended, with force after a quarter of a minute."""
    try:
        process.wait(15)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(10)


def traces(layout: Layout) -> bool:
    """Whether anything of the cluster is left on this machine outside its state folder."""
    groups = any((hierarchy / layout.name).exists() for hierarchy in cgroups.hierarchies())
    return groups or network.exists(layout.interface)
