"""What was measured on a machine, to be kept with a run and used by the next one.

A measurement keeps the work that it timed and not only its model's name, so that a file of one run says all that the
next one needs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Self

from runbook.errors import UsageError
from runbook.models.gguf import GgufHeader
from runbook.models.shape import shape_of
from runbook.models.traffic import Part, Work, decode_work, prompt_work

VERSION = 1


@dataclass(frozen=True)
class Measured:
    """One model's measured speeds.

    Attributes:
        model: Its name, for people.
        work: What one token of its answer cost.
        tokens_per_second: Speed of the answer, tokens after the first.
        prompt_work: What one token of the prompt cost, on average; None where no prompt was measured.
        prompt_tokens_per_second: Speed of the prompt; None where none was measured.
    """

    model: str
    work: Work
    tokens_per_second: float
    prompt_work: Work | None = None
    prompt_tokens_per_second: float | None = None


@dataclass(frozen=True)
class Calibration:
    """What was measured on a machine.

    Attributes:
        machine: Its CPU, for people.
        threads: Threads that the server started.
        measured: The measurements; one of a large and one of a small model tell most.
        server: Version of the server; empty where it is not known.
    """

    machine: str
    threads: int
    measured: tuple[Measured, ...]
    server: str = ""

    def to_json(self) -> dict[str, Any]:
        """As JSON's own types; `from_json` takes it back without loss."""
        return {
            "version": VERSION,
            "machine": self.machine,
            "threads": self.threads,
            "server": self.server,
            "measured": [_measured_to_json(one) for one in self.measured],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any] | str) -> Self:
        """The calibration that `to_json` wrote.

        Args:
            content: The object, or its text.

        Raises:
            UsageError: It is something else, of another version, or holds a speed that is none.
        """
        try:
            found = json.loads(content) if isinstance(content, str) else content
            if found["version"] != VERSION:
                raise _unusable(f"it is of version {found['version']}, known is {VERSION}")
            measured = tuple(_measured_from_json(one) for one in found["measured"])
            return cls(str(found["machine"]), _count(found["threads"]), measured, str(found["server"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _unusable(f"{type(error).__name__}: {error}") from error


def measured_speed(
    header: GgufHeader,
    tokens_per_second: float,
    *,
    depth: int = 0,
    kv_type: str = "f16",
    prompt_tokens_per_second: float | None = None,
    prompt_tokens: int = 0,
) -> Measured:
    """A measurement of a model whose header is known.

    Args:
        header: The model's header.
        tokens_per_second: Speed of the answer.
        depth: Tokens before the middle of that answer: its prompt, and half of its own.
        kv_type: Type of the cache.
        prompt_tokens_per_second: Speed of the prompt, where it was measured and did not come from the cache.
        prompt_tokens: Length of that prompt.

    Raises:
        UsageError: A speed is not a positive number.
    """
    for speed in (tokens_per_second, prompt_tokens_per_second):
        if speed is not None and not (isfinite(speed) and speed > 0):
            raise _unusable(f"a speed of {speed} tokens per second")
    shape = shape_of(header)
    prompt = None
    if prompt_tokens_per_second is not None:
        prompt = prompt_work(header, shape, tokens=max(1, prompt_tokens))
    work = decode_work(header, shape, kv_type=kv_type, depth=depth)
    return Measured(header.source, work, tokens_per_second, prompt, prompt_tokens_per_second)


def _measured_to_json(one: Measured) -> dict[str, Any]:
    return {
        "model": one.model,
        "work": _work_to_json(one.work),
        "tokens_per_second": one.tokens_per_second,
        "prompt_work": _work_to_json(one.prompt_work) if one.prompt_work else None,
        "prompt_tokens_per_second": one.prompt_tokens_per_second,
    }


def _work_to_json(work: Work) -> dict[str, Any]:
    return {
        "parts": [[part.type_name, part.bytes, part.weights] for part in work.parts],
        "layers": work.layers,
        "kv_bytes": work.kv_bytes,
        "attended": work.attended,
        "kv_rows": work.kv_rows,
    }


def _measured_from_json(found: Mapping[str, Any]) -> Measured:
    prompt, speed = found["prompt_work"], found["prompt_tokens_per_second"]
    return Measured(
        str(found["model"]),
        _work_from_json(found["work"]),
        _speed(found["tokens_per_second"]),
        _work_from_json(prompt) if prompt is not None else None,
        _speed(speed) if speed is not None else None,
    )


def _work_from_json(found: Mapping[str, Any]) -> Work:
    parts = tuple(Part(str(name), _count(size), _count(weights)) for name, size, weights in found["parts"])
    layers, kv_bytes, attended, rows = (_count(found[key]) for key in ("layers", "kv_bytes", "attended", "kv_rows"))
    return Work(parts, layers, kv_bytes, attended, rows)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _unusable(f"{value!r} is no count")
    return value


def _speed(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value <= 0:
        raise _unusable(f"a speed of {value!r} tokens per second")
    return float(value)


def _unusable(why: str) -> UsageError:
    return UsageError("this calibration cannot be used", why=why, next="measure this machine again: run 06_measure")
