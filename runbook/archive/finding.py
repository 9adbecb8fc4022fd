"""Finding a run by what a person calls it.

A path, the name of a run or a part of it that fits only one, `latest` or `previous`, or one of these after a target:
`homelab/latest`. The examples are a target called `examples/<target>`.
"""

from __future__ import annotations

from pathlib import Path

from runbook.archive.shelf import Shelved, shelf
from runbook.errors import UsageError
from runbook.record import RunFolder

PLACES = {"latest": 0, "previous": 1}
SHORTEST_PART = 4


def find_run(text: str, outputs: Path) -> RunFolder:
    """The run that a person means.

    Args:
        text: A path, a name or part of one, `latest`, `previous`, or one of these after a target and a slash.
        outputs: The folder of outputs.

    Raises:
        UsageError: There is no such run, or more than one.
    """
    path = Path(text).expanduser()
    if path.is_dir() and _is_run(path):
        return RunFolder(path.resolve())
    target, _, name = text.rstrip("/").rpartition("/")
    runs = [one for one in shelf(outputs, remembered=False) if one.is_run and _is_of(one, target)]
    chosen = _by_place(runs, name, target) if name in PLACES else _by_name(runs, name)
    if chosen is None:
        raise _no_run(text, path, runs)
    return RunFolder((outputs / chosen.place).resolve())


def _is_run(path: Path) -> bool:
    folder = RunFolder(path)
    return folder.record.is_file() or folder.journal.is_file()


def _is_of(one: Shelved, target: str) -> bool:
    return not target or one.place.rpartition("/")[0] == target


def _by_place(runs: list[Shelved], name: str, target: str) -> Shelved | None:
    """The latest or the one before it; of the only target that has runs, where none is named."""
    own = runs if target else [one for one in runs if not one.is_example]
    targets = sorted({one.card.target for one in own})
    if len(targets) > 1:
        raise UsageError(
            f"`{name}` may be a run of {', '.join(targets)}.", next=f"Name the target: `{targets[0]}/{name}`."
        )
    return own[PLACES[name]] if len(own) > PLACES[name] else None


def _by_name(runs: list[Shelved], name: str) -> Shelved | None:
    exact = [one for one in runs if one.card.run == name]
    found = exact or [one for one in runs if len(name) >= SHORTEST_PART and name in one.card.run]
    if len(found) > 1:
        raise UsageError(f"`{name}` may be any of {len(found)} runs.", why=", ".join(one.place for one in found[:5]))
    return found[0] if found else None


def _no_run(text: str, path: Path, runs: list[Shelved]) -> UsageError:
    if path.is_dir():
        why = "the folder holds neither record.json nor journal.jsonl"
    elif runs:
        why = f"the newest are {', '.join(one.place for one in runs[:3])}"
    else:
        why = "no run is kept there"
    return UsageError(f"There is no run {text}.", why=why, next="`runbook archive` lists all runs.")
