"""The ranking of nodes against the real scheduler: nodes with one fault each, and a pod for each of them."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from typing import Any

import pytest

from runbook.hardware import rank_nodes, survey
from runbook.kubernetes import Cluster, connect, list_loads, list_nodes
from runbook.local.control_plane import CONTEXT, control_plane
from runbook.local.parts import build
from runbook.parameters import Parameters

Json = dict[str, Any]
ROOM = {"cpu": "4", "memory": "8Gi", "pods": "110"}
POD: Json = {
    "containers": [
        {"name": "ollama", "image": "x", "resources": {"requests": {"cpu": "1500m", "memory": "2Gi"}}},
    ],
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "dedicated", "value": "ai"}],
    "volumes": [{"name": "models", "persistentVolumeClaim": {"claimName": "models"}}],
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "cores", "operator": "Gt", "values": ["3"]}]}]
            }
        }
    },
}
LABELS = {"disk": "ssd", "cores": "4", "zone": "here"}


def taint(key: str, value: str = "", effect: str = "NoSchedule") -> Json:
    return {"taints": [{"key": key, "value": value, "effect": effect}]}


# Name of a node, what differs in its spec, its labels and its room, and whether it is Ready.
NODES: dict[str, tuple[Json, Json, Json, bool]] = {
    "good": ({}, {}, {}, True),
    "tolerated": (taint("dedicated", "ai"), {}, {}, True),
    "preferably-not": (taint("old", "", "PreferNoSchedule"), {}, {}, True),
    "tainted": (taint("dedicated", "web"), {}, {}, True),
    "cordoned": ({"unschedulable": True}, {}, {}, True),
    "not-ready": (taint("node.kubernetes.io/not-ready"), {}, {}, False),
    "unlabelled": ({}, {"disk": "hdd"}, {}, True),
    "few-cores": ({}, {"cores": "3"}, {}, True),
    "no-cpu": ({}, {}, {"cpu": "1400m"}, True),
    "no-memory": ({}, {}, {"memory": "2047Mi"}, True),
    "just-enough": ({}, {}, {"cpu": "1500m", "memory": "2Gi"}, True),
    "busy": ({}, {}, {}, True),
    "full": ({}, {}, {"pods": "0"}, True),
    "far-from-the-volume": ({}, {"zone": "there"}, {}, True),
}


@pytest.fixture(scope="module")
def empty() -> Iterator[Cluster]:
    """A control plane with a scheduler and no node, where faults disturb nobody."""
    with control_plane(build(lambda _: None).programs, scheduler=True) as plane:
        cluster = connect(Parameters(target="scale", context=CONTEXT, kubeconfig=str(plane.kubeconfig)))
        yield cluster
        cluster.close()


def make_node(cluster: Cluster, name: str) -> None:
    spec, labels, room, ready = NODES[name]
    condition = {"type": "Ready", "status": "True" if ready else "False", "reason": "x", "message": "x"}
    cluster.create(
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": LABELS | labels},
            "spec": spec,
            "status": {
                "capacity": ROOM | room,
                "allocatable": ROOM | room,
                "conditions": [condition],
                "nodeInfo": {"architecture": "amd64"},
            },
        }
    )


def make_volume(cluster: Cluster) -> Json:
    """A claim that is bound to a volume of the zone `here`, as the controllers would leave them."""
    term = {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["here"]}]}
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": ""}
    claim = cluster.create(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": "models",
                "namespace": "default",
                "annotations": {"pv.kubernetes.io/bind-completed": "yes"},
            },
            "spec": spec | {"volumeName": "models", "resources": {"requests": {"storage": "1Gi"}}},
        }
    )
    volume = cluster.create(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": "models"},
            "spec": spec
            | {
                "capacity": {"storage": "1Gi"},
                "local": {"path": "/models"},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}},
                "claimRef": {"name": "models", "namespace": "default", "uid": claim["metadata"]["uid"]},
            },
        }
    )
    for path, phase in (
        ("persistentvolumes/models", "Bound"),
        ("namespaces/default/persistentvolumeclaims/models", ""),
    ):
        body = {"status": {"phase": phase or "Bound"}}
        cluster.request("PATCH", f"/api/v1/{path}/status", body=body, content_type="application/merge-patch+json")
    return volume


def make_pod(cluster: Cluster, node: str) -> None:
    """The pod, for one node alone."""
    spec = copy.deepcopy(POD)
    required = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    required["nodeSelectorTerms"][0]["matchFields"] = [field]
    cluster.create(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": node, "namespace": "default"}, "spec": spec}
    )


def verdicts(cluster: Cluster) -> dict[str, str]:
    """What the scheduler says of each pod: empty where it placed it."""
    deadline = time.monotonic() + 30
    while True:
        said = {}
        for pod in cluster.list("Pod", "default"):
            conditions = {one["type"]: one for one in (pod.get("status") or {}).get("conditions") or ()}
            scheduled = conditions.get("PodScheduled")
            if scheduled and pod["metadata"]["name"] in NODES:
                said[pod["metadata"]["name"]] = "" if scheduled["status"] == "True" else scheduled["message"]
        if len(said) == len(NODES):
            return said
        assert time.monotonic() < deadline, f"the scheduler has looked at {sorted(said)} only"
        time.sleep(0.2)


def test_the_ranking_refuses_exactly_the_nodes_that_the_scheduler_refuses(empty: Cluster) -> None:
    for name in NODES:
        make_node(empty, name)
    volume = make_volume(empty)
    load = {"containers": [{"name": "a", "image": "x", "resources": {"requests": {"cpu": "3"}}}], "nodeName": "busy"}
    empty.create(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "load", "namespace": "default"}, "spec": load}
    )
    found = survey(list_nodes(empty), list_loads(empty), None, [])
    ranked = rank_nodes(found.nodes, POD, needed_bytes=1, volume=volume)
    ours = {one.node: "" if one.rank else one.reason for one in ranked}
    for name in NODES:
        make_pod(empty, name)
    theirs = verdicts(empty)
    assert {name for name, why in ours.items() if why} == {name for name, why in theirs.items() if why}, theirs
    assert {"good", "tolerated", "preferably-not", "just-enough"} == {name for name, why in ours.items() if not why}
    for name, words in (("no-memory", "2.0 GiB"), ("busy", "3 requested"), ("far-from-the-volume", "zone In here")):
        assert words in ours[name]
