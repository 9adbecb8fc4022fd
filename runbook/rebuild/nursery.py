"""A process that has imported what notebooks use, and makes a kernel in a moment by forking itself.

A fresh kernel takes seconds of processor time to import pandas, matplotlib and the client of Kubernetes, and a
rebuild needs ten of them. Here that is done once. Where forking is not safe (macOS, whose system libraries start
threads) each kernel is a fresh process that imports the same.

It reads one request a line from stdin and answers with the kernel's process number. When stdin ends, because the
rebuild closed it or was killed, every kernel is killed and the folder with its sockets is removed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, NoReturn

INLINE = "module://matplotlib_inline.backend_inline"

Request = dict[str, Any]


def main(arguments: list[str]) -> None:
    """Serve kernels from a folder until stdin ends, or be one fresh kernel."""
    mode, modules, *rest = arguments
    if mode == "kernel":
        preload(modules)
        _become_kernel(rest)
    serve(Path(rest[0]), modules, fork=mode == "fork")


def preload(modules: str) -> None:
    """Import what notebooks use; what cannot be imported is left to the notebook that needs it, which says so."""
    os.environ.setdefault("MPLBACKEND", INLINE)
    for name in modules.split(","):
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def serve(folder: Path, modules: str, *, fork: bool) -> None:
    """Make a kernel for each line of stdin; at its end kill them and remove the folder."""
    if fork:
        # A library's pool of threads would not survive the fork; no notebook multiplies matrices.
        with _threads_of_libraries("1"):
            preload(modules)
        gc.freeze()
    fork = fork and threading.active_count() == 1
    alive: set[int] = set()
    signal.signal(signal.SIGCHLD, lambda *_: _reap(folder, alive))
    try:
        for line in sys.stdin:
            request = json.loads(line)
            born = _fork(request) if fork else _spawn(request, modules)
            alive.add(born)
            print(born, flush=True)  # noqa: T201 - the answer
    finally:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for process in alive:
            _kill_group(process)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _threads_of_libraries(number: str) -> Any:
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, number))
    yield
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


def _fork(request: Request) -> int:
    process = os.fork()
    if process:
        return process
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        _redirect(request["log"])
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        _become_kernel([*request["arguments"], f"--IPKernelApp.parent_handle={os.getppid()}"])
    except BaseException:  # noqa: BLE001 - the copy of the nursery must not live on, whatever happened
        traceback.print_exc()
    finally:
        os._exit(1)


def _spawn(request: Request, modules: str) -> int:
    environment = request["environment"] | {"JPY_PARENT_PID": str(os.getpid())}
    command = [sys.executable, "-P", "-m", "runbook.rebuild.nursery", "kernel", modules, *request["arguments"]]
    with Path(request["log"]).open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=request["folder"],
            env=environment,
            start_new_session=True,
        ).pid


def _become_kernel(arguments: list[str]) -> NoReturn:
    from ipykernel.kernelapp import IPKernelApp

    if "numpy" in sys.modules:  # every copy would draw the same numbers
        importlib.import_module("numpy").random.seed()
    sys.argv = ["ipykernel_launcher.py", *arguments]
    IPKernelApp.launch_instance(arguments)
    os._exit(0)


def _redirect(log: str) -> None:
    """Nothing to read, and a file for what the kernel writes beside its channels."""
    quiet = os.open(os.devnull, os.O_RDONLY)
    kept = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((quiet, 0), (kept, 1), (kept, 2)):
        os.dup2(source, target)
    os.close(quiet)
    os.close(kept)


def _reap(folder: Path, alive: set[int]) -> None:
    """Say of each kernel that ended how it did: a file by its process number, with its status."""
    with contextlib.suppress(ChildProcessError):
        while True:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                return
            _kill_group(process)  # what it started ends with it; later its number may be another's
            alive.discard(process)
            said = folder / f"{process}.ended"
            scratch = said.with_suffix(".new")
            with contextlib.suppress(OSError):
                scratch.write_text(str(os.waitstatus_to_exitcode(status)))
                scratch.replace(said)


def _kill_group(process: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
