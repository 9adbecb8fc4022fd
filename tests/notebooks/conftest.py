"""Small notebooks, each named for its fault, and a rebuild of them with real kernels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from runbook.parameters import Parameters
from runbook.rebuild import RunResult, StepFile, StepResult, rebuild

BEGIN = """\
from runbook.checks import Check
from runbook.record import begin
step = begin("{name}", target=target, run=run)"""
VERIFY = 'step.verify(Check.that("It is so", True, "seen"))'
FINISH = "step.finish()"
FEW = ("ipykernel.kernelapp", "ipykernel.ipkernel", "runbook.record")


@dataclass
class Told:
    """A progress that remembers."""

    lines: list[str] = field(default_factory=list)

    def step_started(self, step: StepFile, number: int, total: int) -> None:
        self.lines.append(f"step {number}/{total} {step.name}")

    def cell_started(self, step: StepFile, number: int, total: int, heading: str) -> None:
        self.lines.append(f"cell {number}/{total} {heading}")

    def cell_finished(self, step: StepFile, number: int, state: str, seconds: float) -> None:
        self.lines.append(f"cell {number} {state}")

    def message(self, text: str) -> None:
        self.lines.append(f"said {text}")

    def step_finished(self, result: StepResult) -> None:
        self.lines.append(f"{result.step.name} {result.verdict.outcome}")


@dataclass
class Bench:
    """Notebooks that a test writes, a rebuild of them, and what was told of it."""

    root: Path
    parameters: Parameters = field(default_factory=lambda: Parameters(target="box", context="box", step_timeout_s=60))
    told: Told = field(default_factory=Told)

    def book(
        self,
        name: str,
        *sources: str,
        whole: bool = True,
        begun: bool = True,
        parameters: str = 'target: str = "box"  # target\nrun: str = ""  # run folder',
        kernel: str = "python3",
        exercises: tuple[str, ...] = (),
        metadata: dict[str, object] | None = None,
    ) -> Path:
        """Write a notebook: title, parameters, `begin`, the given cells; `whole` ends it as a good step ends."""
        cells = [new_markdown_cell(f"# {name[3:].replace('_', ' ').capitalize()}\n\nIt shows one thing.")]
        if begun:
            cells.append(new_code_cell(parameters, metadata={"tags": ["parameters"]}))
            cells.append(new_code_cell(BEGIN.format(name=name)))
        cells += [new_code_cell(source) for source in sources]
        if whole:
            cells += [new_markdown_cell("## Verify"), new_code_cell(VERIFY), new_code_cell(FINISH)]
        cells += [new_code_cell(source, metadata={"tags": ["exercise"]}) for source in exercises]
        for number, cell in enumerate(cells):
            cell["id"] = f"c{number}"
        spec = {"name": kernel, "display_name": kernel, "language": "python"}
        notebook = new_notebook(cells=cells, metadata={"kernelspec": spec, **(metadata or {})})
        folder = self.root / "notebooks"
        folder.mkdir(exist_ok=True)
        nbformat.write(notebook, folder / f"{name}.ipynb")
        return folder

    def execute(self, given: Parameters | None = None, **options: Any) -> RunResult:
        """Run what was written."""
        return rebuild(
            given or self.parameters,
            outputs=self.root / "outputs",
            progress=self.told,
            notebooks=self.root / "notebooks",
            **options,
        )


@pytest.fixture(scope="session")
def make_bench() -> Callable[[Path], Bench]:
    """For a fixture that lives longer than a test."""
    return Bench


@pytest.fixture
def few_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels without what only real notebooks need: it takes a second of each run."""
    monkeypatch.setattr("runbook.rebuild.newborn.PRELOADED", FEW)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def book(bench: Bench) -> Callable[..., Path]:
    return bench.book


@pytest.fixture
def execute(bench: Bench) -> Callable[..., RunResult]:
    return bench.execute


@pytest.fixture
def told(bench: Bench) -> Told:
    return bench.told


@pytest.fixture
def parameters(bench: Bench) -> Parameters:
    return bench.parameters
