"""What two runs measured: each figure with its interval, and whether it has changed, scatters, or cannot be told.

Speeds were measured several times and are judged by `noise`. What was measured once has no interval and is shown
without a judgement. Memory as Ollama reports it follows from model and settings, so any difference is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from runbook.archive.noise import Shift, shift
from runbook.archive.reading import listed_at, number_at, text_at, within
from runbook.archive.side import Side

Direction = Literal["same", "noise", "better", "worse", "changed", "not judged", "unknown", "only before", "only after"]

SPEEDS = {
    "decode_tokens_per_second": "decode speed, tokens/s",
    "prompt_tokens_per_second": "prompt speed, tokens/s",
}
EXACT = {"reported_bytes": "memory Ollama reports, bytes", "context_length": "context, tokens"}
ONCE = {"load_s": "load time, s"}
POD = {"anon_bytes": "memory of the processes, bytes", "peak_bytes": "highest memory of the pod, bytes"}


@dataclass(frozen=True)
class Value:
    """What one run found: the middle, and the range of the values where there were several."""

    middle: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Measured:
    """One figure in two runs.

    Attributes:
        model: The model; empty for the pod's own.
        quantity: What it is, with its unit.
        before: What the earlier run found; None where it did not measure it.
        after: What the later run found; None where it did not measure it.
        direction: What is to be made of it; only `worse` counts against the later run.
        shift: How it moved, where it was judged by its values.
        why: The reason in words.
    """

    model: str
    quantity: str
    before: Value | None
    after: Value | None
    direction: Direction
    shift: Shift | None = None
    why: str = ""

    @property
    def change(self) -> str:
        """How much it moved: `+12.3 % (+9.0 % to +15.1 %)`; empty where nothing can be divided."""
        ratio = self.shift.ratio if self.shift else self._plain_ratio()
        if ratio is None or self.direction == "same":
            return ""
        if self.shift is None or self.shift.low is None or self.shift.high is None:
            return _percent(ratio)
        return f"{_percent(ratio)} ({_percent(self.shift.low)} to {_percent(self.shift.high)})"

    @property
    def judgement(self) -> str:
        """What is to be made of it, in words."""
        if self.shift and self.shift.kind == "change":
            return "slower" if self.direction == "worse" else "faster"
        return f"{self.direction}: {self.why}" if self.why else self.direction

    def _plain_ratio(self) -> float | None:
        known = self.before and self.after and self.before.middle
        return self.after.middle / self.before.middle if known and self.before and self.after else None


def measured(before: Side, after: Side) -> tuple[Measured, ...]:
    """Every figure that one of two runs measured."""
    earlier, later = _by_model(before), _by_model(after)
    found = [one for model in {**earlier, **later} for one in _model(model, earlier.get(model), later.get(model))]
    estimates = (_left_estimate(model, before, after, earlier, later) for model in later)
    pod = [_single("", name, *_numbers(before, after, "memory", field)) for field, name in POD.items()]
    return tuple(one for one in (*found, *estimates, *pod) if one is not None)


def _model(model: str, before: Any, after: Any) -> Iterator[Measured | None]:
    for field, name in SPEEDS.items():
        yield _speed(model, name, within(before, field), within(after, field))
    for field, name in EXACT.items():
        yield _exact(model, name, number_at(before, field), number_at(after, field))
    for field, name in ONCE.items():
        yield _single(model, name, number_at(before, field), number_at(after, field))


def _speed(model: str, name: str, before: Any, after: Any) -> Measured | None:
    earlier, later = _value(before), _value(after)
    if earlier is None or later is None:
        return _one_sided(model, name, earlier, later)
    moved = shift(_values(before), _values(after))
    if moved.kind == "change":
        worse = moved.ratio is not None and moved.ratio < 1
        return Measured(model, name, earlier, later, "worse" if worse else "better", moved)
    return Measured(model, name, earlier, later, "noise" if moved.kind == "noise" else "unknown", moved, moved.reason)


def _exact(model: str, name: str, before: float | None, after: float | None) -> Measured | None:
    if before is None or after is None:
        return _one_sided(model, name, _plain(before), _plain(after))
    return Measured(model, name, Value(before), Value(after), "same" if before == after else "changed")


def _single(model: str, name: str, before: float | None, after: float | None) -> Measured | None:
    if before is None or after is None:
        return _one_sided(model, name, _plain(before), _plain(after))
    return Measured(model, name, Value(before), Value(after), "not judged", None, "measured once in each run")


def _one_sided(model: str, name: str, before: Value | None, after: Value | None) -> Measured | None:
    if before is None and after is None:
        return None
    return Measured(model, name, before, after, "only before" if after is None else "only after")


def _left_estimate(
    model: str, before: Side, after: Side, earlier: Mapping[str, Any], later: Mapping[str, Any]
) -> Measured | None:
    """A speed that lay in the interval of its estimate and now lies below it, with all its values."""
    field = "decode_tokens_per_second"
    was, now = _value(within(earlier.get(model), field)), _value(within(later[model], field))
    expected_then, expected = _estimate(before, model, field), _estimate(after, model, field)
    if was is None or now is None or expected_then is None or expected is None or now.high is None:
        return None
    held = expected_then[0] <= was.middle <= expected_then[1]
    if not held or now.high >= expected[0]:
        return None
    why = f"below the estimate of {expected[0]:.1f} to {expected[1]:.1f}, in which it lay before"
    return Measured(model, "decode speed against its estimate, tokens/s", was, now, "worse", None, why)


def _estimate(side: Side, model: str, field: str) -> tuple[float, float] | None:
    for one in listed_at(side.results, "estimates"):
        low, high = number_at(one, field, "low"), number_at(one, field, "high")
        if text_at(one, "model") == model and low is not None and high is not None:
            return low, high
    return None


def _by_model(side: Side) -> dict[str, Mapping[str, Any]]:
    return {text_at(one, "model"): one for one in listed_at(side.results, "measurements")}


def _numbers(before: Side, after: Side, *path: str) -> tuple[float | None, float | None]:
    return number_at(before.results, *path), number_at(after.results, *path)


def _value(found: Any) -> Value | None:
    middle = number_at(found, "median")
    return None if middle is None else Value(middle, number_at(found, "low"), number_at(found, "high"))


def _plain(value: float | None) -> Value | None:
    return None if value is None else Value(value)


def _values(found: Any) -> list[float]:
    kept: Iterable[Any] = within(found, "values") or ()
    return [float(one) for one in kept if isinstance(one, int | float) and not isinstance(one, bool)]


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.1f} %"
