"""Times of the record: UTC, to the millisecond, with a Z."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(moment: datetime) -> str:
    """A moment as `2026-11-25T06:15:00.250Z`.

    Raises:
        ValueError: The moment has no time zone, so it is not known which one it is.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    """The present moment."""
    return utc(datetime.now(UTC))
