"""Why a rollout does not finish: the one root cause, not its symptoms."""

from __future__ import annotations

from runbook.kubernetes.causes import CAUSES
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.known import Diagnosis
from runbook.kubernetes.workload import Workload, container_statuses


def diagnose(cluster: Cluster, namespace: str, deployment: str) -> Diagnosis | None:
    """What is wrong with a Deployment; None where its newest revision is available."""
    return judge(Workload(cluster, namespace, deployment))


def judge(workload: Workload) -> Diagnosis | None:
    """The first cause that the moment shows; of a rollout that is merely under way, what it waits for."""
    if workload.is_complete:
        return None
    found = (cause.recognise(workload) for cause in CAUSES)
    return next((one for one in found if one), None) or under_way(workload)


def under_way(workload: Workload) -> Diagnosis:
    """Nothing is wrong that can be seen; the words say what is waited for."""
    return Diagnosis(
        "D00",
        "Rollout",
        f"The rollout of {workload.name} is under way: {stage(workload)}.",
        f"Deployment {workload.name}: {_counts(workload)}",
        "Wait for it; 03_apply shows how it goes on.",
        patience_s=None,
    )


def stage(workload: Workload) -> str:
    """What the newest pod waits for, in a few words."""
    if workload.newest is None or workload.pod is None:
        return "waiting for the old pod to end" if workload.leaving else "waiting for its pod to be created"
    name = workload.pod["metadata"]["name"]
    if not workload.pod["spec"].get("nodeName"):
        return f"pod {name} waits for a node"
    for status in container_statuses(workload.pod):
        waiting = (status.get("state") or {}).get("waiting")
        if waiting:
            return f"pod {name}: {_creating(workload, waiting.get('reason', 'waiting'))}"
        if not status.get("ready"):
            return f"pod {name} runs, waiting for its probes"
    return f"pod {name} is ready, waiting for it to be counted"


def _creating(workload: Workload, reason: str) -> str:
    """A container that is being created is pulling its image, or waiting for its volume and network."""
    if reason != "ContainerCreating":
        return reason
    latest = workload.events(workload.pod, "Pulling", "Pulled", "Created", "Started")
    if latest and latest[0].reason == "Pulling":
        return "pulling its image"
    return "starting its container" if latest else "setting up its volume and network"


def _counts(workload: Workload) -> str:
    status = (workload.deployment or {}).get("status") or {}
    return (
        f"{status.get('replicas', 0)} pods, {status.get('updatedReplicas', 0)} of the newest revision, "
        f"{status.get('availableReplicas', 0)} available"
    )
