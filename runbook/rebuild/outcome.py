"""What became of a run and its steps: what `rebuild` returns, and the index shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from runbook.checks import Check
from runbook.rebuild.steps import StepFile
from runbook.record import CellState, StepVerdict

RunVerdict = Literal["succeeded", "failed", "interrupted"]


class ClusterIdentity(Protocol):
    """What a run says about its cluster; `runbook.kubernetes.Cluster` is one."""

    @property
    def context(self) -> str:
        """Name of the kubeconfig context."""

    @property
    def server(self) -> str:
        """Address of the API server."""

    @property
    def uid(self) -> str:
        """UID of the namespace kube-system."""

    @property
    def version(self) -> str:
        """Version of the API server."""


@dataclass(frozen=True)
class StepResult:
    """One step of a run.

    Attributes:
        step: The notebook.
        verdict: What became of it.
        seconds: How long it took; 0 where it did not start.
        checks: What was checked, in order.
        started_at: When it began, UTC; empty where it did not.
        proved_by: The earlier run in which it succeeded, where it was skipped for that; else empty.
    """

    step: StepFile
    verdict: StepVerdict
    seconds: float = 0.0
    checks: tuple[Check, ...] = ()
    started_at: str = ""
    proved_by: str = ""

    @property
    def outcome(self) -> str:
        """What became of it, in words."""
        return f"skipped, proved by run {self.proved_by}" if self.proved_by else self.verdict.outcome


@dataclass(frozen=True)
class RunResult:
    """A run.

    Attributes:
        folder: Where it is kept.
        verdict: `succeeded` only if every chosen step did.
        reason: Why it did not succeed; empty when it did.
        steps: Every step, also those that were not started or not chosen.
        seconds: How long it took.
    """

    folder: Path
    verdict: RunVerdict
    reason: str
    steps: tuple[StepResult, ...]
    seconds: float

    @property
    def succeeded(self) -> bool:
        """Whether the run may be relied on."""
        return self.verdict == "succeeded"

    @property
    def index(self) -> Path:
        """The page that shows the run."""
        return self.folder / "index.html"

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every check of the run, in order."""
        return tuple(check for step in self.steps for check in step.checks)

    @property
    def failed_checks(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.status == "failed")


class Progress(Protocol):
    """Who is told what a rebuild is doing; each call returns at once."""

    def step_started(self, step: StepFile, number: int, total: int) -> None:
        """Step `number` of `total` begins."""

    def cell_started(self, step: StepFile, number: int, total: int, heading: str) -> None:
        """Code cell `number` of `total` begins, below `heading`."""

    def cell_finished(self, step: StepFile, number: int, state: CellState, seconds: float) -> None:
        """The cell ended, or was skipped."""

    def message(self, text: str) -> None:
        """A line that a cell printed, or a remark of the rebuild."""

    def step_finished(self, result: StepResult) -> None:
        """A step ended."""
