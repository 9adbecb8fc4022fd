"""Values of parameters from what was written: converted by the declared type, never by a guess.

Every entry is judged alone, so that all mistakes of a file come out at once.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from runbook.parameters import Parameters, annotation_of, is_optional, row
from runbook.targets.text import Items, Mistake, Node, Pairs, Text

WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")
TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
BYTES = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([kKmMgGtTpP])(?:i?[bB])?i?")


class Wrong(Exception):
    """A value that is not accepted, with the mistakes in it."""

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__("; ".join(map(str, mistakes)))
        self.mistakes = mistakes


def convert(name: str, node: Node) -> Any:
    """The value of a parameter.

    Args:
        name: A parameter that exists.
        node: What was written for it.

    Raises:
        Wrong: It is of another type or out of bounds; each mistake names the place, the value and what is expected.
    """
    kind = annotation_of(name)
    if isinstance(node, Text) and node.null:
        if is_optional(name):
            return None
        raise Wrong(Mistake(node.place, f"{name} is null, expected {row(name).expected}"))
    if kind.startswith("tuple"):
        return _collect(name, node, Items, _list_parts)
    if kind.startswith("dict"):
        return _collect(name, node, Pairs, _mapping_parts)
    return _single(name, node)


def nearest(word: str, names: tuple[str, ...]) -> str:
    """The name that a misspelt one most likely means; empty where none is near."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).replace("-", "_").lower()
    return next(iter(difflib.get_close_matches(plain, names, n=1, cutoff=0.6)), "")


def shown(text: str) -> str:
    """A value as an error quotes it: short, on one line, without a password in an address."""
    hidden = re.sub(r"[^\s/@]*:[^\s/@]*@", "***@", text)
    return repr(hidden if len(hidden) <= 60 else hidden[:57] + "...")


def _single(name: str, node: Node) -> Any:
    if not isinstance(node, Text):
        raise Wrong(_misfit(name, name, node))
    return _accept(name, _typed(name, node), node, name, shown(node.value))


def _typed(name: str, node: Text) -> Any:
    """The text as the declared type, before its bounds are looked at."""
    kind = annotation_of(name)
    text = node.value
    if kind.startswith("bool") and text in TRUTH:
        return TRUTH[text]
    if kind.startswith("int") and WHOLE.fullmatch(text):
        return int(text)
    if kind.startswith("float") and NUMBER.fullmatch(text):
        return float(text)
    if kind.startswith(("bool", "int", "float")):
        raise Wrong(Mistake(node.place, f"{name} is {shown(text)}, expected {row(name).expected}{_hint(name, text)}"))
    return text


Parts = Callable[[str, Any], Iterator[tuple[str, Text, Any]]]


def _collect(name: str, node: Node, shape: type[Items] | type[Pairs], parts: Parts) -> Any:
    """A list or a mapping, whose parts are judged one by one."""
    if not isinstance(node, shape):
        raise Wrong(_misfit(name, name, node))
    whole: Any = [] if shape is Items else {}
    mistakes: list[Mistake] = []
    for label, text, part in parts(name, node):
        try:
            accepted = _accept(name, part, text, label, "" if name == "environment" else shown(text.value))
        except Wrong as wrong:
            mistakes += wrong.mistakes
        else:
            whole = [*whole, *accepted] if shape is Items else whole | accepted
    mistakes += _unfit_parts(name, node)
    if mistakes:
        raise Wrong(*mistakes)
    return tuple(whole) if shape is Items else whole


def _list_parts(name: str, node: Items) -> Iterator[tuple[str, Text, Any]]:
    for index, item in enumerate(node.items, start=1):
        if isinstance(item, Text) and not item.null:
            yield f"item {index} of {name}", item, (item.value,)


def _mapping_parts(name: str, node: Pairs) -> Iterator[tuple[str, Text, Any]]:
    for key, value in node.pairs:
        if isinstance(key, Text) and isinstance(value, Text) and not value.null:
            yield f"{name}.{key.value}", value, {key.value: value.value}


def _unfit_parts(name: str, node: Items | Pairs) -> Iterator[Mistake]:
    """Parts that are no text, and keys that come twice."""
    if isinstance(node, Items):
        for index, item in enumerate(node.items, start=1):
            if not isinstance(item, Text) or item.null:
                yield _misfit(name, f"item {index} of {name}", item)
        return
    seen: set[str] = set()
    for key, value in node.pairs:
        if not isinstance(key, Text):
            yield Mistake(key.place, f"a key of {name} is not a name, expected {row(name).bounds}")
            continue
        if not isinstance(value, Text) or value.null:
            yield Mistake(value.place, f"{name}.{key.value} is {_shape(name, value)}, expected text; quote it")
        if key.value in seen:
            yield Mistake(key.place, f"{name}.{key.value} is given twice, expected one value")
        seen.add(key.value)


def _accept(name: str, value: Any, node: Text, label: str, quoted: str) -> Any:
    """The value, if pydantic accepts it for this parameter."""
    try:
        return _adapter(name).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] != "value_error":
        said = f" is {quoted}" if quoted else " is not accepted"
        problem = f"{label}{said}, expected {row(name).expected}{_hint(name, node.value)}"
    elif name == "environment":
        problem = f"{label} {first['ctx']['error']}"
    else:
        problem = f"{label} is {quoted}, which {first['ctx']['error']}; expected {row(name).expected}"
    raise Wrong(Mistake(node.place, problem))


def _misfit(name: str, label: str, node: Node) -> Mistake:
    return Mistake(node.place, f"{label} is {_shape(name, node)}, expected {row(name).expected}")


def _shape(name: str, node: Node) -> str:
    if isinstance(node, Text):
        return "null" if node.null else "a single text" if name == "environment" else shown(node.value)
    return "a list" if isinstance(node, Items) else "a mapping"


def _hint(name: str, text: str) -> str:
    """The value that was most likely meant, as the end of a sentence; empty where that is unclear."""
    words = row(name)
    near = ""
    if words.unit == "bytes" and (match := BYTES.fullmatch(text)):
        near = f"{match[1]}{match[2].upper()}i"
    elif words.type.startswith(("Literal", "bool")):
        names = tuple(re.findall(r"\w+", words.bounds.replace(" or ", " ")))
        near = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(text.lower(), nearest(text, names))
    return f"; did you mean {near}" if near else ""


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    """What pydantic judges one parameter with."""
    field = Parameters.model_fields[name]
    return TypeAdapter(Annotated[field.annotation, field])  # type: ignore[arg-type]
