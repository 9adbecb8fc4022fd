"""Estimates beside measurements, as the results of a run have them.

A step keeps `estimates` (a list, one for each model) and another `measurements`; here a model's two meet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One quantity of a model: what the math said and what the machine did.

    Attributes:
        model: The model.
        quantity: What is compared.
        estimated: The estimate, with its interval where it has one.
        measured: The measurement, with its range where it has one.
        ratio: Measured over estimated; None where one of them is unknown.
    """

    model: str
    quantity: str
    estimated: str
    measured: str
    ratio: float | None


def figures(results: Mapping[str, Any]) -> tuple[Figure, ...]:
    """Estimate and measurement of each model that has both.

    Args:
        results: Results by their keys.
    """
    estimates = {item.get("model"): item for item in _items(results.get("estimates"))}
    return tuple(
        figure
        for measured in _items(results.get("measurements"))
        if (estimate := estimates.get(measured.get("model")))
        for figure in _of_model(estimate, measured)
    )


def measurements(results: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """Everything that was measured of each model: the model, the quantity with its unit, the figure with its range.

    Args:
        results: Results by their keys.
    """
    return tuple(line for one in _items(results.get("measurements")) if "model" in one for line in _lines(one))


def _lines(one: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    model = str(one["model"])
    for key, name in (("decode", "decode speed, tokens/s"), ("prompt", "prompt speed, tokens/s")):
        if (found := one.get(f"{key}_tokens_per_second")) is not None:
            yield model, name, _span(found)
    if one.get("load_s") is not None:
        yield model, "load time, s", f"{one['load_s']:.1f}"
    if one.get("reported_bytes") is not None:
        yield model, "memory Ollama reports, MiB", _mebibytes(one["reported_bytes"])


def _of_model(estimate: Mapping[str, Any], measured: Mapping[str, Any]) -> Iterator[Figure]:
    model = str(measured["model"])
    speed, found = estimate.get("decode_tokens_per_second"), measured.get("decode_tokens_per_second")
    if found:
        ratio = _ratio(_centre(found), _centre(speed))
        yield Figure(model, "decode speed, tokens/s", _span(speed), _span(found), ratio)
    said, reported = estimate.get("reported_bytes"), measured.get("reported_bytes")
    if said and reported:
        ratio = _ratio(reported, said)
        yield Figure(model, "memory Ollama reports, MiB", _mebibytes(said), _mebibytes(reported), ratio)


def _items(found: object) -> list[Mapping[str, Any]]:
    items = found if isinstance(found, list) else [found]
    return [item for item in items if isinstance(item, Mapping)]


def _centre(value: Any) -> float | None:
    """The middle of a figure that may have an interval: its median, or half way between its ends."""
    if isinstance(value, Mapping):
        if value.get("median") is not None:
            return float(value["median"])
        low, high = value.get("low"), value.get("high")
        return None if low is None or high is None else (low + high) / 2
    return None if value is None else float(value)


def _span(value: Any) -> str:
    centre = _centre(value)
    if centre is None:
        return "unknown"
    if isinstance(value, Mapping) and value.get("low") is not None and value.get("high") is not None:
        return f"{centre:.1f} ({value['low']:.1f} to {value['high']:.1f})"
    return f"{centre:.1f}"


def _ratio(measured: float | None, estimated: float | None) -> float | None:
    return measured / estimated if measured and estimated else None


def _mebibytes(size_bytes: float) -> str:
    return f"{size_bytes / 2**20:,.0f}"
