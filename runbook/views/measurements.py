"""A measurement, beside the estimate where there is one: every figure with its ratio, every run as a dot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runbook.views.cells import cell
from runbook.views.pictures import BLUE, CYAN, INK, Picture, canvas
from runbook.views.tables import Table, table
from runbook.views.values import listed, middle, value
from runbook.views.view import View, paragraph, stack

# The estimate's field, the measurement's field, what it is. The machine's word stands beside what it speaks of:
# /api/ps against what it will report, the cgroup's own count of process memory against what is resident.
COMPARED = (
    ("decode_tokens_per_second", "decode_tokens_per_second", "decode speed"),
    ("reported_bytes", "reported_bytes", "memory by /api/ps"),
    ("resident_bytes", "anon_bytes", "memory of the processes"),
)
# Memory counts as estimated within a tenth.
CLOSE = 0.10
COLUMNS = {
    "decode_tokens_per_second": "decode",
    "prompt_tokens_per_second": "prompt",
    "load_s": "load",
    "context_length": "context",
    "runs": "runs",
    "invalid": "not counted",
}


@dataclass(frozen=True)
class Comparison:
    """One quantity of one model.

    Attributes:
        model: The model.
        quantity: What it is.
        estimated: What the math says.
        measured: What the machine did.
        ratio: Measured over estimated; None where one is not known.
        error: How far the measurement lies from the estimate; empty where one is not known.
        verdict: What to make of it.
    """

    model: str
    quantity: str
    estimated: str
    measured: str
    ratio: float | None
    error: str
    verdict: str


def measurement(measured: Any) -> View:
    """How fast a model loads, reads and writes here, and which runs do not count, with the reason."""
    rows = [
        {"model": value(one, "model"), **{name: _counted(name, value(one, name)) for name in COLUMNS}}
        for one in listed(measured)
    ]
    columns = {"model": "model", **COLUMNS}
    reasons = [str(value(run, "reason")) for one in listed(measured) for run in value(one, "invalid") or ()]
    said = [paragraph(f"Not counted: {'; '.join(dict.fromkeys(reasons))}.")] if reasons else []
    return stack(table(rows, columns, "Measured: the median, and the range over all runs that count"), *said)


def comparison(estimates: Any, measured: Any, memory: Mapping[str, Any] | None = None) -> Table:
    """Estimate and measurement of each model that has both, with the ratio between them.

    Args:
        estimates: Estimates, or what a run kept of them.
        measured: Measurements, or what a run kept of them.
        memory: Memory of the pod while a model was loaded, by the model's name.
    """
    known = {value(one, "model"): one for one in listed(estimates)}
    rows = [
        row
        for one in listed(measured)
        if value(one, "model") in known
        for row in _compared(known[value(one, "model")], one, (memory or {}).get(value(one, "model")))
    ]
    columns = ("model", "quantity", "estimated", "measured", "ratio", "error", "verdict")
    return table(rows, columns, "Estimate against measurement")


def runs(measured: Any, estimate: Any = None) -> Picture:
    """Every run of a measurement as a dot, with the median, over the estimate's interval."""
    speed, expected = value(measured, "decode_tokens_per_second"), value(estimate, "decode_tokens_per_second")
    values = list(value(speed, "values"))
    numbers = list(range(1, len(values) + 1))
    text = f"{value(measured, 'model')}: {cell('decode_tokens_per_second', speed)}, runs " + ", ".join(
        f"{one:.1f}" for one in values
    )
    with canvas(text, height_inch=2.4) as drawn:
        axes = drawn.axes
        if expected is not None:
            low, high = value(expected, "low"), value(expected, "high")
            axes.axhspan(low, high, color=CYAN, alpha=0.25, linewidth=0, label="estimate")
        axes.axhline(value(speed, "median"), color=INK, linewidth=1, label="median")
        axes.plot(numbers, values, linestyle="", marker="o", color=BLUE, label="run")
        axes.set_ylim(0, 1.15 * max([*values, value(expected, "high") or 0.0]))
        axes.set_xticks(numbers)
        axes.set_xlabel("run")
        axes.set_ylabel("tokens per second")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=8, borderaxespad=0.2)
        return drawn.picture()


def _compared(estimate: Any, measured: Any, memory: Any) -> Iterator[Comparison]:
    """The quantities that were measured; a speed is one, even where the bandwidth for its estimate is not known."""
    for estimated, found, quantity in COMPARED:
        said = value(estimate, estimated)
        seen = value(measured, found) if value(measured, found) is not None else value(memory, found)
        if seen is not None and (said is not None or estimated == "decode_tokens_per_second"):
            ratio = _ratio(seen, said)
            yield Comparison(
                str(value(estimate, "model")),
                quantity,
                cell(estimated, said),
                cell(found, seen),
                ratio,
                "" if ratio is None else f"{ratio - 1:+.0%}",
                _verdict(seen, said, ratio),
            )


def _verdict(seen: Any, said: Any, ratio: float | None) -> str:
    """What to make of a measurement: a speed has a range to lie in, memory has none and is to be within a tenth."""
    measured = middle(seen)
    if ratio is None or measured is None:
        return "no estimate to hold it against"
    low, high = value(said, "low"), value(said, "high")
    if low is not None and high is not None:
        where = "below" if measured < low else "above" if measured > high else "within"
        return f"{where} the range of the estimate"
    return "as estimated" if abs(ratio - 1) <= CLOSE else "more than estimated" if ratio > 1 else "less than estimated"


def _ratio(seen: Any, said: Any) -> float | None:
    measured, estimated = middle(seen), middle(said)
    return measured / estimated if measured is not None and estimated else None


def _counted(name: str, found: Any) -> Any:
    """Runs are counted; their figures are in the medians."""
    return len(found) if name in ("runs", "invalid") and found is not None else found
