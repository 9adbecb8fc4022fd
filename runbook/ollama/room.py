"""Whether what is to be pulled fits onto the volume, worked out before the first byte and not when it is full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runbook.checks import Check
from runbook.models import find

HAS_ROOM = "The volume has room for the models"
OFF = ("", "0", "f", "false")


def expected_bytes(name: str) -> int:
    """The bytes of a model's files as the catalogue has them; 0 where it does not know."""
    entry = find(name)
    if entry is None or entry.file_bytes is None:
        return 0
    return entry.file_bytes + (entry.projector.bytes if entry.projector else 0)


def room_check(missing: Iterable[str], free_bytes: int | None, partial_bytes: int = 0) -> Check:
    """Whether the models that are missing fit, by the sizes in the catalogue.

    Args:
        missing: Names of the models to pull.
        free_bytes: What the volume has free; None where it could not be looked at.
        partial_bytes: What broken pulls have left on it, which new ones go on from.
    """
    sizes = {name: expected_bytes(name) for name in missing}
    if not sizes:
        return Check.that(HAS_ROOM, True, "nothing is missing")
    if free_bytes is None:
        return Check.skipped(HAS_ROOM, "the pod cannot say what is free: it has no df")
    unknown = [name for name, size in sizes.items() if not size]
    aside = f"; the size of {', '.join(unknown)} is known when the registry says it" if unknown else ""
    there = f", {_gib(partial_bytes)} of it there from a broken pull" if partial_bytes else ""
    needed = max(0, sum(sizes.values()) - partial_bytes)
    return Check.that(
        HAS_ROOM,
        needed <= free_bytes,
        f"{_gib(sum(sizes.values()))} missing{there}, {_gib(free_bytes)} free{aside}",
        "Remove a model, choose smaller ones, or enlarge the claim ollama-models (`storage_size`).",
    )


def room_words(needed_bytes: int, free_bytes: int) -> str:
    """The arithmetic of a volume that is too small, in words."""
    return (
        f"{_gib(needed_bytes)} have to come, {_gib(free_bytes)} are free: {_gib(needed_bytes - free_bytes)} too much "
        f"({needed_bytes:,} and {free_bytes:,} bytes)"
    )


def survives_restart(environment: Mapping[str, str]) -> bool:
    """Whether a server that starts again keeps what a broken pull left.

    Without OLLAMA_NOPRUNE it deletes when it starts whatever no manifest names, and the parts of a broken pull are
    such files.

    Args:
        environment: That of the server's container.
    """
    return environment.get("OLLAMA_NOPRUNE", "").strip().lower() not in OFF


def _gib(size_bytes: float) -> str:
    return f"{size_bytes / 2**30:.2f} GiB"
