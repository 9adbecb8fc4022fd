"""What the cluster consists of, as the API's own dicts: the input of the survey in `runbook.hardware`."""

from __future__ import annotations

from runbook.hardware import Load, load_of
from runbook.kubernetes.api import Json, Refusal
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.kinds import KINDS
from runbook.kubernetes.listing import collect
from runbook.kubernetes.manifests import CLAIM


def list_nodes(cluster: Cluster) -> list[Json]:
    """Every node."""
    return collect(cluster, "Node", lambda body: _named("Node", body))


def list_pods(cluster: Cluster) -> list[Json]:
    """Every pod of every namespace."""
    return collect(cluster, "Pod", lambda body: _named("Pod", body))


def list_loads(cluster: Cluster) -> list[Load]:
    """What every pod of every namespace takes of its node: of ten thousand pods, a few megabytes are kept."""
    return collect(cluster, "Pod", load_of)


def list_storage_classes(cluster: Cluster) -> list[Json]:
    """Every StorageClass."""
    return collect(cluster, "StorageClass", lambda body: _named("StorageClass", body))


def bound_volume(cluster: Cluster, namespace: str) -> Json | None:
    """The PersistentVolume behind the claim of the models; None where it is not bound, or may not be read."""
    try:
        claim = cluster.get("PersistentVolumeClaim", CLAIM, namespace) or {}
        name = (claim.get("spec") or {}).get("volumeName")
        return cluster.get("PersistentVolume", name) if name else None
    except Refusal:
        return None


def _named(kind: str, body: Json) -> Json:
    """The object with its kind, which lists leave out, and without what nobody reads here but is most of its size.

    Those are the bookkeeping of field owners, and the images that a node has cached.
    """
    body["metadata"].pop("managedFields", None)
    (body.get("status") or {}).pop("images", None)
    return {"apiVersion": KINDS[kind].api_version, "kind": kind, **body}
