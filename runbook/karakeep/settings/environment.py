"""A Karakeep environment as it is written somewhere: each variable with its line, and what could not be read.

A value that comes from a Secret is known to be set and is not read. No value is shown unless its variable is one of
those about inference; see `Setting.shown`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from runbook.forms import SECRET_NAMES, SECRET_VALUES
from runbook.karakeep.settings.variables import SHOWN

LONGEST_SHOWN = 60
UNREAD = "the value of a Secret, which is not read"


@dataclass(frozen=True)
class Setting:
    """A variable that is set.

    Attributes:
        name: Its name.
        value: Its value; None where it comes from a Secret or another place that is not read.
        source: The file or the object that sets it.
        line: Its line in the file; 0 where the source has no lines.
    """

    name: str
    value: str | None = field(repr=False)
    source: str
    line: int = 0

    @property
    def place(self) -> str:
        """Where it stands, such as `.env:12`."""
        return f"{self.source}:{self.line}" if self.line else self.source

    @property
    def shown(self) -> str:
        """The value as a finding may quote it: of a variable about inference, short, and nothing that is a secret."""
        if self.value is None:
            return UNREAD
        if self.name not in SHOWN or SECRET_NAMES.search(self.name.upper()) or SECRET_VALUES.search(self.value):
            return "a value that is not shown"
        short = self.value if len(self.value) <= LONGEST_SHOWN else self.value[: LONGEST_SHOWN - 3] + "..."
        return repr(short)

    @property
    def is_filled(self) -> bool:
        """Whether it holds something: Karakeep takes an empty key or address as none."""
        return self.value is None or bool(self.value.strip())


@dataclass(frozen=True)
class Environment:
    """All variables of a Karakeep, in the order they are written.

    Attributes:
        settings: The variables.
        source: What was read.
        unread: Sources that set further variables and were not read, such as a Secret.
        broken: Places of lines that are no settings.
        image: Image of the container; empty where only variables were read.
        namespace: Namespace it runs in; empty where that is not said.
    """

    settings: tuple[Setting, ...]
    source: str
    unread: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    image: str = ""
    namespace: str = ""

    def get(self, name: str) -> Setting | None:
        """The setting of a variable: of several, the last one wins."""
        return next((one for one in reversed(self.settings) if one.name == name), None)

    def text(self, name: str) -> str | None:
        """The value in force: the one that is set, else None."""
        found = self.get(name)
        return found.value.strip() if found and found.value is not None else None

    def number(self, name: str, default: float) -> float | None:
        """The number in force; None where what is set is no number, or is not read."""
        found = self.get(name)
        if found is None:
            return default
        return number_of(found.value) if found.value is not None else None

    def twice(self) -> tuple[str, ...]:
        """Names that are set more than once in the same source."""
        counts = Counter((one.source, one.name) for one in self.settings)
        return tuple(dict.fromkeys(name for (_, name), count in counts.items() if count > 1))


def number_of(text: str) -> float | None:
    """A number as Karakeep's JavaScript converts it; None where that gives no number. An empty text is 0."""
    plain = text.strip()
    if not plain:
        return 0.0
    if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", plain):
        return float(plain)
    return float(int(plain, 16)) if re.fullmatch(r"0[xX][0-9a-fA-F]+", plain) else None


def of_mapping(values: Mapping[str, str], source: str = "environment") -> Environment:
    """An environment from names and values, as a program has it."""
    return Environment(tuple(Setting(name, value, source) for name, value in values.items()), source)
