"""Exercises on pods: requests, limits and the class of service they make; the three probes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from runbook.checks import Check
from runbook.hardware import parse_quantity
from runbook.kubernetes import Cluster
from runbook.kubernetes.api import Json
from runbook.learning.objects import containers, exists, in_turn, pods_of

RESOURCES: Final = ("cpu", "memory")
PROBES: Final = ("startupProbe", "readinessProbe", "livenessProbe")
# What the API server fills in where a probe leaves it out.
DEFAULTS: Final = {"periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3, "initialDelaySeconds": 0}
STARTUP_BUDGET_S: Final = 30


def judge_resources(cluster: Cluster, namespace: str, pod: str = "steady") -> tuple[Check, ...]:
    """Whether a pod is of the class Guaranteed: the last that the node ends when memory runs out."""
    body = cluster.get("Pod", pod, namespace)
    return in_turn(_resources(body, pod, namespace))


def _resources(body: Json | None, pod: str, namespace: str) -> Iterator[Check]:
    yield exists(body, "Pod", pod, namespace, f"kubectl run {pod} --help shows how to begin; kubectl explain pod.spec")
    spec = (body or {}).get("spec") or {}
    missing = [
        f"{one['name']}: no {resource} limit"
        for one in containers(spec)
        for resource in RESOURCES
        if resource not in _stated(one, "limits")
    ]
    yield Check.that(
        "Every container states limits for cpu and memory",
        not missing,
        "; ".join(missing) or "all do",
        "kubectl explain pod.spec.containers.resources.limits",
    )
    apart = [text for one in containers(spec) for text in _apart(one)]
    yield Check.that(
        "Requests are equal to the limits",
        not apart,
        "; ".join(apart) or "all are",
        "a request that is left out is set to the limit; one that is lower makes the pod Burstable",
    )
    qos = ((body or {}).get("status") or {}).get("qosClass", "unknown")
    yield Check.that(
        "Its class is Guaranteed", qos == "Guaranteed", str(qos), "kubectl get pod -o yaml, status.qosClass"
    )


def _stated(container: Json, kind: str) -> Mapping[str, str]:
    found: Mapping[str, str] = (container.get("resources") or {}).get(kind) or {}
    return found


def _apart(container: Json) -> Iterator[str]:
    for resource in RESOURCES:
        limit = _stated(container, "limits").get(resource)
        request = _stated(container, "requests").get(resource, limit)
        if limit and request and parse_quantity(request) != parse_quantity(limit):
            yield f"{container['name']}: asks for {request} {resource}, limited to {limit}"


def judge_probes(cluster: Cluster, namespace: str, deployment: str = "patient") -> tuple[Check, ...]:
    """Whether a Deployment's three probes each do their own work, and pass."""
    body = cluster.get("Deployment", deployment, namespace)
    return in_turn(_probes(cluster, body, deployment, namespace))


def _probes(cluster: Cluster, body: Json | None, deployment: str, namespace: str) -> Iterator[Check]:
    yield exists(body, "Deployment", deployment, namespace, f"kubectl create deployment {deployment} --help")
    spec = ((body or {}).get("spec") or {}).get("template", {}).get("spec") or {}
    first: Json = next(iter(spec.get("containers") or ()), {})
    missing = [probe for probe in PROBES if not first.get(probe)]
    hint = "kubectl explain deployment.spec.template.spec.containers.startupProbe"
    yield Check.that("It has all three probes", not missing, f"missing: {', '.join(missing) or 'none'}", hint)
    start, ready, alive = (_settings(first.get(probe)) for probe in PROBES)
    budget = start["periodSeconds"] * start["failureThreshold"]
    yield Check.that(
        "The startup probe gives it half a minute",
        budget >= STARTUP_BUDGET_S,
        f"{start['failureThreshold']} failures, one every {start['periodSeconds']} s: {budget} s",
        f"failureThreshold times periodSeconds should be {STARTUP_BUDGET_S} or more; until it passes the others wait",
    )
    slow = alive["periodSeconds"] * alive["failureThreshold"]
    quick = ready["periodSeconds"] * ready["failureThreshold"]
    yield Check.that(
        "Liveness is more patient than readiness",
        slow > quick,
        f"killed after {slow} s, out of the Service after {quick} s",
        "a busy pod should lose its traffic before it loses its life: compare periodSeconds times failureThreshold",
    )
    yield _passing(pods_of(cluster, body) if body else [])


def _settings(probe: Mapping[str, Any] | None) -> dict[str, int]:
    return {name: int((probe or {}).get(name) or default) for name, default in DEFAULTS.items()}


def _passing(pods: list[Json]) -> Check:
    statuses = [status for pod in pods for status in (pod.get("status") or {}).get("containerStatuses") or ()]
    restarts = sum(status.get("restartCount", 0) for status in statuses)
    ready = bool(statuses) and all(status.get("ready") for status in statuses)
    return Check.that(
        "Its pods are ready and were never restarted",
        ready and not restarts,
        f"{len(pods)} pods, {'ready' if ready else 'not ready'}, {restarts} restarts",
        "kubectl describe pod shows which probe fails and what it got; a restart may be an old one",
    )
