"""What verifying a run found: each contradiction with its place, what was proved, and what nothing here can prove."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Verified = Literal["good", "unfinished", "tampered"]
MOST_FINDINGS = 100


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it must be.

    Attributes:
        where: The file, and within it the line, the event or the path, such as `journal.jsonl, line 7`.
        what: What is wrong there.
    """

    where: str
    what: str


@dataclass(frozen=True)
class Verification:
    """What became of verifying a run.

    Attributes:
        run: Name of its folder.
        verdict: `good`, `unfinished` for a run that was ended before it was sealed, or `tampered`, which includes
            what is damaged, missing or contradicts itself.
        run_verdict: What the run says of itself, recomputed: `succeeded`, `failed`, `interrupted` or `unfinished`.
        findings: What is wrong, with its place; empty unless the verdict is `tampered`.
        proved: What was recomputed and holds, one sentence each.
        unproved: What this verification cannot tell, one sentence each.
        files: How many files were read.
        size_bytes: How long they are together.
        events: How many events the journal has.
        last_event: Its last event in words; empty where it has none.
        signed_by: Id of the key that signed the record; empty where none did.
    """

    run: str
    verdict: Verified
    run_verdict: str
    findings: tuple[Finding, ...]
    proved: tuple[str, ...]
    unproved: tuple[str, ...]
    files: int
    size_bytes: int
    events: int
    last_event: str = ""
    signed_by: str = ""


@dataclass
class Notes:
    """Where the parts of a verification write what they find."""

    findings: list[Finding] = field(default_factory=list)
    proved: list[str] = field(default_factory=list)
    unproved: list[str] = field(default_factory=list)

    def wrong(self, where: str, what: str) -> None:
        """Something is not as it must be; a flood of it is cut."""
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(where, what))

    def wrongs(self, found: Iterable[Finding]) -> None:
        """The same for several."""
        for one in found:
            self.wrong(one.where, one.what)

    def holds(self, what: str) -> None:
        """Something was recomputed and holds."""
        self.proved.append(what)

    def unknown(self, what: str) -> None:
        """Something cannot be told here."""
        self.unproved.append(what)
