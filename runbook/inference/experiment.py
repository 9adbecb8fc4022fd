"""A small experiment: one option of the requests at several values, everything else the same, the effect in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runbook.inference.measure import Measurement, measure
from runbook.inference.statistic import Statistic
from runbook.ollama import Ollama


@dataclass(frozen=True)
class Experiment:
    """Speed and memory at several values of one option.

    Attributes:
        option: The option, such as `num_thread`.
        values: Its values.
        measured: A measurement for each.
        words: The effect, against the first value.
    """

    option: str
    values: tuple[int, ...]
    measured: tuple[Measurement, ...]
    words: str


def experiment(
    ollama: Ollama,
    model: str,
    option: str,
    values: Sequence[int],
    *,
    options: Mapping[str, Any],
    repetitions: int = 5,
    tokens: int = 32,
    on_progress: Callable[[str], None] | None = None,
) -> Experiment:
    """Measure a model at several values of one option; each value loads the model again.

    Args:
        ollama: The server.
        model: The model.
        option: An option of the requests: `num_ctx`, `num_thread`, `num_batch`.
        values: Its values; the first is what the others are held against.
        options: The consumer's own options.
        repetitions: Runs that have to count at each value.
        tokens: Tokens generated in each run.
        on_progress: Called with a line after each run.

    Raises:
        AnswerFailed: The model does not load or answer at all.
        OllamaError: No run counts.
    """
    how: dict[str, Any] = {"repetitions": repetitions, "tokens": tokens, "on_progress": on_progress}
    measured = tuple(measure(ollama, model, options={**options, option: value}, **how) for value in values)
    said = [_effect(option, values[0], measured[0], *other) for other in zip(values[1:], measured[1:], strict=True)]
    return Experiment(option, tuple(values), measured, " ".join(said) or "One value alone has no effect.")


def _effect(option: str, first: int, one: Measurement, value: int, other: Measurement) -> str:
    parts = [
        _change("writing", one.decode_tokens_per_second, other.decode_tokens_per_second),
        _change("reading", one.prompt_tokens_per_second, other.prompt_tokens_per_second),
    ]
    if one.reported_bytes and other.reported_bytes:
        parts.append(f"memory {(other.reported_bytes - one.reported_bytes) / 2**20:+,.0f} MiB")
    return f"{option} {value:,} instead of {first:,}: {', '.join(filter(None, parts))}."


def _change(what: str, one: Statistic | None, other: Statistic | None) -> str:
    """A change of speed; none where the intervals meet, since then it may be chance."""
    if one is None or other is None or not one.median:
        return ""
    if other.interval_low <= one.interval_high and one.interval_low <= other.interval_high:
        return f"{what} no different within the spread"
    return f"{what} {other.median / one.median - 1:+.0%}"
