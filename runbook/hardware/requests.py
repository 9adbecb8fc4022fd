"""What a pod asks the scheduler to keep free, by the scheduler's own rule.

Containers run together, so their requests add up. Init containers run before them, one after the other, each
beside the sidecars that were started earlier; the larger of the two phases counts, plus the runtime's overhead.
A request for the pod as a whole replaces the sum. Source: Kubernetes, `component-helpers/resource`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from runbook.hardware.quantity import parse_quantity

FINISHED: Final = frozenset({"Succeeded", "Failed"})
MANAGED_BY: Final = ("app.kubernetes.io/managed-by", "ollama-runbook")


@dataclass(frozen=True, slots=True)
class Load:
    """What one pod takes of its node: all that a survey keeps of it, so that ten thousand of them are little.

    Attributes:
        node: Name of its node; empty where it has none yet.
        cpu: CPUs that it requests; 0 once it has ended.
        memory: Bytes that it requests; 0 once it has ended.
        own: Whether it belongs to this project, so that a model takes its place and does not come on top.
        ended: Whether it has ended.
    """

    node: str
    cpu: Decimal
    memory: Decimal
    own: bool
    ended: bool


def load_of(pod: Mapping[str, Any]) -> Load:
    """What a pod takes of its node, from the API's dict.

    Raises:
        ValueError: The API's dict holds something that is no quantity.
    """
    key, value = MANAGED_BY
    return Load(
        node=str((pod.get("spec") or {}).get("nodeName") or ""),
        cpu=pod_request(pod, "cpu"),
        memory=pod_request(pod, "memory"),
        own=((pod.get("metadata") or {}).get("labels") or {}).get(key) == value,
        ended=(pod.get("status") or {}).get("phase") in FINISHED,
    )


def pod_request(pod: Mapping[str, Any], resource: str) -> Decimal:
    """What one pod requests of a resource, in cores or bytes; 0 once it has ended.

    Raises:
        ValueError: The API's dict holds something that is no quantity.
    """
    if (pod.get("status") or {}).get("phase") in FINISHED:
        return Decimal(0)
    spec = pod.get("spec") or {}
    whole = _requested(spec, resource)
    request = max(_running(spec, resource), _starting(spec, resource)) if whole is None else whole
    return request + _amount((spec.get("overhead") or {}).get(resource))


def _running(spec: Mapping[str, Any], resource: str) -> Decimal:
    sidecars = [one for one in spec.get("initContainers") or () if _is_sidecar(one)]
    return _sum([*(spec.get("containers") or ()), *sidecars], resource)


def _starting(spec: Mapping[str, Any], resource: str) -> Decimal:
    peak = started = Decimal(0)
    for container in spec.get("initContainers") or ():
        peak = max(peak, started + (_requested(container, resource) or Decimal(0)))
        if _is_sidecar(container):
            started += _requested(container, resource) or Decimal(0)
    return peak


def _is_sidecar(container: Mapping[str, Any]) -> bool:
    return container.get("restartPolicy") == "Always"


def _sum(containers: Iterable[Mapping[str, Any]], resource: str) -> Decimal:
    return sum((_requested(container, resource) or Decimal(0) for container in containers), Decimal(0))


def _requested(holder: Mapping[str, Any], resource: str) -> Decimal | None:
    """A request, or the limit where only that is given: the API server defaults one to the other."""
    resources = holder.get("resources") or {}
    for kind in ("requests", "limits"):
        if resource in (resources.get(kind) or {}):
            return _amount(resources[kind][resource])
    return None


def _amount(text: object) -> Decimal:
    return Decimal(0) if text is None else parse_quantity(str(text))
