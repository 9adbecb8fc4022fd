"""A file of `NAME=value` lines, as `docker compose` reads it.

Written here since a finding needs the line of each variable, and because nothing in a value may be expanded: it
would bring secrets of this machine into the comparison.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from runbook.karakeep.settings.environment import Environment, Setting

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*[=:](.*)", re.DOTALL)
_QUOTED = re.compile(r"""(["'])(.*?)(?<!\\)\1\s*(?:#.*)?""", re.DOTALL)


def read_dotenv(text: str, source: str) -> Environment:
    """The variables of a file.

    Args:
        text: What the file holds.
        source: Its name, for the places of findings.
    """
    settings: list[Setting] = []
    broken: list[str] = []
    for number, line in _lines(text):
        match = _LINE.fullmatch(line)
        if match:
            settings.append(Setting(match[1], _value(match[2].strip()), source, number))
        elif re.fullmatch(r"[A-Za-z_]\w*", line.strip()) is None:
            # A name alone takes its value from whoever starts the container; anything else is no setting.
            broken.append(f"{source}:{number}")
        else:
            settings.append(Setting(line.strip(), None, source, number))
    return Environment(tuple(settings), source, broken=tuple(broken))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that say something, each with its number; a quoted value may run over several."""
    waiting, began = "", 0
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        if not waiting and (not line.strip() or line.lstrip().startswith("#")):
            continue
        waiting, began = (f"{waiting}\n{line}", began) if waiting else (line, number)
        if not _is_open(waiting):
            yield began, waiting
            waiting = ""
    if waiting:
        # A quote that never closes would swallow the rest: each of its lines is taken alone.
        for offset, line in enumerate(waiting.split("\n")):
            if line.strip() and not line.lstrip().startswith("#"):
                yield began + offset, line


def _is_open(line: str) -> bool:
    match = _LINE.fullmatch(line)
    value = match[2].strip() if match else ""
    return value[:1] in ("'", '"') and _QUOTED.fullmatch(value) is None and value.count(value[0]) % 2 == 1


def _value(text: str) -> str:
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        return quoted[2]
    return re.split(r"\s#", text, maxsplit=1)[0].strip() if not text.startswith("#") else ""
