"""A run's folder and its steps, without kernels."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook.checks import Check
from runbook.parameters import Parameters
from runbook.rebuild import RunResult, StepFile, StepResult
from runbook.record import CellVerdict, Journal, Redactor, Results, RunFolder, StepVerdict, environment


def step_file(name: str, title: str = "") -> StepFile:
    return StepFile(name, Path(f"/nowhere/{name}.ipynb"), title or name, (), False, True, "python3", "0" * 64)


@pytest.fixture
def failed() -> StepResult:
    cell = CellVerdict(
        3, "c5", "failed", "rollout()", "RolloutFailed: not ready\nWhy: Pending\nNext: `kubectl get pvc`"
    )
    check = Check.that("The PVC is bound", False, "Pending <b>", "`kubectl get storageclass`")
    verdict = StepVerdict("failed", "cell 3: RolloutFailed: not ready", (cell,), cell)
    return StepResult(step_file("03_apply", "Apply"), verdict, 12.5, (check,), "2026-11-25T06:15:00.000Z")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder.create(tmp_path / "homelab")
    parameters = Parameters(target="homelab", context="homelab", description="three nodes <script>")
    journal = Journal(made.journal, Redactor())
    journal.append(
        "runStarted", run=made.id, target="homelab", parameters=parameters, cluster=None, steps=[], **environment()
    )
    results = Results(made.results, journal)
    results.put("02_models", "estimates", [{"model": "m", "decode_tokens_per_second": {"low": 10, "high": 14}}])
    results.put("06_measure", "measurements", [{"model": "m", "decode_tokens_per_second": {"median": 11.0}}])
    return made


@pytest.fixture
def result(folder: RunFolder, failed: StepResult) -> RunResult:
    steps = (
        StepResult(
            step_file("01_hardware", "Survey"), StepVerdict("succeeded"), 2.0, (Check("so", "passed", "9 GiB"),)
        ),
        failed,
        StepResult(step_file("04_pull", "Pull"), StepVerdict("not started")),
    )
    return RunResult(folder.path, "failed", "03_apply: cell 3: RolloutFailed: not ready", steps, 14.5)
