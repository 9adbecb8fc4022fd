"""The text of a target file: YAML as a tree of texts, each knowing the line it stands on.

Nothing is turned into a number or a boolean here. YAML guesses types from spelling (`08`, `no`, `1_000`, `1e3`),
a target file has declared ones, so `runbook.targets.values` converts each text by the type of its parameter.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import ScalarNode, SequenceNode

CORE = "tag:yaml.org,2002:"
KNOWN_TAGS = re.compile(CORE + "(str|int|float|bool|null|timestamp|merge|value|seq|map)")
NULLS = ("", "~", "null", "Null", "NULL")
LONGEST = 1_000_000
LINES = "lines of the form `key: value`"


@dataclass(frozen=True, order=True)
class Place:
    """Where something was written: a file and its line, or a source without lines such as the command line."""

    source: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}" if self.line else self.source


@dataclass(frozen=True)
class Mistake:
    """Something wrong in what was written, and where."""

    place: Place
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"


@dataclass(frozen=True)
class Text:
    """A single value as it was written; `null` where it means that there is none."""

    value: str
    place: Place
    null: bool = False


@dataclass(frozen=True)
class Items:
    """A list. A list inside a list is empty: no parameter has one."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True)
class Pairs:
    """A mapping in the order written, with every repetition of a key."""

    pairs: tuple[tuple[Node, Node], ...]
    place: Place


Node = Text | Items | Pairs


class BrokenText(Exception):
    """The text is not YAML, or not one mapping; it carries the one mistake."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(str(mistake))
        self.mistake = mistake


def parse(text: str, source: str, *, lines: bool = True) -> Node:
    """A YAML document as a tree of texts.

    Args:
        text: The document.
        source: What the places name: a file, or the command line.
        lines: Whether the source has lines worth naming.

    Raises:
        BrokenText: It is no YAML, or is empty.
    """
    raw = _compose(text, source, lines)
    if raw is None:
        raise BrokenText(Mistake(Place(source, 1 if lines else 0), f"is empty; expected {LINES}"))
    return _Growing(source, lines).tree(raw, depth=3)


def from_python(value: object, place: Place) -> Node:
    """A value that a notebook gave, as if it had been written."""
    if value is None:
        return Text("null", place, null=True)
    if isinstance(value, bool):
        return Text(str(value).lower(), place)
    if isinstance(value, Mapping):
        return Pairs(tuple((Text(str(key), place), from_python(item, place)) for key, item in value.items()), place)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return Items(tuple(from_python(item, place) for item in value), place)
    return Text(str(value), place)


def _compose(text: str, source: str, lines: bool) -> Any:
    if len(text) > LONGEST:
        raise BrokenText(Mistake(Place(source), f"is longer than {LONGEST} characters, which no target file is"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(source, mark.line + 1 if mark is not None and lines else 0)
        raise BrokenText(Mistake(place, f"is not YAML: {_words(error)}")) from None
    except RecursionError:
        raise BrokenText(Mistake(Place(source), f"is nested too deeply; expected {LINES}")) from None
    except YAMLError as error:
        raise BrokenText(Mistake(Place(source), f"is not YAML: {str(error).splitlines()[0]}")) from None


def _words(error: MarkedYAMLError) -> str:
    """What the YAML reader found, without the line itself: it may hold a secret."""
    problem = error.problem or error.context or "it cannot be read"
    if r"'\t'" in problem:
        return "there is a tab; YAML is indented with spaces"
    if "another document" in problem:
        return "there is a second document; a target is one"
    return problem


@dataclass
class _Growing:
    """A tree being made of YAML's nodes, each once, however many aliases point to it."""

    source: str
    lines: bool
    made: dict[tuple[int, int], Node] = field(default_factory=dict)

    def tree(self, raw: Any, depth: int) -> Node:
        """The tree of a node, down to the depth that parameters have: an alias may point to its own parent."""
        key = id(raw), depth
        if key not in self.made:
            self.made[key] = self._make(raw, depth)
        return self.made[key]

    def _make(self, raw: Any, depth: int) -> Node:
        place = Place(self.source, raw.start_mark.line + 1 if self.lines else 0)
        if not KNOWN_TAGS.fullmatch(str(raw.tag or "")):
            raise BrokenText(Mistake(place, f"has the YAML tag {str(raw.tag)!r}; expected a plain value"))
        if isinstance(raw, ScalarNode):
            return Text(raw.value, place, null=raw.tag == CORE + "null")
        inside = raw.value if depth > 1 else ()
        if isinstance(raw, SequenceNode):
            return Items(tuple(self.tree(item, depth - 1) for item in inside), place)
        return Pairs(tuple((self.tree(key, 1), self.tree(value, depth - 1)) for key, value in inside), place)
