"""What the cluster consists of, as the API's own dicts: the input of the survey in `runbook.hardware`."""

from __future__ import annotations

from runbook.kubernetes.api import Json
from runbook.kubernetes.cluster import Cluster


def list_nodes(cluster: Cluster) -> list[Json]:
    """Every node."""
    return _slim(cluster.list("Node"))


def list_pods(cluster: Cluster) -> list[Json]:
    """Every pod of every namespace."""
    return _slim(cluster.list("Pod"))


def list_storage_classes(cluster: Cluster) -> list[Json]:
    """Every StorageClass."""
    return _slim(cluster.list("StorageClass"))


def _slim(objects: list[Json]) -> list[Json]:
    """The objects without the bookkeeping of field owners, which is half their size and nobody reads."""
    for one in objects:
        one["metadata"].pop("managedFields", None)
    return objects
