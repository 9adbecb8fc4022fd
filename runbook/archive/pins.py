"""Pins: runs that are never removed, in `pins.txt` beside a target's runs.

One run a line, and why; a file for people, outside the run's folder, since nothing may be added to a sealed one.

```
20261125T061500Z-3fa9  the state before the upgrade
```
"""

from __future__ import annotations

from pathlib import Path

from runbook.record import write_atomic

PINS = "pins.txt"


def pins(target_folder: Path) -> dict[str, str]:
    """Why each pinned run of a target is kept, by the run's name; a file that cannot be read pins nothing readable.

    Raises:
        OSError: The file is there and cannot be read: nothing may be removed then.
    """
    path = target_folder / PINS
    if not path.is_file():
        return {}
    found: dict[str, str] = {}
    for line in path.read_bytes().decode("utf-8", "replace").splitlines():
        name, _, why = line.strip().partition(" ")
        if name and not name.startswith("#"):
            found[name] = why.strip()
    return found


def pin(target_folder: Path, run: str, why: str) -> None:
    """Pin a run; one that is pinned gets the new reason.

    Raises:
        OSError: The file cannot be written.
    """
    _write(target_folder, pins(target_folder) | {run: " ".join(why.split())})


def unpin(target_folder: Path, run: str) -> bool:
    """Take a run's pin away, and say whether it had one.

    Raises:
        OSError: The file cannot be written.
    """
    kept = pins(target_folder)
    had = kept.pop(run, None) is not None
    if had:
        _write(target_folder, kept)
    return had


def _write(target_folder: Path, kept: dict[str, str]) -> None:
    """Write the pins, below the remarks that people left."""
    path = target_folder / PINS
    remarks = [line for line in path.read_text().splitlines() if line.startswith("#")] if path.is_file() else []
    lines = [f"{run}  {why}".rstrip() for run, why in sorted(kept.items())]
    write_atomic(path, "".join(f"{line}\n" for line in (*remarks, *lines)))
