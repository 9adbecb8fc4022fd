"""The record of a run: a hash-chained journal, the results, the truth about each step, the statement that seals it."""

from runbook.record.clock import now
from runbook.record.earlier import earlier_result
from runbook.record.facts import environment, materials
from runbook.record.files import sha256, write_atomic
from runbook.record.findings import Finding, Verification
from runbook.record.folder import RunFolder, only_run
from runbook.record.journal import Event, History, Journal, read_journal
from runbook.record.previous import previous_run
from runbook.record.redaction import Redactor
from runbook.record.results import Results
from runbook.record.sign import sign, signer
from runbook.record.statement import seal, statement
from runbook.record.step import Checks, Step, begin
from runbook.record.strict import dumps, loads, to_json
from runbook.record.verdict import CellState, CellVerdict, Outcome, StepVerdict, is_skipped, numbered, verdict
from runbook.record.verify import verify

__all__ = [
    "CellState",
    "CellVerdict",
    "Checks",
    "Event",
    "Finding",
    "History",
    "Journal",
    "Outcome",
    "Redactor",
    "Results",
    "RunFolder",
    "Step",
    "StepVerdict",
    "Verification",
    "begin",
    "dumps",
    "earlier_result",
    "environment",
    "is_skipped",
    "loads",
    "materials",
    "now",
    "numbered",
    "only_run",
    "previous_run",
    "read_journal",
    "seal",
    "sha256",
    "sign",
    "signer",
    "statement",
    "to_json",
    "verdict",
    "verify",
    "write_atomic",
]
