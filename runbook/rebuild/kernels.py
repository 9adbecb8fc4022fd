"""The kernels of a rebuild: made in a nursery, reached over IPC sockets in a private folder, ended without trace.

IPC because a TCP port is readable by everyone on the machine and can be taken twice when several rebuilds start
together. The kernels of the next steps are started while the current step works.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from runbook.errors import StepFailed
from runbook.rebuild.newborn import Nursery, NurseryProvisioner
from runbook.rebuild.steps import OUR_KERNEL

START_TIMEOUT_S = 60.0
ATTEMPTS = 2
# A forked kernel shares its memory with the nursery until it works; a fresh one takes some 140 MB at once.
AHEAD = 3
# A socket's path must fit into 104 bytes on macOS and 108 on Linux, with "/k99-ipc-9" behind the folder.
LONGEST_FOLDER = 80

Wanted = tuple[str, str]
"""A step, and the name of its kernelspec."""

_silent = logging.getLogger("runbook.kernels")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False


class KernelNotStarted(StepFailed):
    """No kernel could be started: the machine's fault, not the notebook's."""


@dataclass
class Kernel:
    """A kernel that answers.

    Attributes:
        manager: Starts, watches and ends it.
        client: Talks to it.
        log: What it writes beside its channels.
    """

    manager: AsyncKernelManager
    client: AsyncKernelClient
    log: Path

    async def end(self) -> None:
        """Kill the kernel and what it started in its process group; its sockets go too."""
        self.client.stop_channels()
        if isinstance(self.manager.provisioner, NurseryProvisioner):
            await self.manager.provisioner.kill_at_once()
        with contextlib.suppress(RuntimeError, ProcessLookupError):  # it is dead already
            await self.manager.shutdown_kernel(now=True)
        await self.manager.cleanup_resources()

    async def how_it_died(self) -> str:
        """In words, how a kernel ended that was not ended by us."""
        provisioner = self.manager.provisioner
        status = await provisioner.poll() if provisioner else None
        if status is not None and status < 0:
            name = signal.Signals(-status).name
            hint = "; a machine out of memory does that" if name == "SIGKILL" else ""
            return f"kernel died ({name}{hint})"
        return f"kernel died (exit status {status})" if status is not None else "kernel died"


class Kernels:
    """Makes a kernel for each step, some of them ahead of their time.

    Args:
        cwd: Folder the kernels work in.
        environment: Environment variables of every kernel, over those of this process.
        fork: Make them by forking, which is safe on Linux only.
        lock: Descriptor of the target's lock, which is not given back before the kernels have ended.
    """

    def __init__(
        self,
        cwd: Path,
        environment: Mapping[str, str],
        *,
        fork: bool = sys.platform == "linux",
        lock: int | None = None,
    ) -> None:
        self._cwd = cwd
        self._folder = _private_folder()
        self._environment = {**os.environ, **environment, "IPYTHONDIR": str(self._folder / "ipython")}
        self._fork = fork
        self._lock = lock
        self._nursery = Nursery(self._folder, fork=fork, lock=lock)
        self._count = 0
        self._ahead = AHEAD if fork else 1
        self._spares: dict[Wanted, asyncio.Task[Kernel]] = {}
        self._coming: Sequence[Wanted] = ()
        self._taken: set[Wanted] = set()
        self._filling: asyncio.Task[None] | None = None
        self._started: list[AsyncKernelManager] = []

    def prepare(self, coming: Sequence[Wanted]) -> None:
        """Begin to start the kernels of later steps, one after the other; `take` hands them out."""
        self._coming = coming[: self._ahead]
        if self._filling is None or self._filling.done():
            self._filling = asyncio.create_task(self._fill())

    async def settle(self) -> None:
        """Return when no kernel is being started any more: what follows is measured, and wants the machine alone."""
        if self._filling is not None:
            await self._filling

    async def take(self, step: str, kernel_name: str = OUR_KERNEL) -> Kernel:
        """The kernel of a step, ready to work.

        Raises:
            KernelNotStarted: It did not start, tried twice.
        """
        self._taken.add((step, kernel_name))
        spare = self._spares.pop((step, kernel_name), None)
        if spare is not None:
            with contextlib.suppress(KernelNotStarted):
                return await spare
        return await self._start(step, kernel_name)

    async def end_spares(self) -> None:
        """End the kernels that were started ahead and not taken."""
        self._coming = ()
        if self._filling is not None:
            self._filling.cancel()
        while self._spares:
            await _discard(self._spares.popitem()[1])

    def close(self) -> None:
        """End every kernel; safe to call at any moment, and twice."""
        self._nursery.close()
        for manager in self._started:
            provisioner = manager.provisioner
            if isinstance(provisioner, LocalProvisioner) and not isinstance(provisioner, NurseryProvisioner):
                _kill(provisioner)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _fill(self) -> None:
        while (wanted := self._next_missing()) is not None:
            starting = self._spares[wanted] = asyncio.create_task(self._start(*wanted))
            await asyncio.wait([starting])

    def _next_missing(self) -> Wanted | None:
        missing = (one for one in self._coming if one not in self._spares and one not in self._taken)
        return next(missing, None)

    async def _start(self, step: str, kernel_name: str) -> Kernel:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._start_once(step, kernel_name)
            except KernelNotStarted:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    async def _start_once(self, step: str, kernel_name: str) -> Kernel:
        self._count += 1
        connection_file = self._folder / f"k{self._count}.json"
        log = connection_file.with_suffix(".log")
        manager = AsyncKernelManager(
            kernel_name=kernel_name, transport="ipc", connection_file=str(connection_file), log=_silent
        )
        self._started.append(manager)
        environment = {**self._environment, "RUNBOOK_STEP": step}
        try:
            if kernel_name == OUR_KERNEL:
                manager.provisioner = self._provisioner(manager)
            with log.open("ab") as written:
                await manager.start_kernel(
                    cwd=str(self._cwd), env=environment, stdin=subprocess.DEVNULL, stdout=written, stderr=written
                )
            client: AsyncKernelClient = manager.client()
            client.log = _silent
            client.start_channels()
            kernel = Kernel(manager, client, log)
            await self._until_ready(kernel)
        except (OSError, NoSuchKernel) as error:
            raise _not_started(kernel_name, str(error), log) from error
        client.allow_stdin = False
        return kernel

    def _provisioner(self, manager: AsyncKernelManager) -> NurseryProvisioner:
        if self._nursery.has_ended:
            self._nursery.close()
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._nursery = Nursery(self._folder, fork=self._fork, lock=self._lock)
        made = NurseryProvisioner(kernel_id=f"k{self._count}", kernel_spec=manager.kernel_spec, parent=manager)
        made.nursery, made.connection_file = self._nursery, manager.connection_file
        return made

    async def _until_ready(self, kernel: Kernel) -> None:
        try:
            await kernel.client.wait_for_ready(timeout=START_TIMEOUT_S)
        except BaseException as error:
            await kernel.end()
            if isinstance(error, RuntimeError):  # dead, or silent for too long
                raise _not_started(kernel.manager.kernel_name, str(error), kernel.log) from error
            raise


def _kill(provisioner: LocalProvisioner) -> None:
    """Kill a kernel that was started by its kernelspec and may live still."""
    if provisioner.process is not None and provisioner.process.poll() is None and provisioner.pgid:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(provisioner.pgid, signal.SIGKILL)
        provisioner.process.wait()


async def _discard(starting: asyncio.Task[Kernel]) -> None:
    """End a kernel that was not wanted after all, started or still starting."""
    if not starting.done():
        starting.cancel()
    try:
        kernel = await starting
    except (asyncio.CancelledError, KernelNotStarted):
        return
    await kernel.end()


def _not_started(kernel_name: str, error: str, log: Path) -> KernelNotStarted:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return KernelNotStarted(
        "infrastructure: kernel did not start",
        why="; ".join([error, *lines[-3:]]),
        next=f"Try it by hand: `jupyter console --kernel {kernel_name}`.",
    )


def _private_folder() -> Path:
    """A folder only this account can enter, with a path short enough for sockets in it."""
    if len(tempfile.gettempdir()) + len("/runbook-12345678") <= LONGEST_FOLDER:
        return Path(tempfile.mkdtemp(prefix="runbook-"))
    return Path(tempfile.mkdtemp(prefix="runbook-", dir="/tmp"))
