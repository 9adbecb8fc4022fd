"""The cells of a table: names and values in words, with the unit that a field's name ends in.

`memory_limit_bytes` with 2147483648 reads "memory limit" and "2.00 GiB"; `load_s` with 1.24 reads "load" and "1.2 s".
A value that is None is not known, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from runbook.views.values import value as found

UNKNOWN = "unknown"
# As many digits as Ollama and git show; the results of a run hold all of them.
SHORT_DIGEST = 12


def size(count: float) -> str:
    """A number of bytes in binary units, as Kubernetes counts them: `405.2 MiB`, `2.00 GiB`."""
    for unit, power, digits in (("GiB", 30, 2), ("MiB", 20, 1), ("KiB", 10, 1)):
        # Rounded, so that 1023.96 MiB is 1.00 GiB.
        if abs(count) >= 2**power * (1 - 0.5 * 10**-digits / 1024):
            return f"{count / 2**power:.{digits}f} {unit}"
    return f"{count:.0f} B"


def duration(seconds: float) -> str:
    """A time for people: `0.24 s`, `12.5 s`, `3 min 05 s`."""
    if abs(seconds) < 0.995:
        return f"{seconds:.2f} s"
    if abs(seconds) < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min {rest:02} s"


def _rate(value: float) -> str:
    return f"{value:.1f} tok/s"


def _bandwidth(value: float) -> str:
    return f"{value:.1f} GB/s"


def _two_digits(value: float) -> str:
    return f"{value:,.2f}"


def _count(value: float) -> str:
    return f"{value:,.0f}"


# The end of a field's name, how its value reads, and what the heading keeps of the end.
UNITS: tuple[tuple[str, Callable[[float], str], str], ...] = (
    ("_tokens_per_second", _rate, ""),
    ("_gb_per_s", _bandwidth, ""),
    ("_bytes", size, ""),
    ("_tokens", _count, " tokens"),
    ("_s", duration, ""),
    ("seconds", duration, "time"),
    ("ratio", _two_digits, "ratio"),
)


def heading(name: str) -> str:
    """A field's name as the heading of its column."""
    for ending, _, kept in UNITS:
        if _has(name, ending):
            return name.removesuffix(ending).replace("_", " ") + kept
    return name.replace("_", " ")


def cell(name: str, value: Any) -> str:
    """A field's value in words."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value.removeprefix("sha256:")[:SHORT_DIGEST] if name == "digest" else value
    words = _words_for(name)
    if isinstance(value, int | float):
        return words(value) if words else f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
    if _is_range(value):
        return _range(value, words or (lambda number: f"{number:,.4g}"))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={cell(str(key), item)}" for key, item in value.items())
    if isinstance(value, Iterable):
        return ", ".join(cell(name, item) for item in value)
    return str(value)


def is_number(value: Any) -> bool:
    """Whether a value belongs in a column of numbers."""
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool)) or _is_range(value)


def _words_for(name: str) -> Callable[[float], str] | None:
    return next((words for ending, words, _ in UNITS if _has(name, ending)), None)


def _has(name: str, ending: str) -> bool:
    """Whether a name ends in a unit, or is one."""
    return name.endswith(ending) or name == ending.lstrip("_")


def _is_range(value: Any) -> bool:
    return found(value, "low") is not None and found(value, "high") is not None


def _range(value: Any, words: Callable[[float], str]) -> str:
    """A value with its low and high end: the unit once, behind the last figure."""
    low, high = (words(found(value, end)).partition(" ") for end in ("low", "high"))
    between, unit = f"{low[0]} to {high[0]}", f" {high[2]}".rstrip()
    centre = found(value, "median") if found(value, "expected") is None else found(value, "expected")
    return f"{between}{unit}" if centre is None else f"{words(centre).partition(' ')[0]} ({between}){unit}"
