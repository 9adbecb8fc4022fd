"""What every exercise needs: checks that build on each other, and a look at the learner's objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from runbook.checks import Check
from runbook.kubernetes import Cluster, Refusal
from runbook.kubernetes.api import Json

# Resources that the exercises make: group, and plural.
MADE: Final = (
    ("", "namespaces"),
    ("", "pods"),
    ("", "persistentvolumeclaims"),
    ("", "services"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
)


def in_turn(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Checks up to the first that failed, and those behind it as skipped: they build on it."""
    found: list[Check] = []
    waits = False
    for check in checks:
        found.append(Check.skipped(check.name, "the line above comes first") if waits else check)
        waits = waits or check.status == "failed"
    return tuple(found)


def exists(body: Json | None, kind: str, name: str, namespace: str, hint: str) -> Check:
    """Whether an object is there."""
    where = f"{kind} {name} in the namespace {namespace}"
    return Check.that(f"There is a {kind} {name}", body is not None, where if body else f"no {where}", hint)


def containers(pod_spec: Json) -> list[Json]:
    """The containers that run together: a pod's own, and its sidecars."""
    sidecars = [one for one in pod_spec.get("initContainers") or () if one.get("restartPolicy") == "Always"]
    return [*(pod_spec.get("containers") or ()), *sidecars]


def pods_of(cluster: Cluster, owner: Json) -> list[Json]:
    """Pods that a workload's own selector selects, in the order of their names."""
    labels = ((owner.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    found = cluster.list("Pod", owner["metadata"]["namespace"], labels=selector)
    alive = [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]
    return sorted(alive, key=lambda pod: str(pod["metadata"]["name"]))


def may_practise(cluster: Cluster, namespace: str) -> tuple[Check, ...]:
    """Whether you may make what the exercises ask for, in a namespace that holds nothing of Kubernetes itself."""
    return (
        Check.that(
            "The namespace is one to practise in",
            not namespace.startswith("kube-") and namespace != "default",
            namespace,
            "choose a name of your own, such as practice",
        ),
        *_rights(cluster, namespace),
    )


def _rights(cluster: Cluster, namespace: str) -> Iterator[Check]:
    for group, plural in MADE:
        asked = {"verb": "create", "group": group, "resource": plural}
        attributes = asked if plural == "namespaces" else {**asked, "namespace": namespace}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        name = f"You may create {plural}"
        try:
            reply = cluster.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=body).body
        except Refusal as refusal:
            yield Check.skipped(name, refusal.message)
            continue
        status = reply.get("status") or {}
        evidence = status.get("reason") or ("allowed" if status.get("allowed") else "not allowed")
        yield Check.that(name, bool(status.get("allowed")), evidence, f"kubectl auth can-i create {plural}")
