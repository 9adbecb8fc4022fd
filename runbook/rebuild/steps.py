"""The steps of a rebuild: the notebooks of a folder, in the order of their numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbook.errors import UsageError
from runbook.parameters_cell import read_cell
from runbook.record import sha256
from runbook.targets import PROJECT

NOTEBOOKS = PROJECT / "notebooks"
OUR_KERNEL = "python3"
NAME = re.compile(r"(?P<number>\d{2})_[a-z0-9_]+")


@dataclass(frozen=True)
class StepFile:
    """One notebook as it is stored.

    Attributes:
        name: Its file without the ending, such as `03_apply`.
        path: Its file.
        title: Its heading.
        parameters: What its parameters cell declares, in order.
        quiet: It measures, so nothing else may work beside it.
        in_rebuild: A rebuild runs it without being asked for it by number.
        kernel: Name of its kernelspec.
        digest: SHA-256 of the file, in hexadecimal.
        reads: It reads what earlier steps found.
    """

    name: str
    path: Path
    title: str
    parameters: tuple[str, ...]
    quiet: bool
    in_rebuild: bool
    kernel: str
    digest: str
    reads: bool = False

    @property
    def number(self) -> str:
        """Its number, such as `03`."""
        return self.name[:2]


def steps(folder: Path | None = None) -> tuple[StepFile, ...]:
    """The notebooks of a folder in the order of their numbers.

    Raises:
        UsageError: There are none, or one cannot be read.
    """
    folder = folder or NOTEBOOKS
    files = sorted(path for path in folder.glob("*.ipynb") if NAME.fullmatch(path.stem))
    if not files:
        raise UsageError(f"There are no notebooks in {folder}.", next="Restore them with `git checkout notebooks`.")
    return tuple(_step(path) for path in files)


def choose(
    found: Sequence[StepFile], only: str | Iterable[str] | None = None, first: str | None = None
) -> tuple[StepFile, ...]:
    """The steps to run.

    Args:
        found: All steps.
        only: Numbers or names of the steps to run, as a list or a text with commas; nothing means all.
        first: Number or name of the step to begin with; nothing means the first.

    Raises:
        UsageError: A number or name is not among the steps.
    """
    wanted = _split(only)
    chosen = [_named(found, name) for name in wanted] or [step for step in found if step.in_rebuild]
    begin = found.index(_named(found, first)) if first else 0
    return tuple(step for step in found[begin:] if step in chosen)


def _split(only: str | Iterable[str] | None) -> list[str]:
    names = only.split(",") if isinstance(only, str) else list(only or ())
    return [name.strip() for name in names if name.strip()]


def _named(found: Sequence[StepFile], name: str) -> StepFile:
    for step in found:
        if name in (step.name, step.number, step.number.lstrip("0")):
            return step
    raise UsageError(f"There is no step {name}.", why="the steps are " + ", ".join(step.name for step in found))


def _step(path: Path) -> StepFile:
    try:
        content = json.loads(path.read_bytes())
        cells, metadata = content["cells"], content["metadata"]
        marks = metadata.get("runbook", {})
        declared = tuple(item.name for item in read_cell(_parameters_cell(cells)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SyntaxError) as error:
        raise UsageError(f"The notebook {path.name} cannot be read.", why=str(error)) from error
    return StepFile(
        name=path.stem,
        path=path,
        title=_title(cells) or path.stem,
        parameters=declared,
        quiet=bool(marks.get("quiet", False)),
        in_rebuild=bool(marks.get("rebuild", True)),
        kernel=metadata.get("kernelspec", {}).get("name", OUR_KERNEL),
        digest=sha256(path),
        reads=any("step.read(" in "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"),
    )


def _parameters_cell(cells: Iterable[Mapping[str, Any]]) -> str:
    tagged = (cell for cell in cells if "parameters" in cell["metadata"].get("tags", ()))
    return next(("".join(cell["source"]) for cell in tagged), "")


def _title(cells: Iterable[Mapping[str, Any]]) -> str:
    """The first heading of the first level."""
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    heading = re.search(r"^# +(.+?)\s*$", text, re.MULTILINE)
    return heading[1] if heading else ""
