"""Progress that moves while you watch and leaves one line in the archive.

A pull's server writes hundreds of lines; what is worth keeping is one per layer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbook.views.cells import cell, duration, size
from runbook.views.place import Place
from runbook.views.tables import html_rows, text_rows
from runbook.views.view import View, escaped, printable

if TYPE_CHECKING:
    from runbook.ollama import PullProgress


def progress_line(title: str = "") -> Callable[[str], None]:
    """A function that shows the text it is given in place of the one before; the last one stays.

    Args:
        title: What the texts are about; it stands before each.
    """
    place = Place()

    def show(text: str) -> None:
        line = f"{title}: {text}" if title else text
        place.show(View(f"<p>{escaped(line)}</p>", printable(line)))

    return show


def pull_progress(model: str) -> PullBars:
    """A function for `on_progress` of a pull: one bar per layer while it works, one line per layer when it is done."""
    return PullBars(model)


@dataclass
class _Layer:
    """What is known of one layer of a pull.

    Attributes:
        total_bytes: Its size.
        completed_bytes: What the server has of it.
        began_at: When we first heard of it, by the monotonic clock, in seconds.
        began_bytes: What the server had of it then.
        ended_at: When it was whole; None while it is not.
    """

    total_bytes: int
    completed_bytes: int
    began_at: float
    began_bytes: int
    ended_at: float | None = None

    @property
    def share(self) -> float:
        """How much of it is there, from 0 to 1."""
        return self.completed_bytes / self.total_bytes if self.total_bytes else 1.0

    def words(self, now: float) -> str:
        """Where it is: how long it took, or how fast it comes and how long that will take."""
        seconds = (self.ended_at or now) - self.began_at
        arrived = self.completed_bytes - self.began_bytes
        rate = arrived / seconds if seconds > 0.05 else 0.0
        if self.ended_at is not None:
            return f"{duration(seconds)}, {size(rate)}/s" if rate else "was there"
        left = f", {duration((self.total_bytes - self.completed_bytes) / rate)} left" if rate else ""
        return f"{size(self.completed_bytes)}, {size(rate)}/s{left}"


class PullBars:
    """The layers of one model on their way."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._status = ""
        self._layers: dict[str, _Layer] = {}
        self._place = Place()

    def __call__(self, progress: PullProgress) -> None:
        """Take in one line of the server, and show it if it is time."""
        news = progress.status != self._status
        self._status = progress.status
        now = time.monotonic()
        if progress.digest:
            news |= self._count(progress, now)
        if progress.status == "success":
            self._finish(now)
        if news or self._place.is_due:
            self._place.show(self.view(now))

    def view(self, now: float) -> View:
        """The layers as they are."""
        title = f"{self._model}: {self._status}"
        rows = [
            (cell("digest", digest), layer, size(layer.total_bytes), layer.words(now))
            for digest, layer in self._layers.items()
        ]
        if not rows:
            return View(f"<p>{escaped(title)}</p>", printable(title))
        html = html_rows(("layer", "", "size", ""), (_row(*row) for row in rows), title)
        lines = [(name, whole, f"{layer.share:.0%}", words) for name, layer, whole, words in rows]
        return View(html, text_rows(lines, title))

    def _count(self, progress: PullProgress, now: float) -> bool:
        """Note where a layer is; whether that is news that must not be passed over."""
        layer = self._layers.get(progress.digest)
        if layer is None:
            layer = _Layer(progress.total_bytes, progress.completed_bytes, now, progress.completed_bytes)
            self._layers[progress.digest] = layer
        layer.total_bytes, layer.completed_bytes = progress.total_bytes, progress.completed_bytes
        if layer.ended_at is None and layer.share >= 1:
            layer.ended_at = now
            return True
        return False

    def _finish(self, now: float) -> None:
        for layer in self._layers.values():
            layer.completed_bytes = layer.total_bytes
            layer.ended_at = layer.ended_at or now


def _row(name: str, layer: _Layer, whole: str, words: str) -> str:
    bar = f'<progress value="{layer.share:.3f}" max="1" aria-label="{escaped(name)}"></progress>'
    cells = (f"<code>{escaped(name)}</code>", f"{bar} {layer.share:.0%}", escaped(whole), escaped(words))
    return "<tr>" + "".join(f'<td style="text-align:left">{one}</td>' for one in cells) + "</tr>"
