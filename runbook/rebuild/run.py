"""A run: the steps in order, until the first that does not succeed, with the truth about it in the record.

Whatever ends it (a failed check, Ctrl-C, a signal, a bug of ours), the kernels are ended, and journal, pages and
record are closed with what is true at that moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from nbformat import NotebookNode

from runbook.archive import write_archive
from runbook.parameters import Parameters
from runbook.rebuild.engine import Fault
from runbook.rebuild.executed import load
from runbook.rebuild.guide import write_guide
from runbook.rebuild.holding import HOLDING, Holding, Scene
from runbook.rebuild.index import write_index
from runbook.rebuild.interrupts import interruptible, whole
from runbook.rebuild.kernels import Kernels, Wanted
from runbook.rebuild.outcome import ClusterIdentity, Progress, RunResult, RunVerdict, StepResult
from runbook.rebuild.pages import Pages
from runbook.rebuild.receipts import Circumstances, Receipts, to_resume
from runbook.rebuild.skipping import Skipping
from runbook.rebuild.steps import NOTEBOOKS, StepFile, choose, steps
from runbook.rebuild.versions import write_versions
from runbook.rebuild.work import Desk, StepAtWork
from runbook.record import (
    Journal,
    Results,
    RunFolder,
    StepVerdict,
    environment,
    materials,
    only_run,
    previous_run,
    seal,
    sha256,
)
from runbook.record.statement import SCHEMA
from runbook.record.step import PARAMETERS_VARIABLE

NOT_STARTED = StepVerdict("not started")
NOT_SELECTED = StepVerdict("not selected")


def rebuild(
    parameters: Parameters,
    *,
    outputs: Path,
    progress: Progress,
    only: str | Iterable[str] | None = None,
    first: str | None = None,
    resume: bool = False,
    cluster: ClusterIdentity | Callable[[], ClusterIdentity] | None = None,
    notebooks: Path | None = None,
    holding: Mapping[str, Holding] = HOLDING,
) -> RunResult:
    """Run the notebooks against a target, and keep the run in `outputs/<target>/<run>/`.

    Args:
        parameters: The target, as loaded.
        outputs: Where runs are kept.
        progress: Who is told what happens.
        only: Numbers or names of the steps to run; nothing means all.
        first: Number or name of the step to begin with; nothing means the first.
        resume: Go on with the target's newest run, which did not succeed: with the steps it was to run, unless `only`
            or `first` choose others. A step that is proved and still holds is skipped.
        cluster: The cluster, named in the record and on the index; or what connects to it, which is called before
            any kernel starts and while what kernels need is being loaded. What it raises ends the rebuild.
        notebooks: Folder of the notebooks; the project's own without it.
        holding: What says, for each step that may be skipped, whether what it left behind still holds.

    Returns:
        The run, whether it succeeded or not.

    Raises:
        UsageError: There is no such step, nothing to resume, or the target is being rebuilt already; nothing was
            touched.
        RecordError: The run cannot be kept: no space, no right to write.
        KeyboardInterrupt: It was interrupted, by Ctrl-C, SIGTERM or SIGHUP; the record says so and is closed.
    """
    found = steps(notebooks)
    chosen = choose(found, only, first)
    target_folder = (outputs / parameters.target).absolute()
    with only_run(target_folder) as lock, interruptible():
        resumed = to_resume(target_folder) if resume else None
        if resumed and not (only or first):
            chosen = tuple(step for step in found if step.name in resumed.begun.fields["steps"])
        kernels = Kernels(notebooks or NOTEBOOKS, {PARAMETERS_VARIABLE: parameters.model_dump_json()}, lock=lock)
        try:
            identity = cluster() if callable(cluster) else cluster
            folder = RunFolder.create(target_folder)
        except BaseException:
            kernels.close()
            raise
        desk = Desk(parameters, folder, Journal(folder.journal), progress, kernels, asyncio.Runner())
        return Run(desk, found, chosen, Receipts(target_folder, resumed, holding)).execute(identity)


class Run:
    """One run at work."""

    def __init__(self, desk: Desk, found: Sequence[StepFile], chosen: Sequence[StepFile], receipts: Receipts) -> None:
        self.desk = desk
        self.folder = desk.folder
        self.journal = desk.journal
        self.chosen = tuple(chosen)
        self.receipts = receipts
        self.results = {step.name: StepResult(step, NOT_STARTED if step in chosen else NOT_SELECTED) for step in found}
        self.pages = Pages(desk.folder, desk.parameters.target)
        self.begun = time.monotonic()

    def execute(self, cluster: ClusterIdentity | None) -> RunResult:
        """Run the chosen steps until one does not succeed, and close the record whatever happens."""
        try:
            skipping = self._open(cluster)
            for step in self._in_order():
                because = self._skip(skipping, step)
                if step in self.chosen and because is not None and not self._step(step, because).verdict.succeeded:
                    break
        except BaseException as error:
            self._close(error)
            raise
        return self._close(None)

    def _in_order(self) -> list[StepFile]:
        """The chosen steps, and those before one of them that reads what they found."""
        found = [result.step for result in self.results.values()]
        last = max((found.index(step) for step in self.chosen if step.reads), default=-1)
        return [step for index, step in enumerate(found) if index < last or step in self.chosen]

    def _skip(self, skipping: Skipping, step: StepFile) -> str | None:
        """Skip a step that an earlier run proves: None; else why it cannot be skipped, or nothing to say of it."""
        if step in self.chosen and not self.receipts.resumed:
            return ""
        skipped = skipping.skip(step, chosen=step in self.chosen)
        if isinstance(skipped, str):
            return skipped
        self.results[step.name] = skipped
        return None

    def _open(self, cluster: ClusterIdentity | None) -> Skipping:
        facts = environment()
        facts["materials"] = [*materials(step.path for step in self.chosen), *facts["materials"]]
        identity = {key: getattr(cluster, key) for key in ("context", "server", "uid", "version")} if cluster else None
        begun = self.journal.append(
            "runStarted",
            schema=SCHEMA,
            run=self.folder.id,
            previous_run=previous_run(self.folder),
            target=self.desk.parameters.target,
            parameters=self.desk.parameters,
            cluster=identity,
            steps=[step.name for step in self.chosen],
            resumes=self.receipts.resumed.id if self.receipts.resumed else None,
            **facts,
        )
        Results(self.folder.results, self.journal).create()
        scene = Scene(self.desk.parameters, cluster)
        return Skipping(self.desk, self.receipts, Circumstances(begun.fields), scene)

    def _step(self, step: StepFile, because: str) -> StepResult:
        if step.quiet:
            self.pages.wait()
        self.desk.progress.step_started(step, self.chosen.index(step) + 1, len(self.chosen))
        why = {"because": because} if because else {}
        started = self.journal.append("stepStarted", step=step.name, title=step.title, notebook=step.digest, **why)
        begun = time.monotonic()
        work = StepAtWork(self.desk, step, load(step, self.desk.parameters, self.folder.path))
        fault, interrupted = "", False
        try:
            work.execute(self._following(step))
        except Fault as error:
            fault = error.what
            work.tell(str(error))
        except BaseException as error:
            fault, interrupted = _told(error), isinstance(error, KeyboardInterrupt)
            raise
        finally:
            with whole(then_interrupt=True):
                seconds = time.monotonic() - begun
                result, page = work.finish(fault, interrupted=interrupted, started=started, seconds=seconds)
                self._finished(result, page)
        return result

    def _finished(self, result: StepResult, page: NotebookNode) -> None:
        self.results[result.step.name] = result
        judged = result.verdict
        self.journal.append(
            "stepFinished",
            step=result.step.name,
            outcome=judged.outcome,
            reason=judged.reason,
            seconds=round(result.seconds, 3),
            fault=judged.fault,
            cells=[{"number": cell.number, "id": cell.id, "state": cell.state} for cell in judged.cells],
            executed=sha256(self.folder.notebooks / result.step.path.name),
        )
        self.pages.add(page, result, self.chosen)
        self.desk.progress.step_finished(result)

    def _following(self, step: StepFile) -> list[Wanted]:
        """The steps whose kernels may be started while this one works; none while it measures."""
        after = [one for one in self.chosen[self.chosen.index(step) + 1 :] if not self.receipts.may_prove(one)]
        return [] if step.quiet else [(one.name, one.kernel) for one in after]

    def _close(self, error: BaseException | None) -> RunResult:
        with whole():
            self._end_kernels()
            result = self._result(error)
            self.journal.append("runFinished", verdict=result.verdict, reason=result.reason, seconds=result.seconds)
            try:
                self.pages.finish()
                write_index(self.folder, result)
                write_guide(self.folder, self.desk.parameters, result)
                write_versions(self.folder, result)
            finally:
                seal(self.folder)
            self._shelve()
            if error is not None:
                self.desk.progress.message(f"{result.reason}; the record is in {self.folder.path}")
            return result

    def _shelve(self) -> None:
        """Put the run on the index over all runs; it is kept, and its verdict stands, whatever comes of that."""
        try:
            write_archive(self.folder.path.parents[1])
        except Exception as error:  # noqa: BLE001 - the record is closed already
            self.desk.progress.message(f"the index over all runs could not be written: {error}")

    def _end_kernels(self) -> None:
        with contextlib.suppress(Exception):  # whatever the loop is in, `close` ends the processes
            self.desk.runner.run(self.desk.kernels.end_spares())
        self.desk.runner.close()
        self.desk.kernels.close()

    def _result(self, error: BaseException | None) -> RunResult:
        steps = tuple(self.results.values())
        judged: RunVerdict = "succeeded" if all(self._did(step) for step in self.chosen) else "failed"
        faults = (one for one in steps if one.verdict.reason and not one.verdict.succeeded)
        reason = next((f"{one.step.name}: {one.verdict.reason}" for one in faults), "")
        if error is not None:
            judged = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            reason = reason or _told(error)
        return RunResult(self.folder.path, judged, reason, steps, round(time.monotonic() - self.begun, 3))

    def _did(self, step: StepFile) -> bool:
        return self.results[step.name].verdict.succeeded


def _told(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return f"a bug of the rebuild: {type(error).__name__}: {error}"
