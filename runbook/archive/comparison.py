"""Two runs compared: what went in, what came out, and whether anything got worse."""

from __future__ import annotations

from dataclasses import dataclass

from runbook.archive import differences
from runbook.archive.differences import Difference, Turn
from runbook.archive.measured import Measured, measured
from runbook.archive.side import Side, read_side
from runbook.record import RunFolder


@dataclass(frozen=True)
class Run:
    """A side of the comparison by its name.

    Attributes:
        run: Its name.
        target: Its target.
        verdict: What became of it.
        started_at: When it began, UTC.
        remarks: What speaks against relying on it.
    """

    run: str
    target: str
    verdict: str
    started_at: str
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """What differs between two runs.

    Attributes:
        before: The earlier run, or the one named first.
        after: The other.
        parameters: Parameters with another value.
        versions: Versions of what ran.
        manifests: Files that went in.
        steps: Steps that ended otherwise.
        checks: Checks that ended otherwise.
        measured: Every figure that was measured, changed or not.
    """

    before: Run
    after: Run
    parameters: tuple[Difference, ...]
    versions: tuple[Difference, ...]
    manifests: tuple[Difference, ...]
    steps: tuple[Turn, ...]
    checks: tuple[Turn, ...]
    measured: tuple[Measured, ...]

    @property
    def worse(self) -> tuple[str, ...]:
        """What got worse, one sentence each: a step, a check, or a figure that left its interval."""
        turned = [_turned(turn) for turn in (*self.steps, *self.checks) if turn.worse]
        left = [_left(one) for one in self.measured if one.direction == "worse"]
        return (*turned, *left)


def compare(before: RunFolder, after: RunFolder) -> Comparison:
    """What differs between two runs.

    Raises:
        UsageError: One of them is no run, or cannot be read.
    """
    earlier, later = read_side(before), read_side(after)
    return Comparison(
        before=_run(earlier),
        after=_run(later),
        parameters=differences.parameters(earlier, later),
        versions=differences.versions(earlier, later),
        manifests=differences.manifests(earlier, later),
        steps=differences.steps(earlier, later),
        checks=differences.checks(earlier, later),
        measured=measured(earlier, later),
    )


def _run(side: Side) -> Run:
    return Run(side.run, side.target, side.verdict, side.started_at, side.remarks)


def _turned(turn: Turn) -> str:
    what = f"Check {turn.name} of {turn.step}" if turn.step else f"Step {turn.name}"
    return f"{what}: {turn.before or 'not made'}, now {turn.after or 'not made'}"


def _left(one: Measured) -> str:
    return f"{one.model} {one.quantity}: {one.judgement}, {one.change}"
