"""The environment in Kubernetes objects: a ConfigMap, or the workload whose container takes it.

Values of Secrets are never read: of a Secret in a file the names count, of one in a cluster only its own name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from runbook.errors import UsageError
from runbook.karakeep.settings.environment import Environment, Setting

Json = Mapping[str, Any]
Find = Callable[[str, str], Json | None]
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Pod", "Job")


def read_yaml(text: str, source: str) -> Environment:
    """The environment of a file of Kubernetes objects: of its workload with Karakeep, else of its ConfigMaps.

    Raises:
        UsageError: It is no YAML, or holds neither a workload nor a ConfigMap.
    """
    try:
        documents = [_plain(node) for node in YAML().compose_all(text) if isinstance(node, MappingNode)]
    except (YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{source}:{mark.line + 1}" if mark else source
        raise UsageError(f"{place} is no YAML.", why=str(getattr(error, "problem", "") or "")) from error
    objects = [one for document in documents for one in _unlisted(document)]

    def find(kind: str, name: str) -> Json | None:
        return next((one for one in objects if _is(one, kind, name)), None)

    workload = next((one for one in objects if one.get("kind") in WORKLOADS and _karakeep(one)), None)
    if workload:
        return read_object(workload, source, find)
    maps = [one for one in objects if one.get("kind") in ("ConfigMap", "Secret")]
    if not maps:
        raise UsageError(
            f"{source} holds no Karakeep environment.",
            why="no ConfigMap, no Secret, and no workload with a container",
            next="Name a file of NAME=value lines, or the YAML of Karakeep's ConfigMap or Deployment.",
        )
    settings = tuple(setting for one in maps for setting in _data(one, source))
    return Environment(settings, source, namespace=_namespace(maps[0]))


def read_object(body: Json, source: str, find: Find) -> Environment:
    """The environment of one object.

    Args:
        body: A ConfigMap or a workload.
        source: Where it comes from, for the places of findings.
        find: Looks up a ConfigMap or a Secret by kind and name; None where there is none or it is not read.

    Raises:
        UsageError: A workload without a container.
    """
    if body.get("kind") == "ConfigMap":
        return Environment(tuple(_data(body, source)), source, namespace=_namespace(body))
    container = _karakeep(body)
    if container is None:
        raise UsageError(f"{source} has no container.")
    unread: list[str] = []
    own = tuple(_one_by_one(container, source, find))
    names = {one.name for one in own}
    # A variable of the container's own beats one that is taken over from elsewhere.
    taken = (one for one in _taken_whole(container, source, find, unread) if one.name not in names)
    settings = (*taken, *own)
    image = str(container.get("image", ""))
    return Environment(settings, source, tuple(unread), image=image, namespace=_namespace(body))


def _taken_whole(container: Json, source: str, find: Find, unread: list[str]) -> Iterator[Setting]:
    """`envFrom`: all that ConfigMaps and Secrets hold."""
    for one in _mappings(container.get("envFrom")):
        for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            name = str(_mapping(one.get(key)).get("name", ""))
            if not name:
                continue
            body = find(kind, name)
            if body is None:
                unread.append(f"{kind} {name}")
                continue
            prefix = str(one.get("prefix") or "")
            for setting in _data(body, source):
                yield Setting(prefix + setting.name, setting.value, setting.source, setting.line)


def _one_by_one(container: Json, source: str, find: Find) -> Iterator[Setting]:
    for one in _mappings(container.get("env")):
        name, line = str(one.get("name", "")), _line(one, "name")
        value = one.get("value")
        reference = _mapping(_mapping(one.get("valueFrom")).get("configMapKeyRef"))
        if reference:
            body = find("ConfigMap", str(reference.get("name", ""))) or {}
            value = _mapping(body.get("data")).get(str(reference.get("key", "")))
        elif "valueFrom" not in one and value is None:
            value = ""
        yield Setting(name, None if value is None else str(value), source, line)


def _data(body: Json, source: str) -> Iterator[Setting]:
    """The variables of a ConfigMap, and the names of a Secret."""
    secret = body.get("kind") == "Secret"
    name = str(_mapping(body.get("metadata")).get("name", ""))
    for part in ("data", "stringData") if secret else ("data",):
        values = _mapping(body.get(part))
        for key in values:
            if key != LINES:
                place = source if _line(values, key) else f"{str(body.get('kind', '')).lower()}/{name}"
                text = "" if values[key] is None else str(values[key])
                yield Setting(str(key), None if secret else text, place, _line(values, key))


def _karakeep(body: Json) -> Json | None:
    """The container that runs Karakeep: the one whose image or name says so, else the first."""
    spec = _mapping(body.get("spec"))
    pod = spec if body.get("kind") == "Pod" else _mapping(_mapping(spec.get("template")).get("spec"))
    containers = _mappings(pod.get("containers"))
    named = (one for one in containers if "karakeep" in f"{one.get('image', '')} {one.get('name', '')}")
    return next(named, containers[0] if containers else None)


def _is(body: Json, kind: str, name: str) -> bool:
    return body.get("kind") == kind and _mapping(body.get("metadata")).get("name") == name


def _mapping(value: Any) -> Json:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _namespace(body: Json) -> str:
    return str(_mapping(body.get("metadata")).get("namespace") or "")


def _unlisted(document: Any) -> Iterator[Json]:
    if isinstance(document, Mapping):
        items = document.get("items")
        if document.get("kind") == "List" and isinstance(items, list):
            yield from (one for one in items if isinstance(one, Mapping))
        else:
            yield document


# Under this key a mapping that was read from a file keeps the lines of its keys; no name in YAML is that.
LINES = "\0lines"


def _line(mapping: Json, key: str) -> int:
    lines = mapping.get(LINES) or {}
    found = lines.get(key, 0)
    return found if isinstance(found, int) else 0


def _plain(node: Node, seen: dict[int, Any] | None = None) -> Any:
    """A node as plain texts, lists and mappings; values stay texts, as an environment has them.

    What an alias repeats is taken once, so that a file of aliases costs no more than its length.
    """
    seen = {} if seen is None else seen
    if id(node) in seen:
        return seen[id(node)]
    seen[id(node)] = None
    if isinstance(node, MappingNode):
        plain: Any = {str(key.value): _plain(value, seen) for key, value in node.value}
        plain[LINES] = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}
    elif isinstance(node, SequenceNode):
        plain = [_plain(item, seen) for item in node.value]
    elif isinstance(node, ScalarNode):
        plain = None if node.value in ("", "~", "null") and node.style is None else node.value
    else:
        plain = None
    seen[id(node)] = plain
    return plain
