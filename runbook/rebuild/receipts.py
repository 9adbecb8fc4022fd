"""Receipts: what proves that a step need not run again.

A step that succeeded in an earlier run is skipped if all it started from is unchanged (its notebook, the parameters,
the manifests, this package and its libraries, the cluster, what it read from earlier steps) and what it left behind
still holds on the live cluster. Its results are then taken over as they were, with where they come from. Whatever
cannot be shown makes the step run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbook.checks import Check
from runbook.errors import RecordError, RunbookError, UsageError
from runbook.rebuild.earlier_runs import EarlierRun, beside, newest_first
from runbook.rebuild.holding import Holding, Scene
from runbook.rebuild.steps import StepFile
from runbook.record import Event
from runbook.record.results import digest

PACKAGE = "runbook"
# What is put into the cluster, and what the notebooks run with; the target's file is compared as parameters.
DECIDING = ("manifests/", "requirements")


@dataclass(frozen=True)
class Receipt:
    """A step's success, as the run in which it ran proves it.

    Attributes:
        run: That run.
        finished: The event of its journal that says so.
        notebook: SHA-256 of the notebook that ran.
        reads: What it read from earlier steps: digests by key.
        results: What it kept, by key.
        undefined: Why a figure in it is null, by its path.
    """

    run: EarlierRun
    finished: Event
    notebook: str
    reads: Mapping[str, str]
    results: Mapping[str, Any]
    undefined: Mapping[str, str]

    @property
    def reference(self) -> dict[str, Any]:
        """How a record names it: the run, and the event by its place and digest."""
        return {
            "run": self.run.id,
            "event": {"number": self.finished.number, "digest": self.finished.digest},
            "finishedAt": self.finished.at,
        }


@dataclass(frozen=True)
class Proof:
    """A step that need not run: its receipt, and the check that says what it left still holds."""

    receipt: Receipt
    check: Check


@dataclass(frozen=True)
class Circumstances:
    """What a run starts from, as its first event says it.

    Attributes:
        fields: The fields of that event.
    """

    fields: Mapping[str, Any]

    def changed_since(self, earlier: Mapping[str, Any]) -> str:
        """What differs from an earlier run's first event, as a sentence; empty where nothing does."""
        if parameters := _differing(earlier.get("parameters"), self.fields["parameters"]):
            return f"the parameters changed: {', '.join(parameters)}"
        if _identity(earlier.get("cluster")) != _identity(self.fields["cluster"]):
            return "it was another cluster"
        before, after = _materials(earlier), _materials(self.fields)
        if PACKAGE not in before or before[PACKAGE] != after.get(PACKAGE):
            return "the package runbook changed"
        if files := _differing(before, after):
            return f"changed: {', '.join(files)}"
        if packages := _differing(earlier.get("packages"), self.fields["packages"]):
            return f"other versions are installed: {', '.join(packages)}"
        return ""


class Receipts:
    """Looks for what earlier runs of a target prove.

    Args:
        target_folder: Where the runs of the target are kept.
        resumed: The run that is gone on with; None where only the results of steps that are not run are wanted.
        holding: For each step by name, what says whether what it left still holds.
    """

    def __init__(self, target_folder: Path, resumed: EarlierRun | None, holding: Mapping[str, Holding]) -> None:
        self._folder = target_folder
        self._holding = holding
        self.resumed = resumed
        self._line = list(_line_of(target_folder, resumed)) if resumed else []
        self._receipts: dict[tuple[str, bool], Receipt | str] = {}

    def may_prove(self, step: StepFile) -> bool:
        """Whether a step that is to run may turn out to be proved, so that no kernel is wanted ahead of time."""
        return isinstance(self.receipt(step), Receipt)

    def receipt(self, step: StepFile, *, anywhere: bool = False) -> Receipt | str:
        """The receipt of a step, or why there is none.

        Args:
            step: The step.
            anywhere: Look in every run of the target, and not only in those that are gone on with.
        """
        key = step.name, anywhere
        if key not in self._receipts:
            self._receipts[key] = self._find(step, newest_first(self._folder) if anywhere else self._line)
        return self._receipts[key]

    def prove(
        self, step: StepFile, now: Circumstances, known: Mapping[str, Any], scene: Scene, *, anywhere: bool = False
    ) -> Proof | str:
        """The proof that a step need not run, or why it has to.

        Args:
            step: The step.
            now: What the present run starts from.
            known: The results of the present run so far, by key.
            scene: The live cluster; its results are replaced by those of the run that is asked for proof.
            anywhere: Look in every run of the target, and not only in those that are gone on with.
        """
        found = self.receipt(step, anywhere=anywhere)
        if isinstance(found, str):
            return found
        if reason := _changed(step, found, now, known):
            return reason
        check = _judged(self._holding[step.name], Scene(scene.parameters, scene.cluster, found.run.found()))
        return Proof(found, check) if check.status == "passed" else f"{check.name}: no longer so: {check.evidence}"

    def _find(self, step: StepFile, runs: Iterable[EarlierRun]) -> Receipt | str:
        if step.name not in self._holding:
            return "it always runs"
        try:
            for run in runs:
                events = run.history.of_step(step.name)
                if events:  # the newest word counts: a later failure voids an earlier success
                    return self._read(step, run, events)
        except RecordError as error:
            return error.what
        return "it has not run yet"

    def _read(self, step: StepFile, run: EarlierRun, events: Sequence[Event]) -> Receipt | str:
        skipped = next((event for event in events if event.name == "stepSkipped"), None)
        if skipped is not None:
            named = skipped.fields["receipt"]
            origin = beside(self._folder, named["run"])
            receipt = _receipt(origin, step.name) if origin else None
            same = receipt is not None and receipt.finished.digest == named["event"]["digest"]
            return receipt if receipt and same else f"its proof, run {named['run']}, is no longer kept as it was"
        receipt = _receipt(run, step.name)
        return receipt if receipt else f"it did not succeed in run {run.id}"


def to_resume(target_folder: Path) -> EarlierRun:
    """The run that `--resume` goes on with: the target's newest, if it did not succeed.

    Raises:
        UsageError: There is no such run; nothing was touched.
    """
    anew = "Begin anew: the same command without --resume."
    try:
        newest = next(newest_first(target_folder), None)
    except RecordError as error:
        raise UsageError("The newest run cannot be gone on with.", why=error.what, next=anew) from error
    if newest is None:
        raise UsageError(f"Target {target_folder.name} has no run to go on with.", next=anew)
    if newest.is_done:
        raise UsageError(
            f"There is nothing to go on with: run {newest.id} of target {target_folder.name} succeeded.", next=anew
        )
    return newest


def _line_of(target_folder: Path, run: EarlierRun | None) -> Iterator[EarlierRun]:
    """A run, the run that it went on with, and so on."""
    seen: set[str] = set()
    while run is not None and run.id not in seen:
        seen.add(run.id)
        yield run
        run = beside(target_folder, run.resumed) if run.resumed else None


def _receipt(run: EarlierRun, step: str) -> Receipt | None:
    """The receipt of a step that ran and succeeded in a run, all its results being what the journal says."""
    events = run.history.of_step(step)
    started = next((event for event in events if event.name == "stepStarted"), None)
    finished = next((event for event in events if event.name == "stepFinished"), None)
    if started is None or finished is None or finished.fields["outcome"] != "succeeded":
        return None
    said = {event.fields["key"] for event in events if event.name == "result"}
    results = run.proved.get(step, {})
    if said != set(results):
        return None
    reads = {event.fields["key"]: event.fields["digest"] for event in events if event.name == "read"}
    undefined = {path: why for path, why in run.undefined.items() if path.startswith(f"{step}.")}
    return Receipt(run, finished, started.fields["notebook"], reads, results, undefined)


def _changed(step: StepFile, receipt: Receipt, now: Circumstances, known: Mapping[str, Any]) -> str:
    """What a step would start from that is not what it started from; empty where nothing is."""
    if step.digest != receipt.notebook:
        return "its notebook changed"
    if reason := now.changed_since(receipt.run.begun.fields):
        return reason
    differ = [key for key, said in receipt.reads.items() if key not in known or digest(known[key]) != said]
    return f"what it reads changed: {', '.join(sorted(differ))}" if differ else ""


def _judged(holding: Holding, scene: Scene) -> Check:
    try:
        return holding(scene)
    except (RunbookError, KeyError, TypeError) as error:  # nobody answers, or the earlier results lack something
        what = error.what if isinstance(error, RunbookError) else f"{type(error).__name__}: {error}"
        return Check.that("What the step left can be looked at", False, what)


def _materials(fields: Mapping[str, Any]) -> dict[str, str]:
    """The digests of what decides every step of a run, by name."""
    named = {one["name"]: one["digest"]["sha256"] for one in fields.get("materials", ())}
    return {name: digest for name, digest in named.items() if name == PACKAGE or name.startswith(DECIDING)}


def _identity(cluster: Mapping[str, Any] | None) -> Any:
    """What tells a cluster from another: its UID, or where that may not be read, how it is reached."""
    if cluster is None:
        return None
    return cluster.get("uid") or (cluster.get("context"), cluster.get("server"))


def _differing(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[str]:
    """The names whose values differ, or that only one side has."""
    before = before or {}
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
