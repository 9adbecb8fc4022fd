"""Steps that are not run because an earlier run proves them: said in the journal, their results taken over."""

from __future__ import annotations

from runbook.rebuild.holding import Scene
from runbook.rebuild.outcome import StepResult
from runbook.rebuild.receipts import Circumstances, Proof, Receipt, Receipts
from runbook.rebuild.steps import StepFile
from runbook.rebuild.work import Desk
from runbook.record import Results, StepVerdict
from runbook.record.results import digest


class Skipping:
    """Skips the steps of one run that need not run.

    Args:
        desk: What the run works with.
        receipts: What earlier runs prove.
        now: What the run starts from.
        scene: The live cluster.
    """

    def __init__(self, desk: Desk, receipts: Receipts, now: Circumstances, scene: Scene) -> None:
        self._desk = desk
        self._journal = desk.journal
        self._results = Results(desk.folder.results, desk.journal)
        self._receipts = receipts
        self._now = now
        self._scene = scene

    def skip(self, step: StepFile, *, chosen: bool) -> StepResult | str:
        """Skip a step, or return why it cannot be; the progress is told.

        Args:
            step: The step.
            chosen: Whether it would run otherwise; of a step that was not chosen any run may hold the proof.
        """
        known = {key: value for _, kept in sorted(self._results.read().items()) for key, value in kept.items()}
        proof = self._receipts.prove(step, self._now, known, self._scene, anywhere=not chosen)
        if isinstance(proof, Proof):
            skipped = self._skipped(step, proof)
            self._tell(f"{step.name}: {skipped.outcome}")
            return skipped
        if isinstance(self._receipts.receipt(step, anywhere=not chosen), Receipt):
            fate = "runs again" if chosen else "its earlier results are not taken over"
            self._tell(f"{step.name}: {fate}: {proof}")
        return proof

    def _tell(self, text: str) -> None:
        self._desk.progress.message(self._journal.redactor.copy().text(text))

    def _skipped(self, step: StepFile, proof: Proof) -> StepResult:
        receipt = proof.receipt
        reason = f"proved by run {receipt.run.id}"
        self._journal.append(
            "stepSkipped",
            step=step.name,
            title=step.title,
            notebook=step.digest,
            receipt=receipt.reference,
            reads=receipt.reads,
            results={key: digest(value) for key, value in receipt.results.items()},
        )
        self._journal.append("check", step=step.name, phase="precondition", check=proof.check)
        self._results.carry(step.name, receipt.results, receipt.undefined, receipt.reference)
        self._journal.append("stepFinished", step=step.name, outcome="skipped", reason=reason, seconds=0, cells=[])
        verdict = StepVerdict("skipped", reason)
        return StepResult(step, verdict, 0.0, (proof.check,), proved_by=receipt.run.id)
