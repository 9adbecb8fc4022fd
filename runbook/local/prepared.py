"""Ready-made parts: a folder of programs in the pinned versions, used instead of building them.

The folder may hold unpacked release archives as they are: programs are found by name at any depth.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from runbook.errors import LocalError
from runbook.local.pins import GoPart

VARIABLE = "RUNBOOK_LOCAL_PARTS"


def prepared_folder() -> Path | None:
    """The folder that `RUNBOOK_LOCAL_PARTS` names, or None.

    Raises:
        LocalError: It names something that is not a folder.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise LocalError(
            f"{VARIABLE} is not a folder: {folder}",
            next=f"name a folder of ready-made parts, or unset {VARIABLE} to build them",
        )
    return folder


def find_program(folder: Path, name: str) -> Path | None:
    """The executable file of that name nearest to the top of the folder, or None."""
    found = [path for path in _files(folder) if path.name == name and os.access(path, os.X_OK)]
    return min(found, key=lambda path: (len(path.parts), str(path)), default=None)


def check_version(part: GoPart, program: Path) -> None:
    """Return if the program is the pinned version.

    Raises:
        LocalError: It is another version, or does not run here.
    """
    if not part.version_command:
        return
    found = _printed_version(part, program)
    if re.search(rf"(?<![\d.]){re.escape(part.version.lstrip('v'))}(?![\d.])", found):
        return
    raise LocalError(
        f"{program} is not {part.name} {part.version}",
        why=f"`{part.name} {' '.join(part.version_command)}` prints: {found.splitlines()[0] if found else 'nothing'}",
        next=f"put {part.name} {part.version} there, or take the file away so that it is built",
    )


def _printed_version(part: GoPart, program: Path) -> str:
    """What the program prints about its version, with its standard error."""
    # Ollama asks a running server first; nothing listens on the discard port.
    environment = {**os.environ, "OLLAMA_HOST": "127.0.0.1:9"}
    try:
        ran = subprocess.run(
            [program, *part.version_command], capture_output=True, text=True, timeout=30, check=False, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (ran.stdout + ran.stderr).strip()


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        for name in names:
            yield Path(place) / name
