"""Who owns which field of an object, as the API server keeps it in `managedFields`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runbook.kubernetes.api import Json
from runbook.kubernetes.cluster import FIELD_MANAGER
from runbook.kubernetes.diff import quoted

# Parts of the cluster that write to objects as their work, and whoever provisions volumes.
CONTROLLERS = ("kube-controller-manager", "kube-scheduler", "kubelet", "kube-apiserver")
CONTROLLER_ENDINGS = ("-provisioner", "-controller-manager", "-controller")


@dataclass(frozen=True)
class Owned:
    """A field, the manager that set it, and when it last did."""

    path: str
    manager: str
    at: str

    @property
    def words(self) -> str:
        """Who set it, and when where that is known."""
        return f"set by {self.manager}" + (f" at {self.at}" if self.at else "")

    def __str__(self) -> str:
        return f"{self.path} ({self.words})"


def foreign_fields(live: Json) -> tuple[Owned, ...]:
    """The fields that somebody else than this project and the cluster's controllers owns alone."""
    entries = [one for one in live["metadata"].get("managedFields") or () if one.get("subresource") != "status"]
    ours = {path for one in entries if one.get("manager") == FIELD_MANAGER for path in _paths(one)}
    return tuple(
        Owned(path, one["manager"], one.get("time") or "")
        for one in entries
        if one.get("manager") != FIELD_MANAGER and not is_controller(one.get("manager", ""))
        for path in _paths(one)
        if path not in ours
    )


def is_controller(manager: str) -> bool:
    """Whether a manager is a part of the cluster and no person or tool."""
    return manager in CONTROLLERS or manager.endswith(CONTROLLER_ENDINGS)


def owner_of(live: Json, path: str) -> Owned | None:
    """Who set a field, written as `runbook.kubernetes.diff` writes it; the deepest field that is owned counts."""
    candidates = [
        Owned(found, one.get("manager", "?"), one.get("time") or "")
        for one in live["metadata"].get("managedFields") or ()
        if one.get("manager") != FIELD_MANAGER
        for found in _paths(one)
        if path == found or path.startswith((f"{found}.", f"{found}["))
    ]
    return max(candidates, key=lambda one: len(one.path), default=None)


def _paths(entry: Json) -> Iterator[str]:
    """The leaves of one manager's fields."""
    yield from _leaves(entry.get("fieldsV1") or {}, "")


def _leaves(fields: dict[str, Any], path: str) -> Iterator[str]:
    deeper = {key: value for key, value in fields.items() if key != "."}
    if not deeper:
        if path:
            yield path
        return
    for key, value in deeper.items():
        yield from _leaves(value, _step(path, key))


def _step(path: str, key: str) -> str:
    kind, _, text = key.partition(":")
    if kind == "f":
        return f"{path}.{quoted(text)}" if path else quoted(text)
    if kind == "k":
        name, value = next(iter(json.loads(text).items()))
        return f"{path}[{name}={value}]"
    return f"{path}[{text}]"
