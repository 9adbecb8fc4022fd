"""The reference homelab's own figures beside ours, and why they differ. Nobody measured the plan's."""

from __future__ import annotations

from collections.abc import Iterator

from runbook.models.catalogue import PlanFigures
from runbook.models.estimate import Estimate
from runbook.models.interval import Interval

# A figure that the plan gives as one number is taken for that, give or take a twentieth.
TOLERANCE = 0.05


def differences(plan: PlanFigures, found: Estimate, seconds: Interval | None) -> Iterator[str]:
    """Each figure of the plan that ours do not agree with, with why.

    Args:
        plan: What the plan says.
        found: What we compute.
        seconds: Time of one item; None where it was not computed.
    """
    gigabytes = found.resident_bytes / 1e9
    if plan.ram_gb and not _within(gigabytes, plan.ram_gb):
        yield f"memory: the plan says {_range(plan.ram_gb)} GB, we compute {gigabytes:.1f} GB: {_parts(found)}"
    speed = found.decode_tokens_per_second
    if plan.tokens_per_second and speed and not _within(speed.expected, plan.tokens_per_second):
        yield (
            f"speed: the plan says {_range(plan.tokens_per_second)} tokens/s, we compute {speed.expected:.0f} "
            f"({speed.low:.0f} to {speed.high:.0f}) from the bytes that are read for each token"
        )
    if plan.seconds_per_item and seconds and not _within(seconds.expected, plan.seconds_per_item):
        yield (
            f"time: the plan says {_range(plan.seconds_per_item)} s per item, we compute {seconds.expected:.0f} s "
            f"({seconds.low:.0f} to {seconds.high:.0f}) for the longest prompt that the consumer sends"
        )


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] * (1 - TOLERANCE) <= value <= bounds[1] * (1 + TOLERANCE)


def _range(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:g}" if bounds[0] == bounds[1] else f"{bounds[0]:g} to {bounds[1]:g}"


def _parts(found: Estimate) -> str:
    parts = (
        ("weights", found.weights_bytes),
        ("cache", found.kv_bytes),
        ("graph", found.graph_bytes),
        ("projector", found.projector_bytes),
        ("processes", found.runtime_bytes),
    )
    at = f" at a context of {found.context_length} with a cache of {found.kv_type}"
    return ", ".join(f"{name} {count / 1e9:.2f}" for name, count in parts if count) + at
