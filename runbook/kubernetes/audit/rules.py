"""What a rule of the audit is: a severity, a statement, and a function that finds what speaks against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from runbook.kubernetes.audit.subject import Subject

Severity = Literal["high", "medium", "low", "info"]
Path = tuple[str, ...]
POD: Path = ("spec", "template", "spec")


@dataclass(frozen=True)
class Fault:
    """What speaks against a rule.

    Attributes:
        evidence: What was seen.
        kind: Kind of the object it was seen in.
        name: Name of that object; empty where there is none.
        path: The field, from the object down; items of lists by their name.
        severity: Its severity, where it is not the rule's.
        unknown: Whether it could not be seen at all.
    """

    evidence: str
    kind: str = "Deployment"
    name: str = ""
    path: Path = ()
    severity: Severity | None = None
    unknown: bool = False


Find = Callable[[Subject], Iterator[Fault]]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        id: C01 to C25.
        severity: How bad it is when it does not hold.
        statement: What has to hold.
        remedy: What to do when it does not.
        find: What speaks against it.
        peers: The checks of checkov that look at the same.
    """

    id: str
    severity: Severity
    statement: str
    remedy: str
    find: Find
    peers: tuple[str, ...] = ()


RULES: dict[str, Rule] = {}


def rule(
    number: int, severity: Severity, statement: str, remedy: str, peers: tuple[int | str, ...] = ()
) -> Callable[[Find], Find]:
    """Registers a rule; a peer's number stands for CKV_K8S_ with it."""

    def register(find: Find) -> Find:
        names = tuple(f"CKV_K8S_{peer}" if isinstance(peer, int) else peer for peer in peers)
        one = Rule(f"C{number:02}", severity, statement, remedy, find, names)
        RULES[one.id] = one
        return find

    return register


def unknown(why: str) -> Fault:
    """What a rule yields that could not look."""
    return Fault(why, unknown=True)


def in_pod(evidence: str, *path: str, severity: Severity | None = None) -> Fault:
    """A fault in the pod's spec of the Deployment."""
    return Fault(evidence, path=(*POD, *path), severity=severity)
