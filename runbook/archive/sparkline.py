"""Sparklines: the course of one figure over the runs, as a drawing of a few hundred bytes that a page holds itself.

Colours come from the page's stylesheet, so that they follow its dark and its printed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

MOST_RUNS = 60
WIDTH, HEIGHT, EDGE = 180, 28, 3


@dataclass(frozen=True)
class Point:
    """One run of a line: the figure, and the range it was measured in."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True)
class Bar:
    """One run of a strip: a length, and what became of the run, which is its colour."""

    length: float
    kind: str


def line(points: Sequence[Point], label: str) -> Markup:
    """A figure over the runs, oldest first, within the band of its ranges; the last 60 runs.

    Args:
        points: One for each run that measured it.
        label: What is seen, in words, for whoever cannot see it.
    """
    shown = points[-MOST_RUNS:]
    if not shown:
        return Markup("")
    bottom, top = min(one.low for one in shown), max(one.high for one in shown)
    places = [(_across(index, len(shown)), one) for index, one in enumerate(shown)]

    def at(value: float) -> float:
        return _height((value - bottom) / (top - bottom) if top > bottom else 0.5)

    band = [(x, at(one.high)) for x, one in places] + [(x, at(one.low)) for x, one in reversed(places)]
    course = [(x, at(one.middle)) for x, one in places]
    x, y = course[-1]
    return _svg(
        Markup(
            '<polygon class="band" points="{}"/><polyline class="course" points="{}"/>'
            '<circle class="last" cx="{:g}" cy="{:g}" r="2.2"/>'
        ).format(_points(band), _points(course), x, y),
        label,
    )


def strip(bars: Sequence[Bar], label: str) -> Markup:
    """A length for each run, oldest first, coloured by what became of it; the last 60 runs."""
    shown = bars[-MOST_RUNS:]
    longest = max((bar.length for bar in shown), default=0.0) or 1.0
    step = min(7.0, (WIDTH - 2 * EDGE) / max(len(shown), 1))
    drawn = Markup("").join(
        Markup('<rect class="{}" x="{:g}" y="{:g}" width="{:g}" height="{:g}"/>').format(
            bar.kind, round(EDGE + index * step, 1), round(HEIGHT - high, 1), round(step * 0.7, 2), round(high, 1)
        )
        for index, bar in enumerate(shown)
        for high in [max(2.0, (HEIGHT - EDGE) * bar.length / longest)]
    )
    return _svg(drawn, label)


def _svg(drawn: Markup, label: str) -> Markup:
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>'
    ).format(WIDTH, HEIGHT, WIDTH, HEIGHT, label, drawn)


def _across(index: int, count: int) -> float:
    return round(EDGE + (WIDTH - 2 * EDGE) * (index / (count - 1) if count > 1 else 0.5), 1)


def _height(share: float) -> float:
    return round(HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * share, 1)


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)
