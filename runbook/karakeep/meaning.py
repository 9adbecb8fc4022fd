"""What a check that failed means for the person who uses Karakeep."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from runbook.checks import Check
from runbook.karakeep.judge import (
    HAS_SCHEMA,
    HAS_TAGS,
    IN_RESPONSE,
    IS_JSON,
    NO_THINKING,
    NOT_CUT,
    NOT_TRUNCATED,
    WHOLE,
)
from runbook.karakeep.limits import HEADER, JOB, TRIES

_AGAIN = f"Karakeep asks again, up to {TRIES} times, and then leaves the bookmark untagged"
MEANINGS: Final[dict[str, str]] = {
    WHOLE: f"the request fails; {_AGAIN}",
    IN_RESPONSE: "Karakeep finds nothing to read: every bookmark stays untagged, and its log speaks of bad JSON",
    NO_THINKING: "the thought stands before the JSON: where Karakeep cannot cut it out, the bookmark stays untagged",
    NOT_CUT: f"half a JSON cannot be read; {_AGAIN}",
    IS_JSON: f"the answer cannot be read; {_AGAIN}",
    HAS_SCHEMA: f"the JSON is not the one asked for; {_AGAIN}",
    HAS_TAGS: "the bookmark counts as done and has no tags, without an error anywhere",
    JOB: f"the job is given up and started again, {TRIES} times, while the CPU works for nothing",
    HEADER: "the connection is closed before the first byte, whatever the limits are set to",
    NOT_TRUNCATED: "the instructions are lost first: long pages get wrong tags or none, and short ones look fine",
}


def meaning(checks: Iterable[Check]) -> str:
    """What the first failed check means for the user; empty where none failed."""
    failed = (check.name for check in checks if check.status == "failed")
    return next((MEANINGS[name] for name in failed if name in MEANINGS), "")
