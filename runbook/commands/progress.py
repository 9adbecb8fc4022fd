"""Progress of something long, on stderr: a line when a step starts and ends, and never silence while it runs.

On a terminal one line at the bottom says what runs and for how long; elsewhere a line comes every few seconds.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from types import TracebackType
from typing import Self, TextIO

from runbook.commands.output import can_redraw

HEARTBEAT_S = 8.0
REDRAW_S = 1.0
CLEAR = "\r\x1b[K"


class Pulse:
    """Says what runs now, for how long, until it is told that something else does.

    Args:
        stream: Where to; stderr without it.
        every_s: Seconds between two signs of life; without it one on a terminal, eight elsewhere.
    """

    def __init__(self, stream: TextIO | None = None, every_s: float | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = can_redraw(self._stream)
        self._every_s = every_s or (REDRAW_S if self._live else HEARTBEAT_S)
        self._lock = threading.Lock()
        self._running = self._more = ""
        self._began = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="runbook progress", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        with self._lock:
            self._write(CLEAR if self._live and self._running else "")

    def line(self, text: str) -> None:
        """Print a line that stays."""
        with self._lock:
            self._write((CLEAR if self._live else "") + text + "\n")
            self._redraw()

    def running(self, what: str, *, more: str = "") -> None:
        """From now on say that this runs, and more about it; nothing runs when it is empty.

        The time is counted from when `what` was said first.
        """
        with self._lock:
            if what != self._running:
                self._began = time.monotonic()
            self._running, self._more = what, more
            self._redraw()

    def _beat(self) -> None:
        while not self._ended.wait(self._every_s):
            with self._lock:
                if self._running and self._live:
                    self._redraw()
                elif self._running:
                    self._write(self._now() + "\n")

    def _redraw(self) -> None:
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            self._write(CLEAR + (self._now()[:width] if self._running else ""))

    def _now(self) -> str:
        now = f"{self._running}: running, {elapsed(time.monotonic() - self._began)}"
        return f"{now}, {self._more}" if self._more else now

    def _write(self, text: str) -> None:
        # Progress is a courtesy: a run does not end because nobody reads it.
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._running = ""


def elapsed(seconds: float) -> str:
    """A duration for people: `4.2 s`, `1 min 05 s`, `2 h 03 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
