"""Loading a target: its file and what overrides it become a `Parameters`, or one error with every mistake."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runbook.errors import ParameterError
from runbook.parameters import Parameters, annotation_of, contradictions, is_optional, row
from runbook.targets.files import find_target, read, spelled
from runbook.targets.text import (
    LINES,
    NULLS,
    BrokenText,
    Items,
    Mistake,
    Node,
    Pairs,
    Place,
    Text,
    from_python,
    parse,
)
from runbook.targets.values import Wrong, convert, nearest, shown

NAMES = tuple(Parameters.model_fields)
EXPLAINED = "`runbook parameters` explains every parameter."


def load_target(
    name_or_path: str | Path,
    overrides: Mapping[str, object] | None = None,
    folder: Path | None = None,
    *,
    overrides_from: str = "command line",
) -> Parameters:
    """The parameters of a target.

    Args:
        name_or_path: Name of a file in the folder of targets without its ending, or the path of a target file.
        overrides: Values in place of those in the file. A text is converted by the declared type, as if it stood
            in the file; a list may also be written `a,b`, a mapping `KEY=value,KEY=value`. Values of other types
            (from a notebook) are judged the same way.
        folder: Folder of targets; without it `targets/` of the project.
        overrides_from: What an error calls the place of the overrides.

    Raises:
        ParameterError: There is no such target, or something in it or in the overrides is wrong: all mistakes at
            once, each with its file and line, what is expected and the nearest right name.
    """
    path = find_target(name_or_path, folder)
    source = spelled(path)
    try:
        tree = parse(read(path), source)
    except BrokenText as broken:
        raise _error(source, [broken.mistake]) from None
    reading = Reading(Place(source), path.stem)
    reading.take_file(tree)
    reading.take_overrides(overrides or {}, Place(overrides_from))
    return reading.result()


class Reading:
    """The values read so far, where each was written, and the mistakes."""

    def __init__(self, file: Place, target: str) -> None:
        self.file = file
        self.target = target
        self.values: dict[str, Any] = {}
        self.places: dict[str, Place] = {}
        self.mistakes: list[Mistake] = []

    def take_file(self, tree: Node) -> None:
        """Take every line of a target file."""
        if not isinstance(tree, Pairs):
            found = "a list" if isinstance(tree, Items) else "a single text"
            self._mistake(tree.place, f"is {found}, expected {LINES}")
            return
        self._convert("target", Text(self.target, self.file))
        for key, node in tree.pairs:
            if not isinstance(key, Text):
                self._mistake(key.place, f"a key is not a name, expected {LINES}")
            elif key.value in self.places:
                self._mistake(key.place, f"{key.value} is given twice, first in line {self.places[key.value].line}")
            else:
                self._take(key.value, key.place, node)

    def take_overrides(self, overrides: Mapping[str, object], place: Place) -> None:
        """Take values that stand over those of the file."""
        for name, value in overrides.items():
            try:
                node = _written(name, value, place) if isinstance(value, str) else from_python(value, place)
            except BrokenText as broken:
                self._mistake(place, f"{name} {broken.mistake.problem}")
            else:
                self._take(name, place, node)

    def result(self) -> Parameters:
        """The parameters.

        Raises:
            ParameterError: There were mistakes, or parameters contradict each other or are missing.
        """
        self._find_missing()
        self._find_contradictions()
        if self.mistakes:
            raise _error(self.file.source, sorted(self.mistakes, key=lambda mistake: mistake.place.line or 10**9))
        return Parameters(**self.values)

    def _take(self, name: str, place: Place, node: Node) -> None:
        if name not in NAMES:
            near = nearest(name, NAMES)
            self._mistake(place, f"{shown(name)} is no parameter" + (f"; the nearest is {near}" if near else ""))
            return
        self.places[name] = place
        if name == "target":
            self._compare_target(place, node)
        else:
            self._convert(name, node)

    def _convert(self, name: str, node: Node) -> None:
        self.values.pop(name, None)
        try:
            self.values[name] = convert(name, node)
        except Wrong as wrong:
            self.mistakes += wrong.mistakes

    def _compare_target(self, place: Place, node: Node) -> None:
        """A target is named by its file; a name inside may only repeat that."""
        if not isinstance(node, Text) or node.value != self.target:
            value = shown(node.value) if isinstance(node, Text) else "no text"
            self._mistake(place, f"target is {value}, expected {self.target!r}, the name of its file; rename the file")

    def _find_missing(self) -> None:
        for name, field in Parameters.model_fields.items():
            if field.is_required() and name not in {*self.values, *self.places, "target"}:
                self._mistake(self.file, f"{name} is missing, expected {row(name).expected} ({row(name).meaning})")

    def _find_contradictions(self) -> None:
        defaults = {
            name: field.get_default(call_default_factory=True)
            for name, field in Parameters.model_fields.items()
            if not field.is_required() and name not in self.places
        }
        for name, other, problem in contradictions(defaults | self.values):
            written = (self.places[key] for key in (name, other) if key in self.places)
            place = min(written, key=lambda place: place.source == self.file.source, default=self.file)
            self._mistake(place, f"{name} {problem}")

    def _mistake(self, place: Place, problem: str) -> None:
        self.mistakes.append(Mistake(place, problem))


def _written(name: str, text: str, place: Place) -> Node:
    """What was written on the command line for a parameter, as if it stood in a file."""
    kind = annotation_of(name) if name in NAMES else "str"
    if kind.startswith("tuple") and not text.lstrip().startswith("["):
        parts = [part.strip() for part in text.split(",")] if text.strip() else []
        return Items(tuple(Text(part, place) for part in parts), place)
    if kind.startswith("dict") and not text.lstrip().startswith("{"):
        parts = [part.strip() for part in text.split(",")] if text.strip() else []
        pairs = (part.partition("=") for part in parts)
        return Pairs(tuple((Text(key, place), Text(value, place, null=not sign)) for key, sign, value in pairs), place)
    if kind.startswith(("tuple", "dict")):
        return parse(text, place.source, lines=False)
    return Text(text, place, null=text in NULLS and (is_optional(name) if name in NAMES else False))


def _error(source: str, mistakes: list[Mistake]) -> ParameterError:
    if len(mistakes) == 1:
        return ParameterError(f"{mistakes[0]}.", next=EXPLAINED)
    listing = "".join(f"\n  {mistake}" for mistake in mistakes)
    return ParameterError(f"{source} cannot be used: {len(mistakes)} mistakes.", why=listing, next=EXPLAINED)
