"""Where a field stands in a file of YAML."""

from __future__ import annotations

from functools import cache
from pathlib import Path as File
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from runbook.targets import PROJECT


def place_of(source: str, kind: str, name: str, path: tuple[str, ...]) -> str:
    """File and line of a field, or of the nearest field above it that is written there; empty where it is not.

    Args:
        source: The file, relative to the project.
        kind: Kind of the object.
        name: Name of the object as the file has it; empty takes the first of the kind.
        path: The field, from the object down; items of lists by their name.
    """
    document = next((one for one in _documents(source) if _is(one, kind, name)), None)
    if document is None:
        return ""
    node, line = document, document.start_mark.line
    for step in path:
        found = _below(node, step)
        if found is None:
            break
        node, line = found
    return f"{source}:{line + 1}"


@cache
def _documents(source: str) -> tuple[Node, ...]:
    file = PROJECT / File(source)
    return tuple(YAML().compose_all(file.read_text())) if file.is_file() else ()


def _is(document: Node, kind: str, name: str) -> bool:
    return _text(document, "kind") == kind and (not name or _text(document, "metadata", "name") == name)


def _text(node: Node, *path: str) -> str:
    for step in path:
        found = _below(node, step)
        if found is None:
            return ""
        node = found[0]
    value: Any = node.value
    return value if isinstance(value, str) else ""


def _below(node: Node, step: str) -> tuple[Node, int] | None:
    """The value of a key, or the item of a list that has this name, and the line it is on."""
    if isinstance(node, MappingNode):
        return next(((value, key.start_mark.line) for key, value in node.value if key.value == step), None)
    if isinstance(node, SequenceNode):
        return next(((item, item.start_mark.line) for item in node.value if _text(item, "name") == step), None)
    return None
