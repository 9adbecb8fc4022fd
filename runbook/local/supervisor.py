"""The first process of the cluster's namespaces: it starts the programs, restarts what dies, and ends them all.

It runs as PID 1 of a PID namespace of its own, so when it ends, however it ends, the kernel ends every program
and every pod with it; mounts and interfaces go with the last process of their namespaces.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runbook.local.daemons import API_PORT, Daemon, daemons
from runbook.local.layout import Cluster, Layout
from runbook.local.network import set_up_inside

HIDDEN = (Path("/run"), Path("/var/log"), Path("/var/lib"))
"""Folders of the machine that programs write to by fixed names; inside, they see copies that are thrown away."""

KERNEL_SETTINGS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""What the kubelet sets for the whole machine. It is shown these values, finds nothing to set, and sets nothing."""

SIGNALS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
LONGEST_RESTART_DELAY_S = 10.0


def main() -> None:
    """Run the cluster whose state folder is the first argument, until told to stop."""
    layout = Layout(Path(sys.argv[1]))
    cluster = Cluster.from_json(layout.read("cluster.json"))
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    hide_the_machine([layout.state, *map(Path, sys.argv[2:])])
    _wait_for_link()
    set_up_inside(cluster.link)
    Supervisor(layout, cluster).run()


def hide_the_machine(keep: list[Path]) -> None:
    """Cover the folders that programs write to, but for what the cluster itself keeps there.

    Args:
        keep: Folders that must stay the real ones, wherever they are; the state folder first.
    """
    _mount("--make-rshared", "/")
    run = Path("/run")
    kept = [folder for folder in keep if any(folder.is_relative_to(hidden) for hidden in HIDDEN)]
    anchor = keep[0] / "keep"
    anchor.mkdir(mode=0o700, exist_ok=True)
    _mount("-t", "tmpfs", "-o", "mode=700", "tmpfs", str(anchor))
    for number, folder in enumerate(kept):
        (anchor / str(number)).mkdir()
        _mount("--bind", str(folder), str(anchor / str(number)))
    _mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(run))
    _mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/var/log")
    for name in ("upper", "work", "nginx", "lock"):
        (run / name).mkdir()
    options = f"lowerdir=/var/lib,upperdir={run / 'upper'},workdir={run / 'work'}"
    _mount("-t", "overlay", "-o", options, "overlay", "/var/lib")
    for number, folder in enumerate(kept):
        folder.mkdir(parents=True, exist_ok=True)
        _mount("--bind", str(anchor / str(number)), str(folder))
    subprocess.run(["umount", "--lazy", anchor], check=True)
    for name, value in KERNEL_SETTINGS.items():
        if (setting := Path("/proc/sys") / name).exists():
            shown = run / name.replace("/", "-")
            shown.write_text(value + "\n")
            _mount("--bind", str(shown), str(setting))


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def _wait_for_link(timeout_s: float = 20.0) -> None:
    """Wait until the other side has put the link into our network namespace."""
    deadline = time.monotonic() + timeout_s
    while subprocess.run(["ip", "link", "show", "eth0"], capture_output=True, check=False).returncode:
        if time.monotonic() > deadline:
            sys.exit("the link to the machine did not appear")
        time.sleep(0.02)


@dataclass
class Running:
    """What is known of one program."""

    daemon: Daemon
    pid: int = 0
    restarts: int = -1
    last_exit: str = ""
    start_at: float = 0.0
    started_at: float = 0.0
    delay_s: float = 0.5


class Supervisor:
    """Keeps the programs of a cluster running."""

    def __init__(self, layout: Layout, cluster: Cluster) -> None:
        self.layout = layout
        self.cluster = cluster
        self.programs = [Running(daemon) for daemon in daemons(layout, cluster)]
        self.api_ready = False
        self.said: dict[str, object] = {}

    def run(self) -> None:
        """Start, watch and restart, until a signal says stop."""
        while True:
            self._start_what_is_due()
            self._say()
            received = signal.sigtimedwait(SIGNALS, 1.0 if self.api_ready else 0.1)
            if received and received.si_signo != signal.SIGCHLD:
                self._stop()
                return
            self._reap()
            if not self.api_ready:
                self.api_ready = self._ask_api()

    def _start_what_is_due(self) -> None:
        now = time.monotonic()
        for program in self.programs:
            if not program.pid and now >= program.start_at and (self.api_ready or not program.daemon.needs_api):
                self._start(program)

    def _start(self, program: Running) -> None:
        name = program.daemon.name
        log = str(self.layout.log(name))
        path = str(self.layout.program(name))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        environment = {
            "PATH": f"{self.layout.path('bin')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            **dict(program.daemon.environment),
        }
        program.pid = os.posix_spawn(
            path,
            [path, *program.daemon.arguments],
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, log, flags, 0o644),
                (os.POSIX_SPAWN_OPEN, 2, log, flags, 0o644),
            ],
            setsid=True,
            setsigmask=[],
        )
        program.restarts += 1
        program.started_at = time.monotonic()

    def _reap(self) -> None:
        """Bury every dead child, ours or adopted, and plan the restart of ours."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for program in self.programs:
                if program.pid == pid:
                    self._ended(program, status)

    def _ended(self, program: Running, status: int) -> None:
        code = os.waitstatus_to_exitcode(status)
        program.pid = 0
        program.last_exit = f"exit status {code}" if code >= 0 else f"signal {-code}"
        now = time.monotonic()
        # One that ran for a minute starts afresh; one that dies at once waits longer each time.
        lived = now - program.started_at
        program.delay_s = 0.5 if lived > 60 else min(program.delay_s * 2, LONGEST_RESTART_DELAY_S)
        program.start_at = now + program.delay_s

    def _ask_api(self) -> bool:
        """Whether the API server says that it is ready."""
        context = ssl.create_default_context(cafile=str(self.layout.path("pki", "ca.crt")))
        connection = http.client.HTTPSConnection("127.0.0.1", API_PORT, timeout=2, context=context)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        return False

    def _say(self) -> None:
        """Write `status.json` when something changed."""
        status: dict[str, object] = {
            "api_ready": self.api_ready,
            "programs": {
                program.daemon.name: {
                    "running": bool(program.pid),
                    "restarts": max(program.restarts, 0),
                    "last_exit": program.last_exit,
                }
                for program in self.programs
            },
        }
        if status != self.said:
            self.said = status
            with contextlib.suppress(OSError):  # a full disk must not end the cluster
                self.layout.write("status.json", status)

    def _stop(self) -> None:
        """End the programs and pods gently, etcd last; what does not end in time ends with us."""
        last = {program.pid for program in self.programs if program.daemon.stop_last and program.pid}
        for pid in _processes() - last:
            _signal(pid, signal.SIGTERM)
        self._wait_until_gone(lambda: bool(_processes() - last), 3.0)
        for pid in last:
            _signal(pid, signal.SIGTERM)
        etcd = next(program for program in self.programs if program.daemon.name == "etcd")
        self._wait_until_gone(lambda: bool(etcd.pid), 5.0)

    def _wait_until_gone(self, anything: Callable[[], bool], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while anything() and time.monotonic() < deadline:
            signal.sigtimedwait(SIGNALS, 0.05)
            self._reap()


def _processes() -> set[int]:
    """Every other process of this PID namespace."""
    return {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()} - {os.getpid()}


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


if __name__ == "__main__":
    main()
