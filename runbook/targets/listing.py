"""The targets of a folder at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runbook.errors import ParameterError
from runbook.targets.files import spelled, target_files
from runbook.targets.load import load_target


@dataclass(frozen=True)
class TargetSummary:
    """One target as `runbook targets` lists it.

    Attributes:
        name: Its name.
        file: Its file, as a person would write the path.
        context: The kubeconfig context it names; empty where the file is wrong.
        description: Whose cluster it is.
        mistake: Why it cannot be used; empty where it can.
    """

    name: str
    file: str
    context: str
    description: str
    mistake: str = ""


def list_targets(folder: Path | None = None) -> tuple[TargetSummary, ...]:
    """Every target of a folder, by name; one that cannot be used says why."""
    return tuple(_summary(path) for path in target_files(folder))


def _summary(path: Path) -> TargetSummary:
    try:
        parameters = load_target(path)
    except ParameterError as error:
        return TargetSummary(path.stem, spelled(path), "", "", mistake=f"{error.what} {error.why}".strip())
    return TargetSummary(path.stem, spelled(path), parameters.context, parameters.description)
