"""What differs between two states of an object, one line per field, without the server's own bookkeeping."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from runbook.kubernetes.api import Json

# The server writes these by itself at every change.
NOISE_METADATA = frozenset({"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"})
NOISE_ANNOTATIONS = frozenset({"deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"})
# Items of a list are told apart by the first of these that every item has; without one, by their position.
KEYS = ("name", "containerPort", "mountPath", "port", "key", "ip")


def without_noise(body: Json) -> Json:
    """The object without its status and without what the server maintains by itself."""
    kept = {key: value for key, value in body.items() if key != "status"}
    metadata = {key: value for key, value in body.get("metadata", {}).items() if key not in NOISE_METADATA}
    annotations = {
        key: value for key, value in (metadata.pop("annotations", None) or {}).items() if key not in NOISE_ANNOTATIONS
    }
    return {**kept, "metadata": {**metadata, **({"annotations": annotations} if annotations else {})}}


def digest(body: Json) -> str:
    """SHA-256 of an object without status and bookkeeping, in canonical JSON."""
    text = json.dumps(without_noise(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def differences(before: Json | None, after: Json) -> tuple[str, ...]:
    """One line per field that differs: `spec.replicas: 1 -> 2`, `+ path: value`, `- path: value`."""
    old = dict(_flat(without_noise(before))) if before else {}
    new = dict(_flat(without_noise(after)))
    lines = []
    for path in dict.fromkeys((*old, *new)):
        if path not in new:
            lines.append(f"- {path}: {old[path]}")
        elif path not in old:
            lines.append(f"+ {path}: {new[path]}")
        elif old[path] != new[path]:
            lines.append(f"{path}: {old[path]} -> {new[path]}")
    return tuple(lines)


def path_of(line: str) -> str:
    """The field that a line of `differences` is about."""
    return line.removeprefix("+ ").removeprefix("- ").partition(": ")[0]


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every leaf with its path; an empty dict or list is a leaf too."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flat(item, f"{path}.{quoted(key)}" if path else quoted(key))
    elif isinstance(value, list) and value:
        for label, item in _labelled(value):
            yield from _flat(item, f"{path}[{label}]")
    else:
        yield path, json.dumps(value, ensure_ascii=False)


def _labelled(items: list[Any]) -> Iterator[tuple[str, Any]]:
    for key in KEYS:
        names = [item.get(key) for item in items if isinstance(item, dict)]
        if len(names) == len(items) and None not in names and len(set(names)) == len(names):
            yield from ((f"{key}={name}", item) for name, item in zip(names, items, strict=True))
            return
    yield from ((str(index), item) for index, item in enumerate(items))


def quoted(key: str) -> str:
    """A key of a path, in quotation marks where it holds what separates keys."""
    return f'"{key}"' if "." in key or "/" in key else key
