"""Known causes: what one is, and how a text is recognised as one.

The identifiers D01 to D57 name the causes of a refused apply or a failed rollout, in the order in which they
hide one another. A cause that shows in a text (a message of the API, a condition, an event, a log line) is a
row of a table: a pattern, and words that the pattern's groups are put into.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Section = Literal[
    "Admission",
    "Apply",
    "Configuration",
    "Crash",
    "Image",
    "Memory",
    "Namespace",
    "Node",
    "Pod Security",
    "Probes",
    "Quota",
    "Rollout",
    "Scheduling",
    "Service",
    "Storage",
]

# The headings of 91_troubleshoot: every diagnosis names one.
SECTIONS: tuple[str, ...] = get_args(Section)


@dataclass(frozen=True)
class Diagnosis:
    """The one root cause of a workload that is not as it should be.

    Attributes:
        id: The cause's identifier, D01 to D57.
        section: The heading in 91_troubleshoot that finds and mends it.
        cause: What is wrong, in words.
        evidence: What says so: a condition, an event with its age, a log line.
        remedy: What to do; none of the remedies loses data.
        patience_s: How long the cause may last before waiting on is pointless, in seconds: 0 where it cannot
            mend itself, None where it may as well.
    """

    id: str
    section: Section
    cause: str
    evidence: str
    remedy: str
    patience_s: float | None = 0.0

    def __str__(self) -> str:
        return f"{self.cause}\nWhy: {self.evidence}\nNext: {self.remedy} See 91_troubleshoot, section {self.section}."


@dataclass(frozen=True)
class Known:
    """A cause that shows in a text.

    Attributes:
        id: The cause's identifier.
        section: The heading in 91_troubleshoot.
        pattern: What the text matches, with named groups.
        cause: What is wrong; the groups are put in.
        remedy: What to do; the groups are put in.
        patience_s: See `Diagnosis`.
    """

    id: str
    section: Section
    pattern: str
    cause: str
    remedy: str
    patience_s: float | None = 0.0

    def seen_in(self, text: str, evidence: str, facts: Mapping[str, str]) -> Diagnosis | None:
        """The diagnosis where the text matches, with the groups and the facts put into its words."""
        match = re.search(self.pattern, text, re.DOTALL)
        if match is None:
            return None
        words = {**facts, **{name: (value or "").strip() for name, value in match.groupdict().items()}}
        return Diagnosis(
            self.id,
            self.section,
            self.cause.format_map(words),
            evidence,
            self.remedy.format_map(words),
            self.patience_s,
        )


def recognise(known: Iterable[Known], text: str, *, evidence: str = "", **facts: str) -> Diagnosis | None:
    """The first known cause that a text shows; the evidence is the text unless another is given."""
    return next((found for row in known if (found := row.seen_in(text, evidence or text, facts))), None)
