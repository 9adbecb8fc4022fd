"""What a run's journal says of its steps: how many checks each has, and whether it reached its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from runbook.views.tables import Table, table

if TYPE_CHECKING:
    from runbook.record import History


def steps(history: History, names: Iterable[str], caption: str = "") -> Table:
    """One row per step: its checks by their verdict, and whether it came to its end."""
    return table([_row(history, name) for name in names], caption=caption)


def _row(history: History, name: str) -> dict[str, object]:
    events = history.of_step(name)
    counted = Counter(event.fields["check"]["status"] for event in events if event.name == "check")
    return {
        "step": name,
        "passed": counted["passed"],
        "failed": counted["failed"],
        "skipped": counted["skipped"],
        "ended": _ended(history, name) if events else "not started",
    }


def _ended(history: History, name: str) -> bool | str:
    proofs = (event.fields["receipt"]["run"] for event in history.of_step(name) if event.name == "stepSkipped")
    run = next(proofs, "")
    return f"skipped, proved by run {run}" if run else history.ended(name)
