"""The rebuild's side of the nursery: asks it for kernels, and tells jupyter_client how they fare."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

KILL_TIMEOUT_S = 5.0

# Imported once for all kernels of a rebuild.
PRELOADED = (
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "pandas",
    "matplotlib.pyplot",
    "kubernetes.client",
    "kubernetes.config",
    "kubernetes.stream",
    "httpx",
    "ipywidgets",
    "runbook.record",
    "runbook.kubernetes",
    "runbook.hardware",
    "runbook.models",
    "runbook.ollama",
    "runbook.inference",
    "runbook.karakeep",
    "runbook.views",
)


class Newborn:
    """A kernel's process, as the nursery tells of it; speaks like `subprocess.Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, folder: Path) -> None:
        self.pid = pid
        self._ended = folder / f"{pid}.ended"

    @property
    def returncode(self) -> int | None:
        """How it ended, negative for a signal; None while it lives."""
        return self.poll()

    def poll(self) -> int | None:
        """How it ended, negative for a signal; None while it lives."""
        with contextlib.suppress(FileNotFoundError):
            return int(self._ended.read_text())
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return -signal.SIGKILL  # the nursery is gone, and its kernels with it
        return None

    def wait(self, timeout: float = 5.0) -> int:
        """How it ended.

        Raises:
            TimeoutError: It lives on.
        """
        deadline = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {self.pid} lives on")
            time.sleep(0.01)
        return status

    def send_signal(self, signum: int) -> None:
        """Send a signal to the process."""
        os.kill(self.pid, signum)

    def kill(self) -> None:
        """Kill the process."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)


class Nursery:
    """The process that makes kernels; see `runbook.rebuild.nursery`.

    Args:
        folder: Where the sockets and logs of its kernels are; it is removed when the nursery ends.
        fork: Make kernels by forking, else as fresh processes.
        lock: Descriptor of the target's lock, which nursery and kernels hold until they end; None without one.
    """

    def __init__(self, folder: Path, *, fork: bool, lock: int | None = None) -> None:
        self.folder = folder
        mode = "fork" if fork else "fresh"
        command = [sys.executable, "-P", "-m", "runbook.rebuild.nursery", mode, ",".join(PRELOADED), str(folder)]
        with (folder / "nursery.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # Ctrl-C in the terminal is the rebuild's business
                pass_fds=() if lock is None else (lock,),
            )

    @property
    def has_ended(self) -> bool:
        """Whether it is gone, killed by the system for instance."""
        return self._process.poll() is not None

    def launch(self, arguments: list[str], *, cwd: str, environment: Mapping[str, str], log: Path) -> Newborn:
        """Make a kernel.

        Raises:
            OSError: The nursery is gone.
        """
        request = {"arguments": arguments, "folder": cwd, "environment": dict(environment), "log": str(log)}
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101 - both are pipes
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise ChildProcessError("the nursery ended")
        return Newborn(int(answer), self.folder)

    def close(self) -> None:
        """End the nursery and every kernel it made."""
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr] # both are pipes
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class NurseryProvisioner(LocalProvisioner):
    """Starts a kernel in the nursery instead of running the command of a kernelspec."""

    nursery: Nursery
    connection_file: str
    born: Newborn | None = None

    async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:  # noqa: ARG002 - its form is given
        """Start the kernel that the manager described in its connection file."""
        arguments = ["-f", self.connection_file, "--HistoryManager.hist_file=:memory:"]
        log = Path(self.connection_file).with_suffix(".log")
        born = await asyncio.to_thread(
            self.nursery.launch, arguments, cwd=options["cwd"], environment=options["env"], log=log
        )
        self.born = born
        self.process = born  # type: ignore[assignment] # what is asked of it is what Popen has
        self.pid = self.pgid = born.pid
        self.cwd = options["cwd"]
        return self.connection_info

    async def kill_at_once(self) -> None:
        """Kill the kernel and its process group, and return when it is dead.

        jupyter_client looks only ten times a second whether it is.
        """
        if self.born is None or self.born.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.born.pid, signal.SIGKILL)
        deadline = time.monotonic() + KILL_TIMEOUT_S
        while self.born.poll() is None and time.monotonic() < deadline:
            await asyncio.sleep(0.002)
