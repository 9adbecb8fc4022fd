"""Which runs may go: by age and by count, never the evidence of a failure, what is pinned, or an example.

A plan is made first and changes nothing. Where both limits are given, a run that either of them protects stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from runbook.archive.card import REMOVED
from runbook.archive.shelf import Shelved, shelf
from runbook.errors import UsageError
from runbook.record.previous import RUN_ID
from runbook.record.tombstone import TOMBSTONE

REMOVABLE = ("succeeded", "interrupted")


@dataclass(frozen=True)
class Removal:
    """A run that may go.

    Attributes:
        place: Its path from the folder of outputs.
        verdict: What became of it.
        started_at: When it began, UTC.
        size_bytes: What it takes on the disk.
        why: Why it may go.
        begun: An earlier removal of it was interrupted, so it has a tombstone already.
    """

    place: str
    verdict: str
    started_at: str
    size_bytes: int
    why: str
    begun: bool = False


@dataclass(frozen=True)
class Kept:
    """A run that stays, and why."""

    place: str
    why: str


@dataclass(frozen=True)
class Retention:
    """What would be removed, and what stays.

    Attributes:
        removals: The runs that may go, the oldest last.
        kept: Those that stay, each with the reason.
    """

    removals: tuple[Removal, ...]
    kept: tuple[Kept, ...]

    @property
    def size_bytes(self) -> int:
        """What removing them frees."""
        return sum(one.size_bytes for one in self.removals)


@dataclass(frozen=True)
class Limits:
    """What protects a run.

    Attributes:
        keep: The newest runs of each target that stay; None where the count protects none.
        older_than_days: Runs that began since then stay; None where age protects none.
        at: The present moment.
    """

    keep: int | None
    older_than_days: float | None
    at: datetime


def retention(
    outputs: Path, *, keep: int | None = None, older_than_days: float | None = None, at: datetime | None = None
) -> Retention:
    """What would be removed; nothing is.

    Args:
        outputs: The folder of outputs.
        keep: The newest runs of each target that stay.
        older_than_days: Only runs that began longer ago may go.
        at: The present moment; the clock's without it.

    Raises:
        UsageError: No limit is given, or one is below 0.
        OSError: The folder cannot be read.
    """
    if keep is None and older_than_days is None:
        raise UsageError("Nothing says which runs may go.", next="Give --keep N, --older-than DAYS, or both.")
    if (keep or 0) < 0 or (older_than_days or 0) < 0:
        raise UsageError("A limit below 0 means nothing.")
    limits = Limits(keep, older_than_days, at or datetime.now(UTC))
    shelved = shelf(outputs, remembered=False)
    found = _without_proofs(list(_judged(outputs, shelved, limits)), shelved)
    removals = tuple(one for one in found if isinstance(one, Removal))
    return Retention(removals, tuple(one for one in found if isinstance(one, Kept)))


def _without_proofs(found: list[Removal | Kept], shelved: Iterable[Shelved]) -> list[Removal | Kept]:
    """The same, but a run that proves a step which a kept run skipped stays too; such a run skipped none itself."""
    kept = {one.place for one in found if isinstance(one, Kept)}
    needed = {
        f"{one.place.rpartition('/')[0]}/{proof}": one.card.run
        for one in shelved
        if one.place in kept
        for proof in one.card.proved_by
    }
    return [
        Kept(one.place, f"proves a step of {needed[one.place]}") if one.place in needed and not _is_begun(one) else one
        for one in found
    ]


def _is_begun(one: Removal | Kept) -> bool:
    return isinstance(one, Kept) or one.begun


def _judged(outputs: Path, found: Iterable[Shelved], limits: Limits) -> Iterator[Removal | Kept]:
    seen: dict[str, int] = {}
    succeeded: set[str] = set()
    for one in found:
        path = outputs / one.place
        if one.card.verdict == REMOVED:
            if any(left.name != TOMBSTONE for left in path.iterdir()):
                yield _removal(outputs, one, "an earlier removal was interrupted", begun=True)
            continue
        target = one.card.target if not one.is_example else one.place
        place_from_newest = seen[target] = seen.get(target, 0) + one.is_run
        is_last_good = one.card.verdict == "succeeded" and target not in succeeded
        if one.card.verdict == "succeeded":
            succeeded.add(target)
        stays = _protected(one, path, is_last_good) or _within(one, place_from_newest, limits)
        yield Kept(one.place, stays) if stays else _removal(outputs, one, _exceeded(limits))


def _protected(one: Shelved, path: Path, is_last_good: bool) -> str:
    """Why a run stays whatever the limits are; empty where nothing protects it."""
    if one.is_example:
        return "an example"
    if one.pin is not None:
        return f"pinned{': ' + one.pin if one.pin else ''}"
    if one.card.verdict not in REMOVABLE:
        return one.card.verdict
    if is_last_good:
        return "the last that succeeded"
    if path.is_symlink() or not RUN_ID.fullmatch(one.card.run):
        return "not a folder that a rebuild made"
    return ""


def _within(one: Shelved, place_from_newest: int, limits: Limits) -> str:
    """Why the limits keep a run; empty where they do not."""
    if limits.keep is not None and place_from_newest <= limits.keep:
        return f"one of the newest {limits.keep}"
    if limits.older_than_days is not None:
        try:
            begun = datetime.fromisoformat(one.card.started_at)
        except ValueError:
            return "it is not known when it began"
        if begun > limits.at - timedelta(days=limits.older_than_days):
            return f"not older than {limits.older_than_days:g} days"
    return ""


def _exceeded(limits: Limits) -> str:
    said = []
    if limits.older_than_days is not None:
        said.append(f"older than {limits.older_than_days:g} days")
    if limits.keep is not None:
        said.append(f"not one of the newest {limits.keep}")
    return ", ".join(said)


def _removal(outputs: Path, one: Shelved, why: str, *, begun: bool = False) -> Removal:
    path = outputs / one.place
    size_bytes = sum(file.lstat().st_size for file in path.rglob("*") if not file.is_dir() and file.name != TOMBSTONE)
    return Removal(one.place, one.card.verdict, one.card.started_at, size_bytes, why, begun)
