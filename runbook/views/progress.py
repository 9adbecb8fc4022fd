"""Progress that moves while you watch and leaves one line in the archive.

A pull's server writes hundreds of lines; what is worth keeping is one per layer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from runbook.views.cells import cell, size
from runbook.views.layers import Layer, Layers
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


class PullBars:
    """The layers of one model on their way."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._layers = Layers()
        self._place = Place()

    def __call__(self, progress: PullProgress) -> None:
        """Take in one line of the server, and show it if it is time."""
        if self._layers.take(progress) or self._place.is_due:
            self._place.show(self.view(time.monotonic()))

    def view(self, now: float) -> View:
        """The layers as they are."""
        title = f"{self._model}: {self._layers.status}"
        rows = [
            (cell("digest", layer.digest), layer, size(layer.total_bytes), layer.words(now)) for layer in self._layers
        ]
        if not rows:
            return View(f"<p>{escaped(title)}</p>", printable(title))
        html = html_rows(("layer", "", "size", ""), (_row(*row) for row in rows), title)
        lines = [(name, whole, f"{layer.share:.0%}", words) for name, layer, whole, words in rows]
        return View(html, text_rows(lines, title))


def _row(name: str, layer: Layer, whole: str, words: str) -> str:
    bar = f'<progress value="{layer.share:.3f}" max="1" aria-label="{escaped(name)}"></progress>'
    cells = (f"<code>{escaped(name)}</code>", f"{bar} {layer.share:.0%}", escaped(whole), escaped(words))
    return "<tr>" + "".join(f'<td style="text-align:left">{one}</td>' for one in cells) + "</tr>"
