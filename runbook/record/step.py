"""A notebook's side of the record: its parameters, its checks, its results.

`begin` is the first call of every notebook. In a rebuild it finds the run's folder and the parameters that the
rebuild validated; opened by hand, the target's file and the folder `outputs/<target>/lab/`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeVar

from runbook.checks import Check, require
from runbook.errors import CheckFailed, ParameterError, UsageError
from runbook.parameters import Parameters
from runbook.record.folder import RunFolder
from runbook.record.journal import Journal
from runbook.record.results import Results, digest
from runbook.targets import PROJECT, load_target

# A rebuild tells its kernels what may not be written into a notebook before it is masked.
PARAMETERS_VARIABLE = "RUNBOOK_PARAMETERS"
STEP_VARIABLE = "RUNBOOK_STEP"
OUTPUTS_VARIABLE = "RUNBOOK_OUTPUTS"

Phase = Literal["precondition", "verification"]
Model = TypeVar("Model")


class Checks(tuple[Check, ...]):
    """Checks that read well where no view shows them: one line each."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(f"{check.status:<8} {check.name}: {check.evidence}" for check in self)


class Step:
    """One notebook at work; made by `begin`.

    Attributes:
        name: Name of the notebook's file without its ending.
        parameters: The parameters of the target.
        folder: The run's folder.
    """

    def __init__(self, name: str, parameters: Parameters, folder: RunFolder) -> None:
        self.name = name
        self.parameters = parameters
        self.folder = folder.path
        self._journal = Journal(folder.journal)
        self._results = Results(folder.results, self._journal)

    def __repr__(self) -> str:
        return f"step {self.name}, target {self.parameters.target}, record in {_near(self.folder)}"

    def require(self, *checks: Check | Iterable[Check]) -> Checks:
        """Record the preconditions, and go on only if none failed.

        Raises:
            CheckFailed: At least one failed; each is named with its evidence and hint.
        """
        return self._check("precondition", checks)

    def verify(self, *checks: Check | Iterable[Check]) -> Checks:
        """Record what was verified, all of it, and go on only if none failed.

        Raises:
            CheckFailed: At least one failed; each is named with its evidence and hint.
        """
        return self._check("verification", checks)

    def result(self, key: str, value: object) -> None:
        """Keep a value under a key, for later steps, the index and comparisons.

        Raises:
            TypeError: The value holds something that has no form in JSON.
        """
        kept = self._results.put(self.name, key, value)
        self._journal.append("result", step=self.name, key=key, digest=digest(kept))

    def read(self, key: str) -> Any:
        """What an earlier step kept under a key, as plain JSON values; what was read is recorded.

        Raises:
            CheckFailed: Nothing was kept under it; the notebook that provides it is named.
        """
        try:
            found = self._results.find(key)
        except KeyError:
            raise CheckFailed(
                f"There is no result `{key}` yet.",
                why=f"{self.name} reads it from {_near(self.folder)}/results.json",
                next=f"Run {_provider(key)} first.",
            ) from None
        self._journal.append("read", step=self.name, key=key, digest=digest(found))
        return found

    def change(self, change: object) -> None:
        """Record a change made to the cluster."""
        self._journal.append("change", step=self.name, change=change)

    def pulled(self, model: Model) -> Model:
        """Record a model that was pulled, or found to be there, and return it."""
        self._journal.append("pull", step=self.name, model=model)
        return model

    def note(self, text: str) -> None:
        """Record a remark."""
        self._journal.append("note", step=self.name, text=text)

    def finish(self) -> None:
        """Say that the last cell that matters was reached; a step without it has not succeeded."""
        self._journal.append("finishReached", step=self.name)

    def _check(self, phase: Phase, checks: Iterable[Check | Iterable[Check]]) -> Checks:
        found = Checks(_flat(checks))
        for check in found:
            self._journal.append("check", step=self.name, phase=phase, check=check)
        require(found)
        return found


def begin(notebook: str, *, target: str, run: str = "", **parameters: Any) -> Step:
    """Start a notebook's record.

    Args:
        notebook: Name of the notebook's file without its ending.
        target: Name of a target, or the path of its file.
        run: The run's folder; empty for a notebook opened by hand.
        parameters: What the parameters cell holds. None, or a parameter's own default, means "as the target has
            it"; any other value stands over the target's.

    Raises:
        ParameterError: The target or a parameter is wrong.
        UsageError: The run's folder does not exist, or the notebook calls itself by another name than its file has.
    """
    expected = os.environ.get(STEP_VARIABLE) or notebook
    if expected != notebook:
        raise UsageError(f"The notebook {expected} calls itself {notebook!r}.", next=f'Write begin("{expected}", ...).')
    if run:
        return Step(notebook, _of_the_rebuild(notebook, target, parameters), _existing(run))
    chosen = load_target(target, _changed(parameters), overrides_from=f"parameters cell of {notebook}")
    step = Step(notebook, chosen, RunFolder.lab(outputs_folder() / chosen.target))
    step._results.forget(notebook)
    step._journal.append("stepStarted", step=notebook, interactive=True, parameters=chosen)
    return step


def outputs_folder() -> Path:
    """Where the labs of targets are: what `RUNBOOK_OUTPUTS` names, else `outputs/` of the project."""
    return Path(os.environ.get(OUTPUTS_VARIABLE) or PROJECT / "outputs")


def _of_the_rebuild(notebook: str, target: str, parameters: dict[str, Any]) -> Parameters:
    """The parameters that the rebuild validated; a plain papermill has none to give."""
    unknown = sorted(set(parameters) - set(Parameters.model_fields))
    if unknown:
        raise ParameterError(f"begin in {notebook} passes {unknown[0]}, which is no parameter.")
    given = os.environ.get(PARAMETERS_VARIABLE)
    if given:
        return Parameters.model_validate_json(given)
    return load_target(target, _changed(parameters), overrides_from=f"parameters cell of {notebook}")


def _existing(run: str) -> RunFolder:
    folder = RunFolder(Path(run))
    if folder.path.is_dir():
        return folder
    raise UsageError(f"There is no run folder {run}.", next='Set `run = ""` to work by hand, in the lab\'s folder.')


def _changed(parameters: dict[str, Any]) -> dict[str, object]:
    """What a parameters cell says that is not simply the default: that leaves the choice to the target."""
    fields = Parameters.model_fields
    defaults = {name: field.get_default(call_default_factory=True) for name, field in fields.items()}
    return {
        name: value
        for name, value in parameters.items()
        if value is not None and _plain(value) != _plain(defaults.get(name))
    }


def _plain(value: object) -> object:
    """A tuple and a list with the same items are the same parameter."""
    return list(value) if isinstance(value, tuple) else value


def _flat(checks: Iterable[Check | Iterable[Check]]) -> Iterable[Check]:
    for item in checks:
        if isinstance(item, Check):
            yield item
        else:
            yield from item


def _provider(key: str) -> str:
    """The notebooks that keep a result under a key, by name."""
    call = re.compile(rf"\.result\(\s*['\"]{re.escape(key)}['\"]")
    for folder in (Path.cwd(), PROJECT / "notebooks"):
        found = [path.stem for path in sorted(folder.glob("[0-9]*.ipynb")) if call.search(_code(path))]
        if found:
            return " or ".join(found)
    return "the notebook that provides it"


def _code(notebook: Path) -> str:
    cells = json.loads(notebook.read_bytes()).get("cells", [])
    return "\n".join("".join(cell["source"]) for cell in cells if cell.get("cell_type") == "code")


def _near(path: Path) -> Path:
    return path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path
