"""The survey of a cluster, from listing its nodes to asking them: what may not be read or run is said, not raised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from runbook import hardware
from runbook.hardware import Placement, Survey
from runbook.hardware.survey import UNPROBED
from runbook.kubernetes.api import Json, Refusal
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.inventory import bound_volume, list_loads, list_nodes, list_storage_classes
from runbook.kubernetes.manifests import load_manifests
from runbook.kubernetes.metrics import node_metrics
from runbook.kubernetes.probing import probe_nodes
from runbook.parameters import Parameters

Found = TypeVar("Found")
FORBIDDEN = 403


def survey(
    cluster: Cluster,
    parameters: Parameters,
    *,
    probe: bool = True,
    progress: Callable[[str], object] = lambda _: None,
) -> Survey:
    """What the cluster offers to a model; with `probe` a short pod on each node measures its memory.

    Raises:
        Refusal: The server answered with an error status other than that something is not permitted.
        ClusterUnreachable: Nobody answered, or not in time.
    """
    unknown: list[str] = []
    found = hardware.survey(
        _permitted(lambda: list_nodes(cluster), "nodes", unknown),
        _permitted(lambda: list_loads(cluster), "pods, so that memory others requested counts as free", unknown),
        node_metrics(cluster),
        _permitted(lambda: list_storage_classes(cluster), "storage classes", unknown),
    )
    if not probe:
        return hardware.with_machines(found, {}, (*unknown, UNPROBED))
    ranked = {one.node: one.rank for one in placements(cluster, parameters, found) if one.rank}
    ordered = sorted(found.nodes, key=lambda node: ranked.get(node.name, len(found.nodes)))
    probed = probe_nodes(cluster, parameters, ordered, progress=progress)
    return hardware.with_machines(
        found, probed.machines, (*unknown, *probed.unknown), memory_modules=parameters.memory_modules
    )


def placements(
    cluster: Cluster, parameters: Parameters, found: Survey, needed_bytes: int | None = None
) -> tuple[Placement, ...]:
    """The nodes in the order in which they suit the target's model, and why its pod would not be placed on others.

    Args:
        cluster: Where; asked for the volume that the model's claim is bound to.
        parameters: The target.
        found: The survey.
        needed_bytes: Memory that the model needs; without it the pod's memory limit.
    """
    needed = int(hardware.parse_quantity(parameters.memory_limit)) if needed_bytes is None else needed_bytes
    volume = bound_volume(cluster, parameters.namespace)
    return hardware.rank_nodes(found.nodes, _pod(parameters), needed_bytes=needed, volume=volume)


def _pod(parameters: Parameters) -> Json:
    """Spec of the pod that the target's manifests would make."""
    (deployment,) = (one for one in load_manifests(parameters) if one.kind == "Deployment")
    spec: Json = deployment.body["spec"]["template"]["spec"]
    return spec


def _permitted(read: Callable[[], list[Found]], what: str, unknown: list[str]) -> list[Any]:
    """What was read, or nothing where it may not be, which is then noted."""
    try:
        return list(read())
    except Refusal as refusal:
        if refusal.code != FORBIDDEN:
            raise
        unknown.append(f"{what}: {refusal.message or 'they may not be listed'}")
        return []
