"""Causes before a node is chosen: nobody looks at the pod, or no node fits it, with the arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from runbook.hardware import parse_quantity
from runbook.kubernetes.api import Json
from runbook.kubernetes.known import Diagnosis, Known, recognise
from runbook.kubernetes.workload import Workload, condition

# A pod that leaves may make room.
ROOM_PATIENCE_S = 60.0
SCHEDULER_PATIENCE_S = 30.0
# It says nothing either while it waits for a volume to be bound.
SILENT_AFTER_S = 10.0

SELECTOR = r"didn't match Pod's node affinity/selector"
CORDONED = r"node\(s\) were unschedulable"
TAINTED = r"untolerated taint"
PREFIX = "node.kubernetes.io/"
NODE_TAINTS = (
    ("D56", "Every node that would fit is not ready.", {f"{PREFIX}not-ready", f"{PREFIX}unreachable"}),
    (
        "D51",
        "Every node that would fit is short of memory, disk or processes.",
        {f"{PREFIX}{short}-pressure" for short in ("memory", "disk", "pid")},
    ),
)

# Each node shows only its first failing filter; these stand in the order of what a person mends first.
NO_NODE: tuple[Known, ...] = (
    Known(
        "D18",
        "Scheduling",
        r"no nodes available to schedule pods",
        "The cluster has no node.",
        "Start one: `kubectl get nodes` shows when it has joined.",
        ROOM_PATIENCE_S,
    ),
    Known(
        "D18",
        "Scheduling",
        r"(?P<count>\d+) Insufficient (?P<resource>[\w/-]+(?:\.[\w/-]+)*)",
        "No node has enough {resource} left for the pod.",
        "Lower the {resource} request in the target, choose a smaller model, or free a node: "
        "`kubectl describe nodes` lists what uses it.",
        ROOM_PATIENCE_S,
    ),
    Known(
        "D18",
        "Scheduling",
        r"(?P<count>\d+) Too many pods",
        "Every node that would fit runs as many pods as it may.",
        "Move or delete pods, or raise the kubelet's maxPods.",
        ROOM_PATIENCE_S,
    ),
    Known(
        "D22",
        "Scheduling",
        r"didn't match PersistentVolume's node affinity|volume node affinity conflict",
        "The volume with the models lives on a node that the pod cannot run on.",
        "Bring that node back, or copy the models to a claim elsewhere; do not delete the claim. "
        "`kubectl get pv -o wide` and its nodeAffinity name the node.",
    ),
    Known(
        "D20",
        "Scheduling",
        SELECTOR,
        "No node has the labels that the pod asks for{selector}.",
        "Correct `node_selector` in the target, or label the node: `kubectl get nodes --show-labels`.",
    ),
    Known(
        "D20",
        "Scheduling",
        CORDONED,
        "Every node that would fit is cordoned.",
        "Whoever cordoned it decides: `kubectl uncordon NODE` lets pods on it again.",
        ROOM_PATIENCE_S,
    ),
    Known(
        "D20",
        "Scheduling",
        r"didn't have free ports",
        "The host port that the pod asks for is taken on every node.",
        "Drop the host port: the Service reaches the pod without one.",
    ),
    Known(
        "D19",
        "Scheduling",
        TAINTED,
        "Every node that would fit has a taint that the pod does not tolerate{taints}.",
        "Remove the taint if it is yours (`kubectl taint nodes NODE KEY-`), or choose other nodes.",
        ROOM_PATIENCE_S,
    ),
)


def nobody_schedules(workload: Workload) -> Diagnosis | None:
    """D23: the scheduler has not even looked at the pod."""
    pod = workload.pod
    if pod is None or pod["spec"].get("nodeName") or condition(pod, "PodScheduled"):
        return None
    age_s = workload.age_s(pod["metadata"].get("creationTimestamp"))
    if age_s < SILENT_AFTER_S:
        return None
    return Diagnosis(
        "D23",
        "Scheduling",
        f"No scheduler has looked at the pod {pod['metadata']['name']}.",
        f"no PodScheduled condition after {age_s:.0f} s; schedulerName {pod['spec'].get('schedulerName', '')}",
        "See whether kube-scheduler runs: `kubectl get pods -n kube-system`.",
        patience_s=SCHEDULER_PATIENCE_S,
    )


def no_node_fits(workload: Workload) -> Diagnosis | None:
    """D18 to D22: the scheduler looked, and no node fits."""
    scheduled = condition(workload.pod, "PodScheduled")
    if scheduled.get("status") != "False":
        return None
    message = scheduled.get("message", "")
    found = recognise(_rows(workload), message, **_facts(workload)) or Diagnosis(
        "D18",
        "Scheduling",
        "No node fits the pod.",
        message,
        "Mend what the scheduler names; a repair may uncover the next reason.",
        ROOM_PATIENCE_S,
    )
    age_s = workload.age_s(scheduled.get("lastTransitionTime"))
    found = replace(found, evidence=f"PodScheduled is False for {age_s:.0f} s: {message}")
    if found.id == "D19":
        return _by_taint(workload, found)
    return _with_sums(workload, found) if found.id == "D18" else found


def _rows(workload: Workload) -> list[Known]:
    """What may be the cause: the message counts every node, also those that the pod does not ask for."""
    wanted = _eligible(workload)
    if not wanted:
        return list(NO_NODE)
    beside = {SELECTOR}
    if not any((node.get("spec") or {}).get("unschedulable") for node in wanted):
        beside.add(CORDONED)
    if not any(_repels(workload, taint) for node in wanted for taint in _taints(node)):
        beside.add(TAINTED)
    return [row for row in NO_NODE if row.pattern not in beside]


def _repels(workload: Workload, taint: Json) -> bool:
    """Whether the pod does not tolerate a taint."""
    tolerations = ((workload.pod or {}).get("spec") or {}).get("tolerations") or ()
    return not any(
        one.get("key", taint["key"]) == taint["key"]
        and one.get("effect", taint["effect"]) == taint["effect"]
        and (one.get("operator") == "Exists" or one.get("value", "") == taint.get("value", ""))
        for one in tolerations
    )


def _eligible(workload: Workload) -> list[Json]:
    """The nodes that have the labels the pod asks for; a pod that asks for none may go to any."""
    wanted = ((workload.pod or {}).get("spec") or {}).get("nodeSelector") or {}
    return [
        node for node in workload.nodes if wanted.items() <= (node["metadata"].get("labels") or {}).items() and wanted
    ]


def _by_taint(workload: Workload, found: Diagnosis) -> Diagnosis:
    """A taint that the cluster set by itself stands for the state of the node."""
    nodes = _eligible(workload) or workload.nodes
    keys = {taint["key"] for node in nodes for taint in _taints(node) if _repels(workload, taint)}
    for cause, words, meant in NODE_TAINTS:
        if keys and keys <= meant:
            remedy = "Bring the node back, or free what it is short of: `kubectl describe nodes`; the taint then goes."
            return replace(found, id=cause, section="Node", cause=words, remedy=remedy)
    return found


def _taints(node: Json) -> list[Json]:
    return (node.get("spec") or {}).get("taints") or []


def _facts(workload: Workload) -> dict[str, str]:
    """The labels the pod wants and the taints there are: the scheduler's message names neither."""
    selector = ((workload.pod or {}).get("spec") or {}).get("nodeSelector") or {}
    taints = {
        f"{taint['key']}:{taint['effect']}"
        for node in _eligible(workload) or workload.nodes
        for taint in _taints(node)
        if _repels(workload, taint)
    }
    return {
        "selector": f" ({', '.join(f'{key}={value}' for key, value in selector.items())})" if selector else "",
        "taints": f" ({', '.join(sorted(taints))})" if taints else "",
    }


@dataclass(frozen=True)
class Room:
    """What one node has of one resource, against what the pod asks for."""

    node: str
    resource: str
    wanted: Decimal
    left: Decimal
    allocatable: Decimal

    def __str__(self) -> str:
        return (
            f"asks for {_shown(self.wanted, self.resource)} {self.resource}, node {self.node} has "
            f"{_shown(self.left, self.resource)} of {_shown(self.allocatable, self.resource)} left"
        )


def _with_sums(workload: Workload, found: Diagnosis) -> Diagnosis:
    """The same with what the pod asks for and what each node has left; final where no node is that large."""
    nodes = _eligible(workload) or workload.nodes
    rooms = [_room(workload, node, resource) for node in nodes for resource in ("cpu", "memory")]
    short = [room for room in rooms if room.wanted > room.left]
    if not short:
        return found
    large_enough = {room.node for room in rooms} - {room.node for room in rooms if room.wanted > room.allocatable}
    return replace(
        found,
        cause=found.cause + ("" if large_enough else " None is that large, even when empty."),
        evidence=f"{'; '.join(map(str, short))}. {found.evidence}",
        patience_s=found.patience_s if large_enough else 0.0,
    )


def _room(workload: Workload, node: Json, resource: str) -> Room:
    name = node["metadata"]["name"]
    allocatable = parse_quantity(str((node["status"].get("allocatable") or {}).get(resource, "0")))
    there = [pod for pod in workload.everybodys_pods if pod["spec"].get("nodeName") == name]
    used = sum((requested(pod, resource) for pod in there), Decimal(0))
    return Room(name, resource, requested(workload.pod or {}, resource), allocatable - used, allocatable)


def requested(pod: Json, resource: str) -> Decimal:
    """What the scheduler counts for a pod: its containers together, or its largest init container if that is more."""
    spec = pod.get("spec") or {}

    def of(container: Json) -> Decimal:
        return parse_quantity(str(((container.get("resources") or {}).get("requests") or {}).get(resource, "0")))

    running = sum((of(one) for one in spec.get("containers") or ()), Decimal(0))
    return max((running, *(of(one) for one in spec.get("initContainers") or ())))


def _shown(amount: Decimal, resource: str) -> str:
    return f"{amount / (1 << 30):.2f} GiB" if resource == "memory" else f"{amount:.2f}"
