"""Causes on the node: it is not ready, or it put the pod out."""

from __future__ import annotations

import re

from runbook.kubernetes.known import Diagnosis
from runbook.kubernetes.workload import Workload, condition

# A kubelet that restarts is back sooner.
NODE_PATIENCE_S = 60.0
# Who took a pod away, by the reason of its condition DisruptionTarget.
TAKEN_BY = {
    "PreemptionByScheduler": "the scheduler, to make room for a pod of higher priority",
    "DeletionByTaintManager": "a taint of its node that it does not tolerate",
    "EvictionByEvictionAPI": "an eviction, as `kubectl drain` makes",
    "DeletionByPodGC": "the clean-up of pods whose node is gone",
    "TerminationByKubelet": "its node, which shuts down or ran short",
}


def is_not_ready(workload: Workload) -> Diagnosis | None:
    """D56: the pod's node is not ready, so nothing that the pod's status says is fresh."""
    if workload.node is None:
        return None
    ready = condition(workload.node, "Ready")
    if ready.get("status") == "True":
        return None
    name = workload.node["metadata"]["name"]
    gone = ready.get("status", "Unknown") == "Unknown"
    return Diagnosis(
        "D56",
        "Node",
        f"The node {name} is not ready: " + ("its kubelet has stopped reporting." if gone else "its kubelet says why."),
        f"Ready is {ready.get('status', 'unknown')} for {workload.age_s(ready.get('lastTransitionTime')):.0f} s, "
        f"{ready.get('reason', '')}: {ready.get('message', '')}",
        f"Bring the node or its kubelet back; `kubectl describe node {name}`. The pod starts again by itself.",
        patience_s=NODE_PATIENCE_S,
    )


def pod_was_evicted(workload: Workload) -> Diagnosis | None:
    """D50 and D51: the kubelet ended the pod for the disk or the memory it used."""
    status = (workload.pod or {}).get("status") or {}
    if status.get("phase") != "Failed" or status.get("reason") != "Evicted":
        return None
    message = status.get("message", "")
    if "ephemeral" in message or "EmptyDir" in message:
        return Diagnosis(
            "D50",
            "Storage",
            "The pod wrote more to its temporary space than it may.",
            f"Evicted: {message}",
            "Models belong on the claim: OLLAMA_MODELS has to lie on its mount.",
            patience_s=30.0,
        )
    short = re.search(r"low on resource: (\S+?)\.", message)
    return Diagnosis(
        "D51",
        "Node",
        f"The node ran short of {short[1] if short else 'a resource'} and put the pod out.",
        f"Evicted: {message}",
        "Free it on the node, or give the pod a request as high as its use, so that others go first.",
        patience_s=30.0,
    )


def pod_was_taken_away(workload: Workload) -> Diagnosis | None:
    """D52: somebody ended the pod from outside, and its successor is not ready yet."""
    for pod in workload.leaving:
        taken = condition(pod, "DisruptionTarget")
        if taken.get("status") == "True":
            reason = taken.get("reason", "")
            return Diagnosis(
                "D52",
                "Node",
                f"The pod {pod['metadata']['name']} was taken away by {TAKEN_BY.get(reason, reason)}.",
                f"DisruptionTarget, {workload.age_s(taken.get('lastTransitionTime')):.0f} s ago, {reason}: "
                f"{taken.get('message', '')}",
                "Wait for its successor; whoever drains or fills the node decides where it runs.",
                patience_s=None,
            )
    return None
