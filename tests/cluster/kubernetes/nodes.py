"""Nodes that nobody runs: objects that the control plane takes for nodes, each named for its fault.

All carry a taint of the tests, so that nothing else is placed on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from runbook.errors import ClusterError
from runbook.kubernetes import Cluster, Diagnosis, diagnose

from . import surroundings
from .conftest import Deploy

Json = dict[str, Any]
FAKE = "ollama-runbook/fake"
OURS = {"key": FAKE, "effect": "NoSchedule"}
TOLERATE = [{"key": FAKE, "operator": "Exists"}]
READY = {"type": "Ready", "status": "True", "reason": "KubeletReady"}


@dataclass(frozen=True)
class NodeFault:
    """What is wrong with a node, and the cause that a pod which wants it has to be given.

    Attributes:
        cause: Identifier of the cause.
        words: What the diagnosis has to say.
        spec: The node's spec beside the tests' taint.
        conditions: What its kubelet would report.
        bound: Whether the pod is put there without the scheduler.
        tolerant: Whether the pod tolerates the tests' taint.
    """

    cause: str
    words: str
    spec: Json
    conditions: tuple[Json, ...] = (READY,)
    bound: bool = False
    tolerant: bool = True


NODES = {
    "node-tainted": NodeFault("D19", f"{FAKE}:NoSchedule", {}, tolerant=False),
    "node-cordoned": NodeFault("D20", "is cordoned", {"unschedulable": True}),
    "node-under-pressure": NodeFault(
        "D51", "short of memory", {}, (READY, {"type": "MemoryPressure", "status": "True"})
    ),
    "node-silent": NodeFault("D56", "has stopped reporting", {}, (), bound=True),
}


@contextmanager
def fake_nodes(cluster: Cluster) -> Iterator[str]:
    """The nodes, for as long as the block runs; yields what ends their names."""
    mark = token_hex(3)
    try:
        for name, fault in NODES.items():
            make(cluster, f"{name}-{mark}", fault)
        yield mark
    finally:
        for name in NODES:
            with suppress(ClusterError):
                cluster.delete("Node", f"{name}-{mark}")


def make(cluster: Cluster, name: str, fault: NodeFault) -> None:
    labels = {**surroundings.MADE_BY_TESTS, FAKE: name}
    spec = {**fault.spec, "taints": [OURS]}
    cluster.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": spec})
    room = {"cpu": "4", "memory": "8Gi", "pods": "10"}
    status = {"capacity": room, "allocatable": room, "conditions": list(fault.conditions)}
    path = f"/api/v1/nodes/{name}/status"
    cluster.request("PATCH", path, body={"status": status}, content_type=surroundings.MERGE)


def want(deploy: Deploy, namespace: str, name: str, mark: str) -> None:
    """A Deployment whose pod wants the node of this fault and no other."""
    fault, node = NODES[name], f"{name}-{mark}"

    def spoil(spec: Json, pod: Json, container: Json) -> None:
        pod["nodeSelector"] = {FAKE: node}
        pod["tolerations"] = TOLERATE if fault.tolerant else []
        if fault.bound:
            pod["nodeName"] = node

    deploy(namespace, name, spoil)


def is_told(found: Diagnosis | None, fault: NodeFault) -> bool:
    return found is not None and found.id == fault.cause and fault.words in str(found)


def diagnose_all(cluster: Cluster, namespace: str, deploy: Deploy) -> dict[str, Diagnosis | None]:
    """What is said of a pod on each of the nodes."""
    with fake_nodes(cluster) as mark:
        for name in NODES:
            want(deploy, namespace, name, mark)
        found: dict[str, Diagnosis | None] = {}

        def all_told() -> bool:
            found.update({name: diagnose(cluster, namespace, name) for name in NODES})
            return all(is_told(found[name], fault) for name, fault in NODES.items())

        with suppress(TimeoutError):
            surroundings.eventually(all_told)
        surroundings.release(cluster, namespace)
    return found
