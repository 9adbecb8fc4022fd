"""A check: one verifiable statement, with the evidence that decided it.

Rooms return checks as data; the record keeps them, `runbook.views` shows them, and a step whose check
failed has failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self

from runbook.errors import CheckFailed

Status = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Check:
    """One statement about the world, decided by evidence.

    Attributes:
        name: The statement in the words of the reader: "Service reachable from another namespace".
        status: `passed`, `failed`, or `skipped` where it could not be decided; the evidence says why.
        evidence: What was seen: a figure with its unit, a status, a log line.
        hint: What to do when it failed: a command or a notebook. Empty when it passed.
    """

    name: str
    status: Status
    evidence: str
    hint: str = ""

    @classmethod
    def that(cls, name: str, holds: bool, evidence: str, hint: str = "") -> Self:
        """A check that passed if `holds` is true and failed otherwise; the hint is kept only for a failure."""
        return cls(name, "passed" if holds else "failed", evidence, "" if holds else hint)

    @classmethod
    def skipped(cls, name: str, reason: str) -> Self:
        """A check that could not be decided here, and why."""
        return cls(name, "skipped", reason)


def require(checks: Iterable[Check]) -> None:
    """Return if no check failed.

    Raises:
        CheckFailed: At least one failed; the message names each with its evidence and hint.
    """
    failed = [check for check in checks if check.status == "failed"]
    if not failed:
        return
    raise CheckFailed(
        f"{len(failed)} check{'s' if len(failed) > 1 else ''} failed: " + "; ".join(check.name for check in failed),
        why="; ".join(check.evidence for check in failed),
        next="; ".join(dict.fromkeys(check.hint for check in failed if check.hint)),
    )
