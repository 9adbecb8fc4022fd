"""Exercises on storage: a claim that outlives its pods, and a StatefulSet whose pods keep their names and volumes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from runbook.checks import Check
from runbook.kubernetes import Cluster
from runbook.kubernetes.api import Json
from runbook.kubernetes.workload import parse_time
from runbook.learning.objects import exists, in_turn, pods_of

# Timestamps are whole seconds, and a claim and its first pod are made within one.
APART_S: Final = 2
BINDING: Final = "with WaitForFirstConsumer a claim stays Pending until a pod uses it: kubectl describe pvc"


def judge_claim(
    cluster: Cluster, namespace: str, claim: str = "notes", reader: str = "reader", word: str = "kept"
) -> tuple[Check, ...]:
    """Whether what one pod wrote is read by another after the first is gone."""
    return in_turn(_claim(cluster, namespace, claim, reader, word))


def _claim(cluster: Cluster, namespace: str, claim: str, reader: str, word: str) -> Iterator[Check]:
    body = cluster.get("PersistentVolumeClaim", claim, namespace)
    yield exists(body, "PersistentVolumeClaim", claim, namespace, "kubectl explain pvc.spec; 16Mi are plenty")
    phase = ((body or {}).get("status") or {}).get("phase", "absent")
    yield Check.that("It is bound to a volume", phase == "Bound", phase, BINDING)
    pod = cluster.get("Pod", reader, namespace)
    yield exists(pod, "Pod", reader, namespace, f"a second pod that mounts {claim} and prints the file")
    used = _claims_of(pod or {})
    yield Check.that(
        f"It mounts {claim}", claim in used, ", ".join(used) or "no claim", "kubectl explain pod.spec.volumes"
    )
    others = [one for one in cluster.list("Pod", namespace) if claim in _claims_of(one)]
    alive = [one["metadata"]["name"] for one in others if one["metadata"]["name"] != reader]
    yield Check.that(
        "The pod that wrote is gone",
        not alive,
        f"still there: {', '.join(alive)}" if alive else "no other pod uses the claim",
        "kubectl delete pod: the claim and its volume stay",
    )
    said = cluster.log(namespace, reader, _first_container(pod or {})) if pod else ""
    yield Check.that(
        f"It prints `{word}`, which the other pod wrote",
        word in said,
        said.strip()[-200:] or "it has printed nothing",
        f"let the first pod write `{word}` into a file on the volume, and the reader `cat` it: kubectl logs {reader}",
    )


def judge_stateful(cluster: Cluster, namespace: str, name: str = "counters") -> tuple[Check, ...]:
    """Whether a StatefulSet's pods have names and volumes of their own, under a Service without an address."""
    return in_turn(_stateful(cluster, namespace, name))


def _stateful(cluster: Cluster, namespace: str, name: str) -> Iterator[Check]:
    body = cluster.get("StatefulSet", name, namespace)
    yield exists(
        body, "StatefulSet", name, namespace, "kubectl explain statefulset.spec; a Deployment has no such names"
    )
    spec = (body or {}).get("spec") or {}
    service = cluster.get("Service", str(spec.get("serviceName") or "-"), namespace) or {}
    address = (service.get("spec") or {}).get("clusterIP", "no such Service")
    yield Check.that(
        "Its Service is headless, so that each pod has a DNS name",
        address == "None",
        f"{spec.get('serviceName') or 'serviceName is empty'}: {address}",
        "a Service with `clusterIP: None`, named in serviceName",
    )
    templates = [one["metadata"]["name"] for one in spec.get("volumeClaimTemplates") or ()]
    words = ", ".join(templates) or "no volumeClaimTemplates"
    yield Check.that("Each pod gets a claim of its own", bool(templates), words, "kubectl explain statefulset.spec")
    pods = pods_of(cluster, body) if body else []
    wanted = [f"{name}-{number}" for number in range(max(2, int(spec.get("replicas") or 0)))]
    ready = [pod["metadata"]["name"] for pod in pods if _is_ready(pod)]
    yield Check.that(
        "At least two pods are ready, numbered from 0",
        ready == wanted,
        f"ready: {', '.join(ready) or 'none'}; wanted: {', '.join(wanted)}",
        "they start one after the other, each when the one before is ready: kubectl get pods --watch",
    )
    claims = {one["metadata"]["name"]: one for one in cluster.list("PersistentVolumeClaim", namespace)}
    older = [pod["metadata"]["name"] for pod in pods if _came_back(pod, claims, templates)]
    yield Check.that(
        "A pod that was deleted came back under its name, with its old claim",
        bool(older),
        f"younger than their claims: {', '.join(older) or 'none'}",
        f"kubectl delete pod {name}-0, wait until it is ready again, and compare the ages of pod and claim",
    )


def _came_back(pod: Json, claims: dict[str, Json], templates: list[str]) -> bool:
    """Whether a pod is younger than its claim by more than the moment in which both are made at first."""
    made = [claims.get(f"{template}-{pod['metadata']['name']}") for template in templates]
    starts = [parse_time(one["metadata"]["creationTimestamp"]) for one in made if one]
    born = parse_time(pod["metadata"]["creationTimestamp"])
    return bool(starts) and (born - max(starts)).total_seconds() >= APART_S


def _claims_of(pod: Json) -> list[str]:
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    return [one["persistentVolumeClaim"]["claimName"] for one in volumes if one.get("persistentVolumeClaim")]


def _first_container(pod: Json) -> str:
    names = [str(one.get("name", "")) for one in (pod.get("spec") or {}).get("containers") or ()]
    return names[0] if names else ""


def _is_ready(pod: Json) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)
