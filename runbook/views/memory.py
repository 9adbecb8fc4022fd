"""Where the memory goes: the parts of an estimate stacked against the limit of the pod."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runbook.views.cells import size
from runbook.views.pictures import BLUE, CYAN, GREEN, GREY, INK, RED, YELLOW, Picture, canvas
from runbook.views.values import listed, value

# A part of an estimate, what it is called, its colour.
PARTS = (
    ("weights_bytes", "weights", BLUE),
    ("kv_bytes", "KV cache", CYAN),
    ("graph_bytes", "graph", GREEN),
    ("projector_bytes", "projector", YELLOW),
    ("runtime_bytes", "runtime", GREY),
)
MIB = 2**20
BAR_INCH = 0.36


def memory_bar(estimates: Any, limit_bytes: int | None = None, names: Sequence[str] = ()) -> Picture:
    """One stacked bar per estimate, in MiB, and the limit they have to stay below.

    Args:
        estimates: An estimate, or several.
        limit_bytes: The pod's memory limit, in bytes; None draws no line.
        names: What each bar is called; without it, the model.
    """
    shown = listed(estimates)
    called = list(names) or [str(value(one, "model")) for one in shown]
    text = "\n".join(f"{name}: {described(one, limit_bytes)}" for name, one in zip(called, shown, strict=True))
    with canvas(text, height_inch=0.8 + BAR_INCH * len(shown)) as drawn:
        axes = drawn.axes
        ends = [0.0] * len(shown)
        for field, label, colour in PARTS:
            widths = [(value(one, field) or 0) / MIB for one in shown]
            if any(widths):
                axes.barh(called, widths, left=ends, height=0.62, color=colour, label=label)
            ends = [end + width for end, width in zip(ends, widths, strict=True)]
        _limit(axes, limit_bytes)
        axes.set_xlim(0, 1.12 * max([*ends, (limit_bytes or 0) / MIB]))
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("memory, MiB")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(PARTS) + 1, fontsize=8, borderaxespad=0.2)
        return drawn.picture()


def described(estimate: Any, limit_bytes: int | None = None) -> str:
    """The parts of an estimate in words."""
    parts = [f"{label} {size(value(estimate, field))}" for field, label, _ in PARTS if value(estimate, field)]
    whole = sum(value(estimate, field) or 0 for field, _, _ in PARTS)
    share = f", {whole / limit_bytes:.0%} of the limit of {size(limit_bytes)}" if limit_bytes else ""
    return f"{', '.join(parts)}; {size(whole)} in all{share}"


def _limit(axes: Any, limit_bytes: int | None) -> None:
    if limit_bytes:
        axes.axvline(limit_bytes / MIB, color=RED, linewidth=1.6, linestyle="--", label=f"limit {size(limit_bytes)}")
        axes.axvspan(limit_bytes / MIB, 10 * limit_bytes / MIB, color=RED, alpha=0.06, linewidth=0)
    axes.tick_params(colors=INK)
