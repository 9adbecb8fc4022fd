"""An answer to an exercise: right, not yet, or not given; never an error, so that a notebook runs to its end."""

from __future__ import annotations

import math

from runbook.views.view import View, escaped, printable

TOLERANCE = 0.02


def answer(given: object, expected: object, hint: str = "", tolerance: float = TOLERANCE) -> View:
    """Whether an answer is right.

    Args:
        given: Your answer; None while you have none.
        expected: The right one.
        hint: What helps somebody who is not there yet.
        tolerance: How far a number may be off, as a share of the right one.
    """
    if given is None:
        return _said("Not answered yet.", hint)
    if _agree(given, expected, tolerance):
        return _said(f"Right: {_shown(expected)}.", "")
    return _said(f"Not yet: {_shown(given)} is not it.", hint)


def _agree(given: object, expected: object, tolerance: float) -> bool:
    if isinstance(given, int | float) and isinstance(expected, int | float):
        return math.isclose(given, expected, rel_tol=tolerance)
    if isinstance(given, str) and isinstance(expected, str):
        return given.strip().casefold() == expected.strip().casefold()
    return given == expected


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _said(verdict: str, hint: str) -> View:
    sentence = f"{verdict} Hint: {hint}" if hint else verdict
    return View(f"<p>{escaped(sentence)}</p>", printable(sentence))
