"""The files of targets: finding one by name or path, reading it, and listing all."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from runbook.errors import ParameterError

PROJECT = Path(__file__).resolve().parents[2]
TARGETS = PROJECT / "targets"
ENDINGS = (".yaml", ".yml")


def target_files(folder: Path | None = None) -> tuple[Path, ...]:
    """The target files of a folder, by name."""
    return tuple(sorted((folder or TARGETS).glob("*.yaml")))


def find_target(name_or_path: str | Path, folder: Path | None = None) -> Path:
    """The file of a target.

    Raises:
        ParameterError: There is none; the nearest name and all names are said.
    """
    text = os.fspath(name_or_path)
    if "\0" in text:
        raise ParameterError(f"There is no target named {text!r}.", next="`runbook targets` lists them.")
    if isinstance(name_or_path, Path) or os.sep in text or "/" in text or text.endswith(ENDINGS):
        return _by_path(Path(text).expanduser(), folder or TARGETS)
    return _by_name(text, folder or TARGETS)


def read(path: Path) -> str:
    """The text of a target file.

    Raises:
        ParameterError: It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ParameterError(f"{spelled(path)}:{line}: is not UTF-8.", next="Save the file as UTF-8.") from None
    except OSError as error:
        raise ParameterError(f"{spelled(path)} cannot be read.", why=error.strerror or str(error)) from None


def spelled(path: Path) -> str:
    """A path as a person would write it: from the working folder or the project if it lies inside, else whole."""
    whole = path.absolute()
    for base in (Path.cwd(), PROJECT):
        if whole.is_relative_to(base):
            return str(whole.relative_to(base))
    return str(whole)


def _by_path(path: Path, folder: Path) -> Path:
    places = [path, PROJECT / path]
    if path.parent == Path():
        places.append(folder / path)
    places += [place.with_name(f"{place.name}.yaml") for place in places if place.name]
    for place in places:
        if place.is_file():
            return place
    if path.is_dir():
        raise ParameterError(f"{spelled(path)} is a folder; expected a target file.", why=_others("", path))
    raise ParameterError(
        f"There is no target file {spelled(path)}.",
        why=_others(path.stem, path.parent),
        next="`runbook targets` lists the targets of the project.",
    )


def _by_name(name: str, folder: Path) -> Path:
    path = folder / f"{name}.yaml"
    if name and path.is_file():
        return path
    raise ParameterError(
        f"There is no target named {name!r}.",
        why=_others(name, folder),
        next="`runbook targets` lists them; a new target is a new file in targets/.",
    )


def _others(name: str, folder: Path) -> str:
    """Which targets a folder has, the nearest first."""
    names = [path.stem for path in target_files(folder)]
    if not names:
        return f"{spelled(folder)} has no target files (*.yaml)"
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    listing = f"{spelled(folder)} has {', '.join(names)}"
    return f"the nearest is {near[0]}; {listing}" if near else listing
