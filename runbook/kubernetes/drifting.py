"""Drift: the live objects against the manifests, and against what a run recorded of them.

Against the manifests the server itself is asked, by a dry run that takes every field back: what it would change
has drifted. That does not see what others added, since an apply leaves it alone; the owners of the fields do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from runbook.errors import ApplyRefused
from runbook.kubernetes.api import Json, Refusal
from runbook.kubernetes.cluster import MANAGED_BY, Cluster
from runbook.kubernetes.diff import differences, digest, path_of, without_noise
from runbook.kubernetes.kinds import APPLY_ORDER
from runbook.kubernetes.manifests import Manifest
from runbook.kubernetes.origin import with_origin
from runbook.kubernetes.owners import foreign_fields, owner_of
from runbook.kubernetes.refused import refused

State = Literal["same", "changed", "absent", "unexpected", "unknown"]
# What others may set without changing what runs: labels and notes, and the mark of `kubectl rollout restart`.
HARMLESS = ("metadata.", 'spec.template.metadata.annotations."kubectl.kubernetes.io/restartedAt"')


@dataclass(frozen=True)
class LiveObject:
    """An object as it was at a moment, without status and bookkeeping: what a run keeps to be compared with later.

    Attributes:
        kind: Its kind.
        name: Its name.
        namespace: Its namespace, None where the kind has none.
        digest: SHA-256 of the body.
        body: The object; empty where only its digest was kept.
    """

    kind: str
    name: str
    namespace: str | None
    digest: str
    body: Json


@dataclass(frozen=True)
class Drift:
    """One object, and how it differs from what it should be.

    Attributes:
        kind: Its kind.
        name: Its name.
        namespace: Its namespace, None where the kind has none.
        state: `same`, `changed`, `absent`, `unexpected` (ours by its label, and in no manifest), or `unknown`.
        fields: Each field that differs from the manifest, live value first, and who set it.
        added: Fields that somebody else set beside the manifest's.
        since_run: What differs from what the run recorded.
        noted: What others set that changes nothing of what runs; it is no drift.
    """

    kind: str
    name: str
    namespace: str | None
    state: State
    fields: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    since_run: tuple[str, ...] = ()
    noted: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Kind and name."""
        return f"{self.kind} {self.name}"


def live_objects(cluster: Cluster, manifests: Iterable[Manifest]) -> tuple[LiveObject, ...]:
    """The objects of the manifests as they are now; one that is not there is left out."""
    found = ((one, cluster.get(one.kind, one.name, one.namespace)) for one in manifests)
    return tuple(
        LiveObject(one.kind, one.name, one.namespace, digest(live), without_noise(live)) for one, live in found if live
    )


def recorded_objects(results: Mapping[str, Mapping[str, Any]]) -> tuple[LiveObject, ...]:
    """What a run kept of the objects, by its results; of an older run what its changes say."""
    for kept in results.values():
        if "objects" in kept:
            return tuple(LiveObject(**one) for one in kept["objects"])
    changes = [one for kept in results.values() for one in kept.get("changes") or () if one.get("after_digest")]
    # A claim goes on changing while it is bound.
    return tuple(
        LiveObject(one["kind"], one["name"], one["namespace"], one["after_digest"], {})
        for one in changes
        if one["kind"] != "PersistentVolumeClaim"
    )


def drift(cluster: Cluster, manifests: Iterable[Manifest], recorded: Iterable[LiveObject] = ()) -> tuple[Drift, ...]:
    """How each object differs from its manifest, and from what a run recorded of it.

    Raises:
        Refusal: The login may not read an object, or not ask by a dry run what would change.
    """
    wanted = tuple(manifests)
    before = {(one.kind, one.namespace, one.name): one for one in recorded}
    known = [_of_manifest(cluster, one, before.get((one.kind, one.namespace, one.name))) for one in wanted]
    return (*known, *_unexpected(cluster, wanted))


def drifted(found: Iterable[Drift]) -> tuple[Drift, ...]:
    """Those that are not as they should be."""
    return tuple(one for one in found if one.state != "same")


def _of_manifest(cluster: Cluster, manifest: Manifest, before: LiveObject | None) -> Drift:
    found = Drift(manifest.kind, manifest.name, manifest.namespace, "same")
    live = cluster.get(manifest.kind, manifest.name, manifest.namespace)
    if live is None:
        gone = ("it was there when the run ended",) if before else ()
        return replace(found, state="absent", since_run=gone)
    if "deletionTimestamp" in live["metadata"]:
        words = f"it is being deleted since {live['metadata']['deletionTimestamp']}"
        return replace(found, state="changed", fields=(words,))
    try:
        fields = _against_manifest(cluster, manifest, live)
    except ApplyRefused as refusal:
        fields = (f"{refusal.what} {refusal.why}",)
    told = {path_of(line) for line in fields}
    others = [str(one) for one in foreign_fields(live) if one.path not in told]
    added = tuple(one for one in others if not one.startswith(HARMLESS))
    noted = tuple(one for one in others if one.startswith(HARMLESS))
    since = _since(before, live) if before else ()
    state: State = "changed" if fields or added or since else "same"
    return replace(found, state=state, fields=fields, added=added, since_run=since, noted=noted)


def _against_manifest(cluster: Cluster, manifest: Manifest, live: Json) -> tuple[str, ...]:
    """The lines of the difference, each with who set the field if that was not this project."""
    try:
        wanted = cluster.apply(with_origin(manifest.body, live), dry_run=True, force=True).body
    except Refusal as refusal:
        if refusal.code in (401, 403):
            raise
        raise refused(manifest, refusal) from refusal
    return tuple(_with_owner(live, line) for line in differences(live, wanted))


def _with_owner(live: Json, line: str) -> str:
    owner = owner_of(live, path_of(line))
    return f"{line} ({owner.words})" if owner else line


def _since(before: LiveObject, live: Json) -> tuple[str, ...]:
    now = digest(live)
    if now == before.digest:
        return ()
    return differences(before.body, live) if before.body else (f"its digest was {before.digest} and is {now}",)


def _unexpected(cluster: Cluster, wanted: tuple[Manifest, ...]) -> list[Drift]:
    """Objects with our label that no manifest has: an older version made them, or somebody copied one."""
    known = {(one.kind, one.name) for one in wanted}
    label = ",".join(f"{key}={value}" for key, value in MANAGED_BY.items())
    spaces = sorted({one.namespace for one in wanted if one.namespace})
    return [
        Drift(kind.name, one["metadata"]["name"], space, "unexpected")
        for space in spaces
        for kind in APPLY_ORDER
        if kind.namespaced
        for one in cluster.list(kind.name, space, labels=label)
        if (kind.name, one["metadata"]["name"]) not in known
    ]
