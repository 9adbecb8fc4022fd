"""The shelf: every run below a folder of outputs, each with its card.

```
outputs/<target>/<run>/            a run
outputs/examples/<target>/<run>/   a run that is kept for readers
```
Cards are remembered in `.archive.json`, by a digest of what they were made from. The folders are the truth: a card
whose folder has changed is made again, and without the file everything is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbook.archive.card import REMOVED, UNREADABLE, Card, card, removed, unreadable
from runbook.archive.pins import pins
from runbook.archive.reading import Unreadable, read_content
from runbook.record import write_atomic
from runbook.record.folder import LAB
from runbook.record.previous import RUN_ID

EXAMPLES = "examples"
REMEMBERED = ".archive.json"
SCHEMA = 1


@dataclass(frozen=True)
class Shelved:
    """One folder on the shelf.

    Attributes:
        place: Its path from the folder of outputs, with slashes.
        card: What is known of it.
        is_example: It is kept for readers.
        pin: Why it is pinned; None where it is not.
    """

    place: str
    card: Card
    is_example: bool = False
    pin: str | None = None

    @property
    def is_run(self) -> bool:
        """Whether a run can be read there."""
        return self.card.verdict not in (REMOVED, UNREADABLE)


def shelf(outputs: Path, *, remembered: bool = True) -> list[Shelved]:
    """Every run below a folder of outputs, the newest first; folders that are none are among them, and say so.

    Args:
        outputs: The folder; one that is not there is empty.
        remembered: Take cards that were made before from memory.

    Raises:
        OSError: The folder itself cannot be read.
    """
    known = _recall(outputs) if remembered else {}
    kept: dict[str, Any] = {}
    found: list[Shelved] = []
    for target_folder, is_example in _target_folders(outputs):
        pinned = pins(target_folder)
        for run in _folders(target_folder):
            place = run.relative_to(outputs).as_posix()
            made = _card(run, target_folder.name, place, known, kept)
            found.append(Shelved(place, made, is_example, pinned.get(run.name)))
    if remembered and kept != known:
        write_atomic(outputs / REMEMBERED, json.dumps({"schema": SCHEMA, "cards": kept}), durable=False)
    return sorted(found, key=_newest_first, reverse=True)


def _target_folders(outputs: Path) -> Iterator[tuple[Path, bool]]:
    for folder in _folders(outputs):
        if folder.name == EXAMPLES:
            yield from ((inner, True) for inner in _folders(folder))
        else:
            yield folder, False


def _folders(parent: Path) -> list[Path]:
    try:
        return sorted(
            path for path in parent.iterdir() if path.is_dir() and path.name != LAB and not path.name.startswith(".")
        )
    except FileNotFoundError:
        return []


def _card(run: Path, target: str, place: str, known: dict[str, Any], kept: dict[str, Any]) -> Card:
    left = removed(run, target)
    if left is not None:
        return left
    try:
        content = read_content(run)
    except (Unreadable, OSError) as error:
        return unreadable(run, target, str(error))
    digest = content.digest
    remembered = _known(known.get(place), digest)
    made = remembered or card(run, target, content)
    kept[place] = known[place] if remembered else {"digest": digest, "card": made.as_json()}
    return made


def _known(entry: Any, digest: str) -> Card | None:
    """The card that was made from the same content, as far as it can be understood."""
    try:
        return Card.of_json(entry["card"]) if entry["digest"] == digest else None
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def _recall(outputs: Path) -> dict[str, Any]:
    try:
        content = json.loads((outputs / REMEMBERED).read_bytes())
        cards = content["cards"] if content["schema"] == SCHEMA else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return cards if isinstance(cards, dict) else {}


def _newest_first(one: Shelved) -> tuple[str, str]:
    """When a run began, as its record says, else its name; a folder that is none comes last."""
    begun = one.card.started_at.replace("-", "").replace(":", "")
    named = one.card.run[:15] if RUN_ID.fullmatch(one.card.run) else ""
    return begun or named, one.place
