"""A rule of the lint: what it recognises, for which versions it holds, and where it comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, Self

from runbook.karakeep.settings.environment import Environment, Setting
from runbook.parameters import Parameters

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True, order=True)
class Release:
    """A version of Karakeep or of Ollama, such as 0.30.0."""

    numbers: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> Self | None:
        """The version in a tag such as `v0.30.0`; None for `latest`, a digest, or anything else."""
        match = re.fullmatch(r"v?(\d+(?:\.\d+){0,3})(?:[-+].*)?", text.strip())
        return cls(tuple(int(part) for part in match[1].split("."))) if match else None

    @classmethod
    def of_image(cls, image: str) -> Self | None:
        """The version in the tag of an image; None where there is none."""
        tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
        return cls.of(tag)

    def is_before(self, *numbers: int) -> bool:
        """Whether it is older than another."""
        width = max(len(numbers), len(self.numbers))
        return _padded(self.numbers, width) < _padded(numbers, width)

    def __str__(self) -> str:
        return ".".join(map(str, self.numbers))


def _padded(numbers: tuple[int, ...], width: int) -> tuple[int, ...]:
    return numbers + (0,) * (width - len(numbers))


@dataclass(frozen=True)
class Situation:
    """What the rules look at.

    Attributes:
        environment: The environment.
        parameters: The target that Karakeep is to use; None judges the environment alone.
        karakeep: The version of Karakeep; None is taken as 0.30 or later.
        ollama: The version of Ollama; None is taken as 0.15.6.
    """

    environment: Environment
    parameters: Parameters | None = None
    karakeep: Release | None = None
    ollama: Release | None = None

    @property
    def generates(self) -> bool:
        """Whether this Karakeep asks through `/api/generate`, as 0.30 and later do."""
        return self.karakeep is None or not self.karakeep.is_before(0, 30)

    @property
    def uses_openai(self) -> bool:
        """Whether the key of another provider is set, which is looked for first."""
        key = self.environment.get("OPENAI_API_KEY")
        return key is not None and key.is_filled

    @property
    def wants_ollama(self) -> bool:
        """Whether its owner means Ollama to answer: its address is set, or nobody else's key is."""
        address = self.environment.get("OLLAMA_BASE_URL")
        return (address is not None and address.is_filled) or not self.uses_openai


@dataclass(frozen=True)
class Found:
    """What a recogniser saw: the setting, what happens to the user, and what to set.

    Attributes:
        variable: Name of the variable.
        effect: What happens to the user.
        remedy: What to set.
        severity: Another severity than the rule's, where the case is milder or worse.
        setting: The setting; None where the variable is not set.
    """

    variable: str
    effect: str
    remedy: str
    severity: Severity | None = None
    setting: Setting | None = field(default=None, repr=False)


Recogniser = Callable[[Situation], Iterable[Found]]


@dataclass(frozen=True)
class Rule:
    """One row of the lint.

    Attributes:
        id: Its name in the output, such as K07.
        severity: How much harm it does.
        source: Where it was learned.
        recognise: What it sees in a situation.
    """

    id: str
    severity: Severity
    source: str
    recognise: Recogniser


@dataclass(frozen=True)
class Finding:
    """Something in an environment that does not do what its owner means.

    Attributes:
        rule: The rule's id.
        severity: `error` (nothing is tagged), `warning` (some of it fails or is wasted), `note` (good to know).
        variable: The variable.
        place: File and line, or the object; empty where the variable is not set.
        effect: What happens to the user.
        remedy: What to set.
        source: Where the rule was learned.
    """

    rule: str
    severity: Severity
    variable: str
    place: str
    effect: str
    remedy: str
    source: str


def missing(situation: Situation, name: str, effect: str, remedy: str) -> Iterable[Found]:
    """A variable that has to be set and is not; only a note where a source that was not read may set it."""
    if situation.environment.get(name) is not None:
        return
    unread = situation.environment.unread
    if unread:
        yield Found(name, f"not seen here; {' and '.join(unread)} may set it. If not: {effect}", remedy, "note")
    else:
        yield Found(name, f"not set: {effect}", remedy)
