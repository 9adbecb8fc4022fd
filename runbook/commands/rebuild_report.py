"""What a rebuild came to: for people and for scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from runbook.commands.progress import elapsed

if TYPE_CHECKING:
    from runbook.kubernetes import Cluster
    from runbook.parameters import Parameters
    from runbook.rebuild import RunResult, StepResult


def in_words(result: RunResult) -> Iterator[str]:
    """The verdict, each failed check with its evidence and what to do, and where the run is kept; line by line."""
    yield f"{result.verdict.capitalize()}: {_steps(result)}, {_checks(result)}, in {elapsed(result.seconds)}."
    if result.reason:
        yield f"Why: {result.reason}"
    for check in result.failed_checks:
        yield f"Check failed: {check.name}"
        yield f"  evidence: {check.evidence}"
        if check.hint:
            yield f"  next: {check.hint}"
    yield from _skipped(result)
    waiting = [step.step.name for step in result.steps if step.verdict.outcome == "not started"]
    if waiting:
        yield f"Not started: {', '.join(waiting)}"
    yield f"Run: {result.folder}"
    yield f"Index: {result.index}"


def as_object(parameters: Parameters, cluster: Cluster, result: RunResult) -> dict[str, Any]:
    """The run as `--json` prints it."""
    return {
        "target": parameters.target,
        "cluster": cluster,
        "verdict": result.verdict,
        "reason": result.reason,
        "seconds": result.seconds,
        "folder": result.folder,
        "index": result.index,
        "steps": [_step(step) for step in result.steps],
    }


def _step(step: StepResult) -> dict[str, Any]:
    return {
        "name": step.step.name,
        "title": step.step.title,
        "outcome": step.verdict.outcome,
        "reason": step.verdict.reason,
        "proved_by": step.proved_by,
        "seconds": step.seconds,
        "failed_cell": step.verdict.failed_cell,
        "checks": step.checks,
    }


def _skipped(result: RunResult) -> Iterator[str]:
    """The steps that were not run because an earlier run proves them, a line for each such run."""
    for run in dict.fromkeys(step.proved_by for step in result.steps if step.proved_by):
        names = ", ".join(step.step.name for step in result.steps if step.proved_by == run)
        yield f"Skipped, proved by run {run}: {names}"


def _steps(result: RunResult) -> str:
    """How many of the chosen steps succeeded."""
    chosen = [step for step in result.steps if step.verdict.outcome != "not selected"]
    succeeded = sum(step.verdict.succeeded for step in chosen)
    return f"{succeeded} of {len(chosen)} step{'' if len(chosen) == 1 else 's'} succeeded"


def _checks(result: RunResult) -> str:
    """How many checks passed, failed and were skipped, where there are any."""
    counts = Counter[str](check.status for check in result.checks)
    order = ("passed", "failed", "skipped")
    words = [f"{counts[status]} {status}" for status in order if counts[status] or status == "passed"]
    return f"checks: {', '.join(words)}"
