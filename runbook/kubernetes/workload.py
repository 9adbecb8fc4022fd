"""A Deployment and everything that bears on it, as one moment shows it.

Each thing is read when it is first asked for and then kept, so that all recognisers judge the same moment.
What lies outside the namespace and may not be read counts as not there: the judgement is coarser without it.
The source is a cluster, or objects that were recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Protocol

from runbook.kubernetes.api import Json, Refusal

REVISION = "deployment.kubernetes.io/revision"
HASH = "pod-template-hash"
NO_LOG = "unable to retrieve container logs"
FINISHED = frozenset({"Failed", "Succeeded"})


class Source(Protocol):
    """Where objects and logs are read from."""

    def get(self, kind: str, name: str, namespace: str | None = None) -> Json | None:
        """One object, or None."""

    def list(self, kind: str, namespace: str | None = None) -> list[Json]:
        """All objects of a kind."""

    def log(self, namespace: str, pod: str, container: str, *, previous: bool = False, lines: int = 20) -> str:
        """The last lines of a log."""


@dataclass(frozen=True)
class Event:
    """What a controller or the kubelet reported.

    Attributes:
        reason: Its keyword, such as `FailedScheduling`.
        message: Its text.
        age_s: Seconds since it was last seen.
        at: When it was last seen.
    """

    reason: str
    message: str
    age_s: float
    at: datetime

    def __str__(self) -> str:
        return f"event {self.reason}, {self.age_s:.0f} s ago: {self.message.strip()}"


@dataclass(frozen=True)
class Workload:
    """A Deployment with its ReplicaSets, pods, claims, nodes and events.

    Attributes:
        source: Where they are read from.
        namespace: Namespace of the Deployment.
        name: Its name.
        now: The moment that ages are counted to.
    """

    source: Source
    namespace: str
    name: str
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def space(self) -> Json | None:
        """The namespace itself."""
        return self._get("Namespace", self.namespace)

    @cached_property
    def deployment(self) -> Json | None:
        """The Deployment.

        Raises:
            Refusal: It may not be read, which is not the same as its not being there.
        """
        return self.source.get("Deployment", self.name, self.namespace)

    @cached_property
    def replica_sets(self) -> list[Json]:
        """Its ReplicaSets, the newest revision first."""
        if self.deployment is None:
            return []
        owned = _owned_by([self.deployment], self.source.list("ReplicaSet", self.namespace))
        return sorted(owned, key=lambda one: int(one["metadata"].get("annotations", {}).get(REVISION, 0)), reverse=True)

    @cached_property
    def newest(self) -> Json | None:
        """The ReplicaSet of the Deployment's template as it is now; None until the controller has made it.

        The newest revision is not enough: right after a change it still is the one that is being replaced, and
        its faults are mended already.
        """
        template = _template(self.deployment)
        return next((one for one in self.replica_sets if _template(one) == template), None)

    @cached_property
    def pods(self) -> list[Json]:
        """Pods of the newest ReplicaSet that are to stay, the youngest first."""
        return [pod for pod in self._pods(self._current) if "deletionTimestamp" not in pod["metadata"]]

    @cached_property
    def leaving(self) -> list[Json]:
        """Pods that are to go and are not gone: of older ReplicaSets, or deleted."""
        old = self._pods([one for one in self.replica_sets if one not in self._current])
        dying = [pod for pod in self._pods(self._current) if "deletionTimestamp" in pod["metadata"]]
        return [pod for pod in (*dying, *old) if pod.get("status", {}).get("phase") not in FINISHED]

    @cached_property
    def pod(self) -> Json | None:
        """The pod to judge: the youngest of the newest ReplicaSet, or of several the youngest that is not ready."""
        if not self.pods or _is_finished(self.pods[0]):
            return self.pods[0] if self.pods else None
        waiting = (pod for pod in self.pods if not _is_ready(pod) and not _is_finished(pod))
        return next(waiting, self.pods[0])

    @cached_property
    def claims(self) -> dict[str, Json | None]:
        """The claims that the pod names, None where one does not exist."""
        volumes = ((self.pod or {}).get("spec") or {}).get("volumes") or ()
        names = [
            volume["persistentVolumeClaim"]["claimName"] for volume in volumes if "persistentVolumeClaim" in volume
        ]
        return {name: self.source.get("PersistentVolumeClaim", name, self.namespace) for name in names}

    @cached_property
    def storage_classes(self) -> list[Json]:
        """Every StorageClass."""
        return self._list("StorageClass")

    @cached_property
    def volumes(self) -> list[Json]:
        """Every PersistentVolume."""
        return self._list("PersistentVolume")

    @cached_property
    def nodes(self) -> list[Json]:
        """Every node."""
        return self._list("Node")

    @cached_property
    def everybodys_pods(self) -> list[Json]:
        """Every pod of the cluster that is not finished."""
        return [pod for pod in self._list("Pod") if pod.get("status", {}).get("phase") not in FINISHED]

    @cached_property
    def node(self) -> Json | None:
        """The node that the pod is on."""
        name = ((self.pod or {}).get("spec") or {}).get("nodeName")
        return self._get("Node", name) if name else None

    @property
    def is_complete(self) -> bool:
        """Whether the newest revision is all there is, and is available."""
        if self.deployment is None:
            return False
        spec, status = self.deployment["spec"], self.deployment.get("status") or {}
        wanted = spec.get("replicas", 1)
        counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
        observed: bool = status.get("observedGeneration", 0) >= self.deployment["metadata"].get("generation", 1)
        return observed and counts == [wanted] * 3 and wanted > 0

    def events(self, of: Json | None, *reasons: str, since: datetime | None = None) -> list[Event]:
        """Events of one object, the latest first; only those of the reasons, and not older than `since`."""
        uid = (of or {}).get("metadata", {}).get("uid")
        found = [
            Event(one.get("reason") or "", one.get("message") or "", (self.now - at).total_seconds(), at)
            for one in self._events
            if uid and one.get("involvedObject", {}).get("uid") == uid and (at := event_time(one))
        ]
        fitting = [
            event for event in found if (not reasons or event.reason in reasons) and (not since or event.at >= since)
        ]
        return sorted(fitting, key=lambda event: event.at, reverse=True)

    def log(self, container: str, *, previous: bool = False, lines: int = 20) -> list[str]:
        """The last lines of a container of the pod that are not empty."""
        if self.pod is None:
            return []
        text = self.source.log(self.namespace, self.pod["metadata"]["name"], container, previous=previous, lines=lines)
        # The kubelet answers with this text, and not with an error, once the container has been cleaned up.
        return [line.rstrip() for line in text.splitlines() if line.strip() and not line.startswith(NO_LOG)]

    def age_s(self, timestamp: str | None) -> float:
        """Seconds since a timestamp of the API; 0 where there is none."""
        return (self.now - parse_time(timestamp)).total_seconds() if timestamp else 0.0

    @property
    def _current(self) -> list[Json]:
        return [self.newest] if self.newest else []

    @cached_property
    def _events(self) -> list[Json]:
        return self._list("Event", self.namespace)

    @cached_property
    def _namespace_pods(self) -> list[Json]:
        return self.source.list("Pod", self.namespace)

    def _pods(self, owners: list[Json]) -> list[Json]:
        owned = _owned_by(owners, self._namespace_pods)
        return sorted(owned, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), reverse=True)

    def _get(self, kind: str, name: str, namespace: str | None = None) -> Json | None:
        try:
            return self.source.get(kind, name, namespace)
        except Refusal:
            return None

    def _list(self, kind: str, namespace: str | None = None) -> list[Json]:
        try:
            return self.source.list(kind, namespace)
        except Refusal:
            return []


def parse_time(timestamp: str) -> datetime:
    """A timestamp of the API, with or without fractions of a second."""
    return datetime.fromisoformat(timestamp)


def event_time(event: Json) -> datetime | None:
    """When an event was last seen; the scheduler leaves the older fields empty, others the newer ones."""
    times = (
        (event.get("series") or {}).get("lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("eventTime"),
        event.get("firstTimestamp"),
        event.get("metadata", {}).get("creationTimestamp"),
    )
    known = next((time for time in times if time), None)
    return parse_time(known) if known else None


def condition(body: Json | None, kind: str) -> Json:
    """A condition of an object, empty where it has none of that type."""
    conditions: Iterable[Json] = ((body or {}).get("status") or {}).get("conditions") or ()
    return next((one for one in conditions if one.get("type") == kind), {})


def container_statuses(pod: Json | None) -> list[Json]:
    """The states of a pod's containers, those that run first of all before the others."""
    status = (pod or {}).get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _is_ready(pod: Json) -> bool:
    return bool(condition(pod, "Ready").get("status") == "True")


def _is_finished(pod: Json) -> bool:
    return (pod.get("status") or {}).get("phase") in FINISHED


def _template(body: Json | None) -> Json:
    """The pod template of a Deployment or ReplicaSet, without the label that the controller adds to it."""
    template: Json = (body or {}).get("spec", {}).get("template") or {}
    metadata = template.get("metadata") or {}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH}
    return {**template, "metadata": {**metadata, "labels": labels}}


def _owned_by(owners: list[Json], candidates: list[Json]) -> list[Json]:
    uids = {owner["metadata"]["uid"] for owner in owners}
    return [
        one
        for one in candidates
        if any(owner.get("uid") in uids for owner in one["metadata"].get("ownerReferences") or ())
    ]
