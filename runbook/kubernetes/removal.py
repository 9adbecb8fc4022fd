"""Taking back what was applied: only what this project made, and data only when that is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from runbook.errors import ClusterError
from runbook.kubernetes.api import Json, Refusal
from runbook.kubernetes.checks import CONSUMER
from runbook.kubernetes.cluster import MANAGED_BY, Cluster
from runbook.kubernetes.contents import foreign_objects
from runbook.kubernetes.diff import digest
from runbook.kubernetes.kinds import APPLY_ORDER
from runbook.kubernetes.origin import origin_of
from runbook.kubernetes.pods import PROBE
from runbook.parameters import Parameters

GONE_TIMEOUT_S = 120.0
POLL_S = 0.5


@dataclass(frozen=True)
class Removal:
    """An object that a rollback removes, or keeps.

    Attributes:
        kind: Its kind.
        name: Its name.
        namespace: Its namespace, None where the kind has none.
        data_lost: What data goes with it; empty where none does.
        kept_because: Why it stays; empty where it is removed.
        uid: Which object exactly: another of the same name stays.
        before_digest: SHA-256 of the object as it was, without what the server maintains.
    """

    kind: str
    name: str
    namespace: str | None
    data_lost: str = ""
    kept_because: str = ""
    uid: str = ""
    before_digest: str = field(default="", compare=False)


def rollback_plan(
    cluster: Cluster, parameters: Parameters, remove_data: bool = False, *, with_foreign: bool = False
) -> tuple[Removal, ...]:
    """What a rollback would remove and what it would keep, in its order; nothing is removed yet.

    Args:
        cluster: The cluster.
        parameters: The target.
        remove_data: Also the volume claim with the models, and the namespace when nothing foreign is in it.
        with_foreign: With the data also the namespace and what is foreign in it, if this project made it.
    """
    namespace = parameters.namespace
    space = cluster.get("Namespace", namespace)
    if space is None:
        return ()
    found = [
        one
        for kind in reversed(APPLY_ORDER)
        if kind.namespaced
        for one in cluster.list(kind.name, namespace, labels=_selector(MANAGED_BY))
    ]
    probes = cluster.list("Pod", namespace, labels=_selector(PROBE))
    removals = [_removal(cluster, one, remove_data) for one in (*probes, *found)]
    kept = tuple(one for one in removals if one.kept_because)
    return (*removals, *_stand_ins(cluster), _namespace(cluster, space, kept, remove_data, with_foreign))


def rollback(
    cluster: Cluster,
    parameters: Parameters,
    remove_data: bool = False,
    *,
    with_foreign: bool = False,
    on_removed: Callable[[Removal], None] | None = None,
) -> tuple[Removal, ...]:
    """Remove what this project made, and wait until it is gone.

    Args:
        cluster: The cluster.
        parameters: The target.
        remove_data: Also the volume claim with the models, and the namespace when nothing foreign is in it.
        with_foreign: With the data also the namespace and what is foreign in it, if this project made it.
        on_removed: Told of each object as soon as it is gone, so that a record knows how far a rollback came.

    Returns:
        What was removed and what was kept, and why.

    Raises:
        ClusterError: Something is not gone after two minutes; what holds it is said.
    """
    removals = rollback_plan(cluster, parameters, remove_data, with_foreign=with_foreign)
    for removal in removals:
        if not removal.kept_because:
            cluster.delete(removal.kind, removal.name, removal.namespace, uid=removal.uid)
            _wait_until_gone(cluster, removal)
            if on_removed:
                on_removed(removal)
    return removals


def _removal(cluster: Cluster, one: Json, remove_data: bool) -> Removal:
    meta = one["metadata"]
    removal = Removal(one["kind"], meta["name"], meta["namespace"], uid=meta["uid"], before_digest=digest(one))
    if origin_of(one) == "adopted":
        return replace(removal, kept_because="it was there before this project")
    if one["kind"] != "PersistentVolumeClaim":
        return removal
    if not remove_data:
        return replace(removal, kept_because="it holds the models; it goes only when removing data is asked for")
    return replace(removal, data_lost=_data(cluster, one))


def _data(cluster: Cluster, claim: Json) -> str:
    """What becomes of the data of a claim, by its volume's own policy."""
    size = ((claim.get("status") or {}).get("capacity") or {}).get("storage") or "unknown size"
    name = claim["spec"].get("volumeName")
    if not name:
        return "none: the claim was never bound"
    try:
        volume = cluster.get("PersistentVolume", name)
    except Refusal:
        volume = None
    policy = ((volume or {}).get("spec") or {}).get("persistentVolumeReclaimPolicy", "unknown")
    fate = {
        "Retain": f"the volume {name} stays, Released, with the models on it",
        "Delete": f"the volume {name} is deleted with every model on it",
    }.get(policy, f"the volume {name} with every model on it (reclaim policy {policy})")
    return f"{size}: {fate}"


def _stand_ins(cluster: Cluster) -> list[Removal]:
    """Namespaces that checks made to ask from, and that a killed run left behind."""
    try:
        # Whatever the value: "true" stood in for the consumer's, "false" for a stranger's.
        left = cluster.list("Namespace", labels=",".join((_selector(MANAGED_BY), *CONSUMER)))
    except Refusal:
        return []
    staying = [one["metadata"] for one in left if "deletionTimestamp" not in one["metadata"]]
    return [Removal("Namespace", meta["name"], None, uid=meta["uid"]) for meta in staying]


def _namespace(
    cluster: Cluster, space: Json, kept: tuple[Removal, ...], remove_data: bool, with_foreign: bool
) -> Removal:
    """The namespace: it goes only if it was made here, and nothing in it is to stay."""
    name = space["metadata"]["name"]
    removal = Removal("Namespace", name, None, uid=space["metadata"]["uid"], before_digest=digest(space))
    if origin_of(space) == "adopted":
        return replace(removal, kept_because="it was not made by this project")
    if not remove_data:
        return replace(removal, kept_because="its volume claim stays in it")
    foreign, hidden = foreign_objects(cluster, name)
    objects = (*(f"{one.kind} {one.name}" for one in kept), *foreign)
    if with_foreign:
        return replace(removal, data_lost=f"goes with it: {', '.join(objects)}" if objects else "")
    if objects:
        return replace(removal, kept_because=f"it also holds {_some(objects)}")
    if hidden:
        return replace(removal, kept_because=f"this login may not see whether it also holds {_some(hidden)}")
    return removal


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _wait_until_gone(cluster: Cluster, removal: Removal) -> None:
    deadline = time.monotonic() + GONE_TIMEOUT_S
    while (live := cluster.get(removal.kind, removal.name, removal.namespace)) is not None:
        if live["metadata"]["uid"] != removal.uid:
            return
        if time.monotonic() > deadline:
            raise ClusterError(
                f"{removal.kind} {removal.name} is not gone {GONE_TIMEOUT_S:.0f} s after it was deleted.",
                why=f"held by: {', '.join(live['metadata'].get('finalizers') or ()) or 'unknown'}",
                next="See 91_troubleshoot, section Namespace; then roll back again with 90_rollback.",
            )
        time.sleep(POLL_S)


def _selector(labels: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())
