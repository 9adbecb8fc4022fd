from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runbook.checks import Check
from runbook.rebuild import RunResult, StepFile, StepResult
from runbook.record import CellVerdict, StepVerdict


def step_file(name: str) -> StepFile:
    return StepFile(
        name=name, path=Path(f"{name}.ipynb"), title=f"Title of {name}", parameters=(), quiet=False, in_rebuild=True,
        kernel="python3", digest="0" * 64,
    )  # fmt: skip


@pytest.fixture
def step() -> Callable[..., StepResult]:
    """Makes the result of a step."""

    def making(name: str, outcome: Any = "succeeded", reason: str = "", *checks: Check) -> StepResult:
        cell = CellVerdict(3, "c3", "failed", "step.verify(", "CheckFailed: x") if outcome == "failed" else None
        seconds = 0.0 if outcome.startswith("not") else 4.25
        return StepResult(step_file(name), StepVerdict(outcome, reason, failed_cell=cell), seconds, checks)

    return making


@pytest.fixture
def failed_run(step: Callable[..., StepResult]) -> RunResult:
    """A run whose second step failed."""
    passed = Check("Deployment available", "passed", "1 of 1 replicas")
    failed = Check("Text model answers", "failed", "no tags in the answer", "open 91_troubleshoot")
    return RunResult(
        folder=Path("outputs/home/run"),
        verdict="failed",
        reason="05_verify: check failed: Text model answers",
        seconds=65.0,
        steps=(
            step("01_hardware", "not selected"),
            step("03_apply", "succeeded", "", passed),
            step("05_verify", "failed", "check failed: Text model answers", passed, failed),
            step("06_measure", "not started"),
            step("07_report", "not started"),
        ),
    )
