"""From a run's measurements to the next run's estimates: what was measured here says how fast this machine is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from runbook.errors import UsageError
from runbook.inference.measure import Measurement
from runbook.models import Calibration, Host, Measured, Serving, find, measured_speed, threads_of
from runbook.parameters import Parameters

# A usual share of the peak bandwidth that decoding reaches: where nobody knows the peak, this is how it is guessed.
USUAL_SHARE = 0.62


def calibration(
    measured: Iterable[Measurement], parameters: Parameters, *, serving: Serving, machine: str, server: str = ""
) -> Calibration | None:
    """What the measurements say of the machine; None where the catalogue knows none of the models.

    Args:
        measured: The measurements of a run.
        parameters: The target.
        serving: How the server is configured.
        machine: The node, for people.
        server: Version of the server.
    """
    known = tuple(one for found in measured if (one := _measured(found, serving)) is not None)
    return Calibration(machine, threads_of(parameters), known, server) if known else None


def calibrated(parameters: Parameters, host: Host | None, kept: tuple[str, Mapping[str, Any]] | None) -> Host | None:
    """A machine with what an earlier run measured on it.

    Args:
        parameters: The target.
        host: The machine as the target describes it; None where it does not.
        kept: The earlier run and its calibration in JSON, or None. One that cannot be read is passed over.
    """
    if kept is None or not kept[1]:
        return host
    try:
        found = Calibration.from_json(kept[1])
    except UsageError:
        return host
    if not found.measured:
        return host
    return replace(host or Host(_guessed_bandwidth(found), threads=threads_of(parameters)), calibration=found)


def _measured(found: Measurement, serving: Serving) -> Measured | None:
    entry = find(found.model)
    if entry is None or not entry.stored:
        return None
    lengths = sorted(run.prompt_tokens for run in found.runs if run.prompt_tokens)
    prompt = lengths[len(lengths) // 2] if lengths else 0
    outputs = sorted(run.output_tokens for run in found.runs)
    kv_type = serving.estimate(entry, request_context=found.context_length).kv_type
    speed = found.prompt_tokens_per_second
    return measured_speed(
        entry.header,
        found.decode_tokens_per_second.median,
        depth=prompt + outputs[len(outputs) // 2] // 2,
        kv_type=kv_type,
        prompt_tokens_per_second=speed.median if speed and prompt else None,
        prompt_tokens=prompt,
    )


def _guessed_bandwidth(found: Calibration) -> float:
    """A bandwidth in GB/s that makes sense of the fastest reading that was seen."""
    read = max(
        one.tokens_per_second * (sum(part.bytes for part in one.work.parts) + one.work.kv_bytes)
        for one in found.measured
    )
    return read / USUAL_SHARE / 1e9
