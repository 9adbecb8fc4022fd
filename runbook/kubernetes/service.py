"""Where a Service leads: the pods behind it that are ready, and the port they listen on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runbook.errors import ClusterError
from runbook.kubernetes.api import Json
from runbook.kubernetes.cluster import Cluster


@dataclass(frozen=True)
class Endpoint:
    """A pod behind a Service, and the port it listens on."""

    pod: str
    port: int


def ready_endpoints(cluster: Cluster, namespace: str, service: str, port: int) -> tuple[Endpoint, ...]:
    """Every ready pod behind a port of a Service.

    Raises:
        ClusterError: The Service does not exist, or has no such port.
    """
    found = cluster.get("Service", service, namespace)
    if found is None:
        raise ClusterError(
            f"There is no Service {service} in the namespace {namespace}.", next="Apply the manifests with 03_apply."
        )
    names = {one["port"]: one.get("name", "") for one in found["spec"].get("ports") or ()}
    if port not in names:
        raise ClusterError(
            f"The Service {service} has no port {port}.",
            why=f"its ports: {', '.join(map(str, names)) or 'none'}",
            next="Apply the manifests with 03_apply.",
        )
    slices = cluster.list("EndpointSlice", namespace, labels=f"kubernetes.io/service-name={service}")
    return tuple(endpoint for one in slices for endpoint in _ready(one, names[port]))


def ready_pod(cluster: Cluster, namespace: str, service: str, port: int) -> Endpoint:
    """One ready pod behind a port of a Service.

    Raises:
        ClusterError: There is none; what stands in the way is said.
    """
    ready = ready_endpoints(cluster, namespace, service, port)
    if ready:
        return ready[0]
    raise ClusterError(
        f"No pod behind the Service {service} in the namespace {namespace} is ready.",
        why="none of its EndpointSlices has a ready endpoint",
        next="Wait for the rollout with 03_apply, or see 91_troubleshoot, section Service.",
    )


def _ready(one: Json, port_name: str) -> Iterator[Endpoint]:
    ports = [port["port"] for port in one.get("ports") or () if (port.get("name") or "") == port_name]
    for endpoint in one.get("endpoints") or ():
        target = endpoint.get("targetRef") or {}
        if ports and target.get("kind") == "Pod" and (endpoint.get("conditions") or {}).get("ready") is not False:
            yield Endpoint(target["name"], ports[0])
