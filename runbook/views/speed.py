"""How fast: the interval of each estimate on one axis, and what the consumer needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runbook.views.cells import duration
from runbook.views.pictures import BLUE, INK, RED, Picture, canvas
from runbook.views.values import listed, middle, value

ROW_INCH = 0.34


def speed_bar(estimates: Any, names: Sequence[str] = (), *, tokens: int, within_s: float) -> Picture:
    """The decode speed of each estimate as an interval, and the speed that the longest answer needs.

    Args:
        estimates: An estimate, or several; one without a speed is left out.
        names: What each bar is called; without it, the model.
        tokens: Tokens of the longest answer.
        within_s: Time the consumer gives it, in seconds.
    """
    found = listed(estimates)
    called = list(names) or [str(value(one, "model")) for one in found]
    shown = [
        (name, speed)
        for name, one in zip(called, found, strict=True)
        if (speed := value(one, "decode_tokens_per_second")) is not None
    ]
    needed = tokens / within_s
    text = "\n".join([_needed(tokens, within_s), *(f"{name}: {_span(speed)}" for name, speed in shown)])
    with canvas(text, height_inch=0.9 + ROW_INCH * max(1, len(shown))) as drawn:
        axes = drawn.axes
        for name, speed in shown:
            axes.plot(
                [float(value(speed, "low")), float(value(speed, "high"))],
                [name, name],
                color=BLUE,
                linewidth=6,
                alpha=0.45,
            )
            axes.plot([middle(speed) or 0.0], [name], marker="|", markersize=12, markeredgewidth=2, color=INK)
        axes.axvline(needed, color=RED, linewidth=1.6, linestyle="--", label=f"needed: {needed:.1f} tok/s")
        axes.set_xlim(left=0)
        axes.margins(y=0.25)
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("decode speed, tokens per second")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), fontsize=8, borderaxespad=0.2)
        return drawn.picture()


def _needed(tokens: int, within_s: float) -> str:
    return f"needed: {tokens / within_s:.1f} tok/s, for {tokens:,} tokens within {duration(within_s)}"


def _span(speed: Any) -> str:
    return f"{value(speed, 'low'):.1f} to {value(speed, 'high'):.1f} tok/s"
