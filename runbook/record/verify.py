"""Verifying a run offline: everything is recomputed from the folder, and nothing is believed that can be recomputed.

Files are hashed and compared with the subjects of the record, the journal's chain is followed line by line, each
step is judged again from its notebook and its events, results are compared with what the journal saw being kept, and
the record with the one that the folder makes again. What that cannot prove is said beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from runbook.errors import RecordError, UsageError
from runbook.record.files import open_plain
from runbook.record.findings import Notes, Verification, Verified
from runbook.record.journal import History, parse_line
from runbook.record.previous import RUN_ID
from runbook.record.sign import check_signature, public_key
from runbook.record.statement import stated
from runbook.record.verify_files import JOURNAL, RECORD, SIGNATURE, Files, compare, read_bounded, read_files
from runbook.record.verify_journal import LONGEST_LINE_BYTES, audit, words
from runbook.record.verify_links import compare_neighbours
from runbook.record.verify_record import SealedRecord, check_schema, compare_records, read_record
from runbook.record.verify_results import RESULTS, compare_results, read_results
from runbook.record.verify_steps import judge_run, judge_steps

if TYPE_CHECKING:
    from securesystemslib.signer import SSlibKey

LARGEST_SIGNATURE_BYTES = 128 * 2**20


def verify(run: Path, key: Path | None = None) -> Verification:
    """Verify a run.

    Args:
        run: Its folder.
        key: File with the public key that must have signed its record; None asks for none.

    Raises:
        UsageError: The folder is no run, is one of a newer schema, or the key cannot be read.
    """
    public = public_key(key) if key else None
    root = run.resolve()
    begun = _begun(root)
    _require_run(root, begun)
    notes = Notes()
    record_notes = Notes()
    record = read_record(root / RECORD, record_notes)
    if begun or (root / RECORD).exists():
        check_schema(record, begun.get("schema") if begun else None, root.name)
    files = read_files(root, notes)
    notes.wrongs(record_notes.findings)
    if record and begun and _is_foreign(record, begun.get("run"), root.name):
        notes.wrong(RECORD, f"it is the record of run {record.made['predicate']['run'].get('id')}")
        record = None
    return _Case(files, record, public, notes).judge()


class _Case:
    """One run being verified."""

    def __init__(self, files: Files, record: SealedRecord | None, key: SSlibKey | None, notes: Notes) -> None:
        self.files = files
        self.record = record
        self.key = key
        self.notes = notes
        self.is_sealed = RECORD in files or SIGNATURE in files

    def judge(self) -> Verification:
        """Compare everything with everything."""
        if self.record:
            compare(self.files, self.record.subjects, record_is_whole=self.record.is_whole, notes=self.notes)
        elif self.is_sealed and RECORD not in self.files:
            self.notes.wrong(RECORD, "it is missing, and its signature is there")
        chain = self.record.sealed_chain if self.record else None
        history = audit(self.files.path(JOURNAL), chain, self.notes) if JOURNAL in self.files else None
        if history is None:
            self.notes.unknown("Steps, results and record were not compared with the journal, whose chain is broken.")
        verdict = self._contents(history) if history is not None else "unfinished"
        signed_by = self._signature(history)
        self._say_what_cannot_be_proved(signed_by)
        return self._verification(history, verdict, signed_by)

    def _contents(self, history: History) -> str:
        """Compare what the files say, and return the verdict on the run."""
        try:
            return self._compared(history)
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            self.notes.wrong(JOURNAL, f"its events have not the form of events: {type(error).__name__}: {error}")
            return "unfinished"

    def _compared(self, history: History) -> str:
        if history.events:
            self.notes.holds(f"the {len(history.events)} events of the journal are one unbroken chain")
        self._name(history)
        results = read_results(self.files, self.notes) if RESULTS in self.files else {}
        if results is not None:
            compare_results(results, history, self.notes)
        outcomes = judge_steps(history, self.files, self.notes)
        verdict = judge_run(history, outcomes, self.notes)
        if self.record and results is not None:
            subjects = {name: found for name, found in self.files.digests.items() if name not in (RECORD, SIGNATURE)}
            compare_records(self.record, stated(subjects, history, results), self.notes)
        compare_neighbours(self.files, history, self.notes)
        return verdict

    def _name(self, history: History) -> None:
        """A folder that is named as a run must be that run; under any other name it is a copy."""
        named, found = history.events[0].fields.get("run") if history.events else None, self.files.root.name
        if named is None or named == found:
            return
        if RUN_ID.fullmatch(found):
            self.notes.wrong(".", f"the folder is named {found}, and its journal is of run {named}")
        else:
            self.notes.unknown(f"The folder is named {found}; by its journal it is run {named}.")

    def _signature(self, history: History | None) -> str:
        """The id of the key that signed the record; what is wrong with the signature is noted."""
        promised = history.events[0].fields.get("signer") if history and history.events else None
        if SIGNATURE not in self.files:
            if self.is_sealed and (self.key or promised):
                self.notes.wrong(SIGNATURE, "it is missing: the run was to be signed" if promised else "it is missing")
            return ""
        if self.record is None:
            return ""
        try:
            data = read_bounded(self.files.path(SIGNATURE), LARGEST_SIGNATURE_BYTES)
        except (OSError, ValueError) as error:
            self.notes.wrong(SIGNATURE, f"it cannot be read: {error}")
            return ""
        found, wrong = check_signature(data, self.record.data, self.key)
        if promised and not wrong and promised != found:
            wrong = "it is by another key than the journal's first event names"
        if wrong:
            self.notes.wrong(SIGNATURE, wrong)
            return ""
        self.notes.holds(f"the signature of the record is by the key {found}")
        return found

    def _say_what_cannot_be_proved(self, signed_by: str) -> None:
        unknown = self.notes.unknown
        if signed_by and self.key is None:
            unknown("Whose key signed it: name the public key you trust with --key.")
        elif not signed_by:
            unknown("Who made it: without a signature, one who rewrites the whole folder consistently is not found.")
        if not self.is_sealed:
            unknown("What was cut off behind the journal's last event, and pages and files that no event names.")
        unknown("That clock and cluster were as the machine that ran it saw them.")

    def _verification(self, history: History | None, verdict: str, signed_by: str) -> Verification:
        findings = tuple(self.notes.findings)
        judged: Verified = "tampered" if findings else "good" if self.record else "unfinished"
        return Verification(
            run=self.files.root.name,
            verdict=judged,
            run_verdict=verdict if judged == "good" else "unfinished" if judged == "unfinished" else "unknown",
            findings=findings,
            proved=tuple(self.notes.proved),
            unproved=tuple(self.notes.unproved),
            files=len(self.files.digests),
            size_bytes=self.files.size_bytes,
            events=len(history.events) if history else 0,
            last_event=words(history.events[-1]) if history and history.events else "",
            signed_by=signed_by,
        )


def _is_foreign(record: SealedRecord, journaled: object, folder: str) -> bool:
    """Whether a record, whole in itself, is of another run than journal and folder are."""
    named = record.made["predicate"]["run"].get("id")
    return record.is_whole and named not in (journaled, folder)


def _begun(root: Path) -> dict[str, Any] | None:
    """The fields of the first event of a journal, believed of nothing but the schema; None where there is none."""
    try:
        with open_plain(root / JOURNAL) as file:
            event, _ = parse_line(file.readline(LONGEST_LINE_BYTES).removesuffix(b"\n"), 1)
    except (OSError, RecordError):
        return None
    return dict(event.fields) if event.name == "runStarted" else None


def _has_a_line(journal: Path) -> bool:
    try:
        with open_plain(journal) as file:
            return file.readline(LONGEST_LINE_BYTES).endswith(b"\n")
    except OSError:
        return False


def _require_run(root: Path, begun: dict[str, Any] | None) -> None:
    """Return if a folder is a run, or was one that was killed before its first event.

    Raises:
        UsageError: It is neither.
    """
    if not root.is_dir():
        raise UsageError(f"{root} is not a run.", why="there is no such folder", next=_A_RUN)
    if (root / "tombstone.json").is_file() and not (root / JOURNAL).exists():
        raise UsageError(f"The run {root.name} was removed.", why="its folder holds a tombstone alone")
    killed_early = RUN_ID.fullmatch(root.name) and not _has_a_line(root / JOURNAL)
    if begun is None and not (root / RECORD).exists() and not (root / SIGNATURE).exists() and not killed_early:
        raise UsageError(
            f"{root.name} is not a run.", why="it has no record, and no journal that begins one", next=_A_RUN
        )


_A_RUN = "Name the folder of a run, such as outputs/local/20261125T061500Z-3fa9."
