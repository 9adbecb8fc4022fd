"""A rebuild: the notebooks in order against one target, with live progress, a verdict, and a folder to keep."""

from runbook.rebuild import lean  # noqa: F401 - before nbformat is imported
from runbook.rebuild.outcome import ClusterIdentity, Progress, RunResult, RunVerdict, StepResult
from runbook.rebuild.run import rebuild
from runbook.rebuild.steps import StepFile, choose, steps

__all__ = [
    "ClusterIdentity",
    "Progress",
    "RunResult",
    "RunVerdict",
    "StepFile",
    "StepResult",
    "choose",
    "rebuild",
    "steps",
]
