"""Karakeep's clocks: how long it waits for one bookmark, and for the first byte of an answer.

Ollama sends its headers with the first token, so the first byte comes after loading the model and reading the whole
prompt. The wait for it ends at 300 s whatever Karakeep is told (karakeep#2994).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from runbook.checks import Check
from runbook.parameters import Parameters

HEADER_LIMIT_S = 300.0
JOB, HEADER = "Answer arrives within the job limit", "First byte arrives within the header limit"
# The first try and three more.
TRIES = 4
SAFETY = 2.0


@dataclass(frozen=True)
class Limits:
    """How long Karakeep waits.

    Attributes:
        job_s: INFERENCE_JOB_TIMEOUT_SEC: for one bookmark, in seconds; 30 where it is not set.
        fetch_s: INFERENCE_FETCH_TIMEOUT_SEC: for one request, in seconds; 300 where it is not set.
    """

    job_s: float = 30.0
    fetch_s: float = 300.0

    @classmethod
    def of(cls, parameters: Parameters) -> Limits:
        """The limits that a target states."""
        return cls(parameters.job_timeout_s, parameters.fetch_timeout_s)

    @property
    def header_s(self) -> float:
        """The longest wait for the first byte, in seconds."""
        return min(self.fetch_s, HEADER_LIMIT_S)


def safe_job_limit_s(total_s: float) -> float:
    """The smallest job limit that is safe for an answer of that length, in seconds: twice it, in full tens."""
    return 10.0 * math.ceil(SAFETY * total_s / 10.0)


def limit_checks(first_byte_s: float, total_s: float, limits: Limits) -> tuple[Check, ...]:
    """Whether an answer came within the consumer's limits.

    Args:
        first_byte_s: From sending to the first byte, loading included, in seconds.
        total_s: From sending to the end, in seconds.
        limits: How long the consumer waits.
    """
    return (
        Check.that(
            JOB,
            total_s <= limits.job_s,
            _job_evidence(total_s, limits.job_s),
            f"Set INFERENCE_JOB_TIMEOUT_SEC to {safe_job_limit_s(total_s):g} or more in Karakeep, and `job_timeout_s` "
            "in the target.",
        ),
        Check.that(
            HEADER,
            first_byte_s <= limits.header_s,
            f"{first_byte_s:.1f} s, the limit is {limits.header_s:g} s",
            _header_hint(first_byte_s),
        ),
    )


def _job_evidence(total_s: float, limit_s: float) -> str:
    evidence = f"{total_s:.1f} s, the limit is {limit_s:g} s"
    if total_s <= limit_s:
        return evidence
    return f"{evidence}: Karakeep tries {TRIES} times and wastes {TRIES * limit_s:g} s"


def _header_hint(first_byte_s: float) -> str:
    if first_byte_s <= HEADER_LIMIT_S:
        return f"Set INFERENCE_FETCH_TIMEOUT_SEC to {safe_job_limit_s(first_byte_s):g} or more in Karakeep."
    return (
        f"No setting raises this limit above {HEADER_LIMIT_S:g} s: only a shorter prompt (INFERENCE_CONTEXT_LENGTH) "
        "or a faster model helps."
    )
