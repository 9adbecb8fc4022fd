"""Progress of a pull or a push in a terminal: one line that moves, and one that stays for each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runbook.commands.progress import Pulse
from runbook.views import Layer, Layers
from runbook.views.cells import SHORT_DIGEST, size

if TYPE_CHECKING:
    from runbook.ollama import PullProgress


class LayerProgress:
    """Shows the layers of one model on their way.

    Args:
        pulse: Where to.
        model: Its name.
    """

    def __init__(self, pulse: Pulse, model: str) -> None:
        self._pulse, self._model = pulse, model
        self._layers = Layers()
        self._told: set[str] = set()

    def __call__(self, progress: PullProgress) -> None:
        """Take in one line of the server."""
        import time

        news = self._layers.take(progress)
        now = time.monotonic()
        for layer in self._layers:
            if layer.ended_at is not None and layer.digest not in self._told:
                self._told.add(layer.digest)
                self._pulse.line(f"{self._model}  {_short(layer)}  {size(layer.total_bytes)}  {layer.words(now)}")
        if news and progress.status.startswith("waiting"):
            self._pulse.line(f"{self._model}  {progress.status}")
        moving = next((one for one in self._layers if one.digest == progress.digest and one.ended_at is None), None)
        if moving is None:
            self._pulse.running(f"{self._model}, {progress.status}")
        else:
            more = f"{moving.share:.0%} of {size(moving.total_bytes)}, {moving.words(now)}"
            self._pulse.running(f"{self._model}, {_short(moving)}", more=more)


def _short(layer: Layer) -> str:
    return layer.digest.removeprefix("sha256:")[:SHORT_DIGEST]
