"""Exercise on Pod Security Standards: a namespace that refuses a careless pod and takes a careful one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from runbook.checks import Check
from runbook.kubernetes import Cluster, Refusal
from runbook.kubernetes.api import Json
from runbook.learning.objects import exists, in_turn

ENFORCE: Final = "pod-security.kubernetes.io/enforce"


def judge_security(cluster: Cluster, namespace: str, pod: str = "careful") -> tuple[Check, ...]:
    """Whether the namespace enforces `restricted`, shown by a pod that is refused, and a careful pod runs in it."""
    return in_turn(_security(cluster, namespace, pod))


def _security(cluster: Cluster, namespace: str, pod: str) -> Iterator[Check]:
    space = cluster.get("Namespace", namespace)
    yield exists(space, "Namespace", namespace, namespace, f"kubectl create namespace {namespace}")
    level = (((space or {}).get("metadata") or {}).get("labels") or {}).get(ENFORCE, "nothing")
    yield Check.that(
        "It enforces restricted",
        level == "restricted",
        level,
        f"kubectl label namespace {namespace} {ENFORCE}=restricted",
    )
    yield _refuses(cluster, namespace)
    body = cluster.get("Pod", pod, namespace)
    yield exists(body, "Pod", pod, namespace, "the refusal names each field that is missing: add them one by one")
    phase = ((body or {}).get("status") or {}).get("phase", "absent")
    good = phase in ("Running", "Succeeded")
    yield Check.that("It runs", good, phase, f"kubectl describe pod {pod}: an image that runs as root is refused later")


def _refuses(cluster: Cluster, namespace: str) -> Check:
    """A dry run on the server with a pod that says nothing of its security; nothing is created."""
    name = "A careless pod is refused"
    container = {
        "name": "careless",
        "image": "careless",
        # Stated, so that no quota refuses it first.
        "resources": {kind: {"cpu": "1m", "memory": "1Mi"} for kind in ("requests", "limits")},
    }
    body: Json = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "careless", "namespace": namespace},
        "spec": {"containers": [container]},
    }
    try:
        cluster.request("POST", f"/api/v1/namespaces/{namespace}/pods", query={"dryRun": "All"}, body=body)
    except Refusal as refusal:
        return Check.that(name, "PodSecurity" in refusal.message, refusal.message, "kubectl auth can-i create pods")
    return Check.that(name, False, "a pod without any security settings would be taken", f"look at the label {ENFORCE}")
