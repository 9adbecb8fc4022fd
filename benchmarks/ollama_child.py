"""The pinned Ollama as a child of a benchmark: its own port, its own store, its own log; and who else had the CPU.

A child and not the cluster's pod, so that nothing else shares its control group. It is given priority where this user
may do so. A repetition is disturbed when other programs or the hypervisor took CPU during it, by the kernel's own
account; what it measured is never looked at for that.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from runbook.ollama import Ollama

PRIORITY = -10
# Of all CPUs' time: what others may have had in a repetition that counts. The kernel counts in ticks of 10 ms or less.
OTHERS_MAY_HAVE, STEAL_MAY_BE = 0.04, 0.01


@dataclass(frozen=True)
class Use:
    """CPU time up to now, in seconds.

    Attributes:
        ours: Of the server, its runners and the benchmark itself.
        busy: Of everything on this machine.
        steal: What the hypervisor gave to other machines.
        all: Of all CPUs, idle or not.
    """

    ours: float
    busy: float
    steal: float
    all: float

    def others_since(self, before: Use) -> float:
        """Share of all CPUs that others had."""
        spent = (self.busy - before.busy) - (self.ours - before.ours)
        return max(0.0, spent) / max(1e-9, self.all - before.all)

    def steal_since(self, before: Use) -> float:
        """Share of all CPUs that the hypervisor took."""
        return (self.steal - before.steal) / max(1e-9, self.all - before.all)

    def is_disturbed_since(self, before: Use, spare: float = 0.0) -> bool:
        """Whether others had more than may be, beside the share of CPUs that the server leaves to them."""
        return self.others_since(before) > OTHERS_MAY_HAVE + spare or self.steal_since(before) > STEAL_MAY_BE


@dataclass(frozen=True)
class Child:
    """A server that runs.

    Attributes:
        server: Its client.
        process: Its process; the runners are its children.
        has_priority: Whether it runs before other programs.
    """

    server: Ollama
    process: psutil.Process
    has_priority: bool

    def use(self) -> Use:
        """CPU time up to now."""
        times = psutil.cpu_times()
        steal = getattr(times, "steal", 0.0)
        idle = times.idle + getattr(times, "iowait", 0.0)
        # The guest's time is part of the user's.
        total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        return Use(sum(_spent(self.process)), total - idle - steal, steal, total)


def _spent(process: psutil.Process) -> Iterator[float]:
    for one in (psutil.Process(), process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            yield times.user + times.system


@contextmanager
def ollama_child(program: Path, work: Path, settings: Mapping[str, str]) -> Iterator[Child]:
    """Start Ollama on a free port of this machine, and end it.

    Args:
        program: The binary.
        work: Folder for its store and its log.
        settings: Environment variables of the server.
    """
    address = f"127.0.0.1:{_free_port()}"
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(work), **settings}
    environment |= {"OLLAMA_HOST": address, "OLLAMA_MODELS": str(work / "store"), "OLLAMA_NOPRUNE": "1"}
    with (work / "ollama.log").open("ab") as log:
        started = subprocess.Popen(
            [str(program), "serve"], stdout=log, stderr=log, env=environment, start_new_session=True
        )
    process = psutil.Process(started.pid)
    # What ends a benchmark that takes too long must not leave its server behind.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        has_priority = _prefer(process)
        with Ollama(f"http://{address}") as server:
            _wait_for(server)
            yield Child(server, process, has_priority)
    finally:
        for one in (*process.children(recursive=True), process):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.terminate()
        started.wait(timeout=30)
        signal.signal(signal.SIGTERM, before)


def _prefer(process: psutil.Process) -> bool:
    """Put the server before other programs: its own priority, and that of its session where the kernel groups them."""
    try:
        process.nice(PRIORITY)
    except psutil.AccessDenied:
        return False
    group = Path(f"/proc/{process.pid}/autogroup")
    if group.exists():
        with contextlib.suppress(OSError):
            group.write_text(str(PRIORITY))
    return True


@contextmanager
def priority(process: psutil.Process) -> Iterator[None]:
    """Put a process before other programs for a while, where this user may do so."""
    before = process.nice()
    with contextlib.suppress(psutil.AccessDenied):
        process.nice(PRIORITY)
    try:
        yield
    finally:
        with contextlib.suppress(psutil.AccessDenied):
            process.nice(before)


def _wait_for(server: Ollama, patience_s: float = 60.0) -> None:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            httpx.get(f"{server.base_url}/api/version", timeout=5.0, trust_env=False)
            return
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def work_folder(kept: Path | None) -> Iterator[Path]:
    """The folder of a benchmark's own files: the one to keep, else one that goes at the end."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
