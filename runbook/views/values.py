"""The fields of facts, whether they come as dataclasses or as what a run kept of them in JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def value(fact: Any, name: str) -> Any:
    """A field of a dataclass or a mapping; None where it has no such field."""
    return fact.get(name) if isinstance(fact, Mapping) else getattr(fact, name, None)


def listed(found: Any) -> list[Any]:
    """One fact or several, as a list."""
    several = isinstance(found, Iterable) and not isinstance(found, Mapping | str)
    return list(found) if several else [found]


def middle(found: Any) -> float | None:
    """The middle of a figure: itself, its median, or half way between its ends; None where it is not known."""
    if found is None or isinstance(found, int | float):
        return found
    for name in ("median", "expected", "middle"):
        if (central := value(found, name)) is not None:
            return float(central)
    low, high = value(found, "low"), value(found, "high")
    return None if low is None or high is None else (low + high) / 2
