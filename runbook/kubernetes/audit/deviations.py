"""Deviations that the target accepts: a rule, until when, and why.

```yaml
accepted_deviations:
  C13: "until 2027-12-31: the model is loaded only while somebody asks"
```
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

FORM = re.compile(r"until (?P<date>\d{4}-\d{2}-\d{2}): (?P<reason>.*\S)")


@dataclass(frozen=True)
class Deviation:
    """A rule that need not hold, until a day and for a reason."""

    until: date
    reason: str

    def is_expired(self, today: date) -> bool:
        """Whether it has to be looked at again."""
        return today > self.until


def deviations(accepted: Mapping[str, str]) -> dict[str, Deviation]:
    """The deviations of a target, by rule; their form was checked when the target was read."""
    found = {rule: FORM.fullmatch(text) for rule, text in accepted.items()}
    return {
        rule: Deviation(date.fromisoformat(match["date"]), match["reason"]) for rule, match in found.items() if match
    }
