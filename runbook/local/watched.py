"""Running a program that takes long: its output goes to a log, and its progress is said every few seconds."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Progress = Callable[[str], None]
"""Takes one line of progress."""

HEARTBEAT_S = 8.0


def run_watched(
    command: Sequence[str],
    *,
    label: str,
    log: Path,
    progress: Progress,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> int:
    """Run a program to its end and return its exit status.

    Its whole process group is killed when we are interrupted, so that no compiler outlives us.

    Args:
        command: Program and arguments.
        label: What the progress lines begin with.
        log: File that takes what the program prints.
        progress: Told at least every 8 s what the program printed last.
        environment: Its environment; ours without it.
        folder: Its working folder.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(command), stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=folder, start_new_session=True
        )
    began = said = time.monotonic()
    try:
        while True:
            try:
                return process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                now = time.monotonic()
                if now - said >= HEARTBEAT_S:
                    said = now
                    progress(f"{label}: {elapsed(now - began)}, {last_line(log)}")
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


def elapsed(seconds: float) -> str:
    """A duration as people say it: `48 s`, `6 min 05 s`."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


def last_line(log: Path) -> str:
    """The last line that is not empty, at most 100 characters of it."""
    return (last_lines(log, 1) or ["starting"])[-1][:100]


def last_lines(log: Path, count: int) -> list[str]:
    """The last lines of a log that are not empty, read from its last 64 KiB."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 65_536))
        text = file.read().decode(errors="replace")
    return [line.strip() for line in text.splitlines() if line.strip()][-count:]
