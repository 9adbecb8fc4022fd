"""Objects as the API returns them, kept small, and a workload made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from runbook.kubernetes.api import Refusal
from runbook.kubernetes.workload import Workload

Json = dict[str, Any]
NOW = datetime(2026, 8, 3, 12, 0, 0, tzinfo=UTC)
TEMPLATE: Json = {"metadata": {"labels": {"app": "ollama"}}, "spec": {"containers": [{"name": "ollama"}]}}


def ago(seconds: float) -> str:
    """A timestamp of the API that many seconds before the moment of the tests."""
    return (NOW - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


@dataclass
class Recorded:
    """Objects that were recorded, read as a cluster's are."""

    objects: list[Json] = field(default_factory=list)
    logs: dict[tuple[str, bool], str] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)

    def get(self, kind: str, name: str, namespace: str | None = None) -> Json | None:
        return next((one for one in self.list(kind, namespace) if one["metadata"]["name"] == name), None)

    def list(self, kind: str, namespace: str | None = None) -> list[Json]:
        if kind in self.forbidden:
            raise Refusal(f"GET {kind}", 403, {"reason": "Forbidden"})
        return [one for one in self.objects if one["kind"] == kind and self._inside(one, namespace)]

    def log(self, namespace: str, pod: str, container: str, *, previous: bool = False, lines: int = 20) -> str:
        return self.logs.get((container, previous), "")

    @staticmethod
    def _inside(one: Json, namespace: str | None) -> bool:
        return namespace is None or one["metadata"].get("namespace") == namespace


@dataclass
class Scene:
    """A Deployment `ollama` in the namespace `ai` with one pod, to be spoilt by a test."""

    namespace: Json
    deployment: Json
    replica_set: Json
    pod: Json
    recorded: Recorded

    def add(self, *objects: Json) -> None:
        self.recorded.objects += objects

    def without_pod(self) -> None:
        self.recorded.objects.remove(self.pod)

    def container(self, **status: Any) -> None:
        """The state of the pod's only container."""
        self.pod["status"]["containerStatuses"] = [{"name": "ollama", "image": "ollama/ollama:0.15.6", **status}]

    def event(self, of: Json, reason: str, message: str, seconds: float = 5.0) -> None:
        self.add(
            {
                "kind": "Event",
                "metadata": {"name": f"e{len(self.recorded.objects)}", "namespace": "ai"},
                "involvedObject": {"uid": of["metadata"]["uid"]},
                "reason": reason,
                "message": message,
                "lastTimestamp": ago(seconds),
            }
        )

    @property
    def workload(self) -> Workload:
        return Workload(self.recorded, "ai", "ollama", NOW)


def thing(kind: str, name: str, *, namespace: str | None = "ai", owner: Json | None = None, **parts: Any) -> Json:
    """An object with what every object has."""
    metadata: Json = {"name": name, "uid": f"{kind}-{name}", "creationTimestamp": ago(60)}
    if namespace:
        metadata["namespace"] = namespace
    if owner:
        metadata["ownerReferences"] = [{"uid": owner["metadata"]["uid"]}]
    metadata |= parts.pop("metadata", {})
    return {"kind": kind, "metadata": metadata, **parts}
