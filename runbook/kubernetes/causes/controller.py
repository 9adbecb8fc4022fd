"""Causes above the pod: the namespace, the Deployment, and the ReplicaSet that may not create its pod."""

from __future__ import annotations

from dataclasses import replace

from runbook.kubernetes.admission import ADMISSION
from runbook.kubernetes.api import Json
from runbook.kubernetes.known import Diagnosis, recognise
from runbook.kubernetes.workload import Workload, condition

# A ReplicaSet retries at growing intervals, so after the repair it may sit still for a quarter of an hour.
RETRY_NOW = " Afterwards `kubectl rollout restart deployment {name} -n {namespace}` makes it try again at once."
# An old pod that is leaving gives its quota back.
QUOTA_PATIENCE_S = 20.0


def namespace_is_terminating(workload: Workload) -> Diagnosis | None:
    """D07: the namespace is being deleted."""
    space = workload.space
    if space is None or "deletionTimestamp" not in space["metadata"]:
        return None
    return Diagnosis(
        "D07",
        "Namespace",
        f"The namespace {workload.namespace} is being deleted, so nothing can be created in it.",
        what_remains(space) or f"deletionTimestamp {space['metadata']['deletionTimestamp']}",
        f"Wait until it is gone (`kubectl get namespace {workload.namespace} -w`), then apply again with 03_apply.",
    )


def what_remains(space: Json) -> str:
    """What keeps a namespace from going, as its conditions say; empty where they say nothing."""
    kinds = ("NamespaceContentRemaining", "NamespaceFinalizersRemaining", "NamespaceDeletionDiscoveryFailure")
    conditions = (condition(space, kind) for kind in kinds)
    return "; ".join(one["message"] for one in conditions if one.get("status") == "True")


def is_not_there(workload: Workload) -> Diagnosis | None:
    """D00: there is no such Deployment."""
    if workload.deployment is not None:
        return None
    what = "Deployment" if workload.space else "namespace"
    missing = workload.name if workload.space else workload.namespace
    return Diagnosis(
        "D00",
        "Apply",
        f"The {what} {missing} does not exist.",
        f"404 for Deployment {workload.name} in the namespace {workload.namespace}",
        "Apply the manifests with 03_apply.",
    )


def is_being_deleted(workload: Workload) -> Diagnosis | None:
    """D02: the Deployment is on its way out."""
    meta = (workload.deployment or {}).get("metadata", {})
    if "deletionTimestamp" not in meta:
        return None
    return Diagnosis(
        "D02",
        "Apply",
        f"The Deployment {workload.name} is being deleted.",
        f"deletionTimestamp {meta['deletionTimestamp']}, finalizers {', '.join(meta.get('finalizers') or ['none'])}",
        "Wait until it is gone, then apply again with 03_apply.",
    )


def is_paused_or_empty(workload: Workload) -> Diagnosis | None:
    """D16: nobody is asked to run anything."""
    spec = (workload.deployment or {}).get("spec", {})
    who = _last_writer(workload)
    where = f"deployment {workload.name} -n {workload.namespace}"
    if spec.get("paused"):
        return Diagnosis(
            "D16",
            "Rollout",
            f"The Deployment {workload.name} is paused, so a change of it is not rolled out.",
            f"spec.paused is true{who}",
            f"Resume it: `kubectl rollout resume {where}`.",
        )
    if spec.get("replicas", 1) == 0:
        return Diagnosis(
            "D16",
            "Rollout",
            f"The Deployment {workload.name} is scaled to zero, so no pod is wanted.",
            f"spec.replicas is 0{who}",
            f"Scale it up: `kubectl scale {where} --replicas=1`.",
        )
    return None


def pod_is_refused(workload: Workload) -> Diagnosis | None:
    """D07 to D15: the ReplicaSet may not create its pod; no pod exists that could say so."""
    failure = condition(workload.newest, "ReplicaFailure")
    if failure.get("status") != "True" or workload.pods:
        return None
    message = failure.get("message", "")
    evidence = (
        f"ReplicaSet condition ReplicaFailure, {workload.age_s(failure.get('lastTransitionTime')):.0f} s: {message}"
    )
    facts = {"namespace": workload.namespace, "object": "the pod"}
    found = recognise(ADMISSION, message, evidence=evidence, **facts) or Diagnosis(
        "D08", "Admission", "The API server refuses the pod.", evidence, "Change what it objects to and apply again."
    )
    patience = QUOTA_PATIENCE_S if found.id == "D10" else found.patience_s
    again = RETRY_NOW.format(name=workload.name, namespace=workload.namespace)
    return replace(found, remedy=found.remedy + again, patience_s=patience)


def old_pod_stays(workload: Workload) -> Diagnosis | None:
    """D17: with Recreate the old pod has to be gone before the new one is made."""
    strategy = ((workload.deployment or {}).get("spec", {}).get("strategy") or {}).get("type")
    if strategy != "Recreate" or workload.pods or not workload.leaving:
        return None
    old = workload.leaving[0]["metadata"]
    held = ", ".join(old.get("finalizers") or ())
    until = f"to be gone by {old['deletionTimestamp']}" if "deletionTimestamp" in old else "not deleted yet"
    return Diagnosis(
        "D17",
        "Rollout",
        f"The new pod waits for the old one, {old['name']}, to end.",
        f"pod {old['name']}, {until}" + (f", held by the finalizer {held}" if held else ""),
        "Wait. Force its deletion only when its node is surely off: two writers ruin a volume.",
        patience_s=None,
    )


def deadline_has_passed(workload: Workload) -> Diagnosis | None:
    """D57: the Deployment's own deadline passed, and nothing else says why."""
    progressing = condition(workload.deployment, "Progressing")
    if progressing.get("reason") != "ProgressDeadlineExceeded" or workload.is_complete:
        return None
    return Diagnosis(
        "D57",
        "Rollout",
        f"The Deployment {workload.name} made no progress within its deadline, and nothing that was read says why.",
        progressing.get("message", "ProgressDeadlineExceeded"),
        "It may still succeed. Look at its pods and events in 91_troubleshoot.",
        patience_s=None,
    )


def _last_writer(workload: Workload) -> str:
    """Who wrote the Deployment's spec last, and when."""
    writers = [
        one
        for one in (workload.deployment or {}).get("metadata", {}).get("managedFields") or ()
        if "f:spec" in (one.get("fieldsV1") or {}) and one.get("time")
    ]
    if not writers:
        return ""
    last = max(writers, key=lambda one: str(one["time"]))
    return f", last written by {last['manager']} at {last['time']}"
