"""Memory over time: what the processes take and what is page cache, with the phases in which it was seen."""

from __future__ import annotations

from typing import Any

from runbook.views.cells import size
from runbook.views.memory import MIB
from runbook.views.pictures import BLUE, CYAN, FAINT, GREY, INK, RED, YELLOW, Picture, canvas
from runbook.views.values import value

# The field of a sample, what it is called, its colour.
LINES = (
    ("anon_bytes", "processes (anon)", BLUE),
    ("file_bytes", "page cache", CYAN),
    ("current_bytes", "all that counts", GREY),
)


def memory_over_time(trace: Any) -> Picture:
    """The samples of a watch as lines over time, the limit, and the phases as bands with their names.

    Args:
        trace: A `Trace`, or what a run kept of it.
    """
    samples, phases = list(value(trace, "samples") or ()), list(value(trace, "phases") or ())
    with canvas(_words(trace, phases), height_inch=3.0) as drawn:
        axes = drawn.axes
        for number, phase in enumerate(phases):
            _band(axes, phase, is_even=number % 2 == 0)
        for field, label, colour in LINES:
            seen = [(value(one, "at_s"), value(one, field) / MIB) for one in samples if value(one, field) is not None]
            axes.plot([at for at, _ in seen], [height for _, height in seen], color=colour, linewidth=1.4, label=label)
        _slow(axes, list(value(trace, "slow") or ()))
        limit = value(trace, "limit_bytes")
        if limit:
            axes.axhline(limit / MIB, color=RED, linewidth=1.2, linestyle="--", label=f"limit {size(limit)}")
        axes.set_ylim(bottom=0)
        axes.set_xlabel("seconds since the watch began")
        axes.set_ylabel("memory, MiB")
        axes.grid(axis="x", visible=False)
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.18), ncols=3, fontsize=8, borderaxespad=0.2)
        return drawn.picture()


def _band(axes: Any, phase: Any, *, is_even: bool) -> None:
    start, end = value(phase, "from_s"), value(phase, "until_s")
    if is_even:
        axes.axvspan(start, end, color=FAINT, alpha=0.35, linewidth=0)
    place = {"xy": (start, 1.0), "xycoords": ("data", "axes fraction"), "xytext": (2, 2), "textcoords": "offset points"}
    axes.annotate(str(value(phase, "name")), **place, rotation=25, fontsize=7, color=INK, annotation_clip=False)


def _slow(axes: Any, seen: list[Any]) -> None:
    """What `/api/ps` said, which is the server's own idea of its memory."""
    known = [(value(one, "at_s"), value(one, "reported_bytes")) for one in seen]
    points = [(at, reported / MIB) for at, reported in known if reported]
    if points:
        axes.plot([at for at, _ in points], [height for _, height in points], ".", color=YELLOW, label="/api/ps")


def _words(trace: Any, phases: list[Any]) -> str:
    said = []
    for phase in phases:
        anon, whole = value(phase, "anon_peak_bytes"), value(phase, "peak_bytes")
        if anon is not None and whole is not None:
            seconds = value(phase, "until_s") - value(phase, "from_s")
            said.append(f"{value(phase, 'name')}: {size(anon)} in the processes, {size(whole)} in all, {seconds:.0f} s")
    if value(trace, "ended_because"):
        said.append(f"the watch ended early: {value(trace, 'ended_because')}")
    return "\n".join(said) or "nothing was seen"
