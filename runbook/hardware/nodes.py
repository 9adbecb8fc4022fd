"""One node: what it has, what is promised to others, what is used, and what a model could have.

The memory that is free for a model is what the node can allocate less the larger of what other pods requested
(the scheduler gives no more) and what is used (nothing more is there). The pods of this project do not count as
others: a model takes their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from runbook.hardware.machine import Machine
from runbook.hardware.matching import repels
from runbook.hardware.peak import Peak
from runbook.hardware.quantity import parse_quantity
from runbook.hardware.requests import Load

# Extended resources that are accelerators carry one of these words: nvidia.com/gpu, amd.com/gpu, gpu.intel.com/i915.
ACCELERATOR_WORDS: Final = ("gpu", "npu", "tpu", "xpu")


@dataclass(frozen=True)
class NodeFacts:
    """A node as the API describes it.

    Attributes:
        name: Its name.
        architecture: `amd64`, `arm64` and so on.
        cpus: Logical CPUs that the kernel sees.
        cpus_allocatable: CPUs that pods may request in all.
        cpus_requested: CPUs that pods on it have requested.
        memory_installed_bytes: Memory that the kernel sees.
        memory_allocatable_bytes: Memory that pods may request in all.
        memory_requested_bytes: Memory that pods on it have requested.
        memory_used_bytes: Working set of the whole node from the metrics API; None without one.
        memory_free_for_model_bytes: What a model could have, and `memory_free_reason` says from what.
        memory_free_reason: The arithmetic behind it, in words.
        memory_schedulable_bytes: What the scheduler would still give to a pod of this project.
        kernel: Version of its kernel.
        os_image: Its operating system.
        container_runtime: What runs its containers.
        kubelet_version: Version of its kubelet.
        taints: As kubectl writes them, `key=value:Effect`.
        conditions: The conditions that hold: `Ready`, and pressures.
        ready: Whether it takes and runs pods: the condition Ready holds.
        schedulable: Whether a pod without tolerations could be placed on it.
        labels: Its labels.
        accelerators: Extended resources that are accelerators, with their number.
        cordoned: Whether it was closed to new pods (`kubectl cordon`).
        pods: Pods on it that have not ended, those of this project left out.
        pods_allocatable: Pods that it takes in all; None where it does not say.
        machine: What the API does not tell, from a pod on it; None where none ran.
        peak: The most that its memory can deliver; None where its modules are not known.
    """

    name: str
    architecture: str
    cpus: int
    cpus_allocatable: float
    cpus_requested: float
    memory_installed_bytes: int
    memory_allocatable_bytes: int
    memory_requested_bytes: int
    memory_used_bytes: int | None
    memory_free_for_model_bytes: int
    memory_free_reason: str
    memory_schedulable_bytes: int
    kernel: str
    os_image: str
    container_runtime: str
    kubelet_version: str
    taints: tuple[str, ...]
    conditions: tuple[str, ...]
    ready: bool
    schedulable: bool
    labels: Mapping[str, str] = field(default_factory=dict)
    accelerators: tuple[str, ...] = ()
    cordoned: bool = False
    pods: int = 0
    pods_allocatable: int | None = None
    machine: Machine | None = None
    peak: Peak | None = None

    @property
    def cpus_schedulable(self) -> float:
        """CPUs that no pod has requested yet."""
        return max(0.0, self.cpus_allocatable - self.cpus_requested)

    @property
    def bandwidth_gb_per_s(self) -> float | None:
        """Measured bandwidth of its memory, the median; None where it was not measured."""
        measured = self.machine.bandwidth if self.machine else None
        return measured.gb_per_s.median if measured else None


def node_facts(body: Mapping[str, Any], pods: Iterable[Load], used_bytes: int | None) -> NodeFacts:
    """The facts of a node from the API's dict and from what the pods on it ask for.

    Raises:
        ValueError: The API's dicts hold something that is no quantity.
    """
    placed = list(pods)
    status, spec = body.get("status") or {}, body.get("spec") or {}
    info = status.get("nodeInfo") or {}
    allocatable = _bytes(status, "allocatable")
    requested = int(sum((load.memory for load in placed), Decimal(0)))
    own = int(sum((load.memory for load in placed if load.own), Decimal(0)))
    taints = tuple(_taint(taint) for taint in spec.get("taints") or ())
    conditions = tuple(one["type"] for one in status.get("conditions") or () if one.get("status") == "True")
    ready = "Ready" in conditions
    free, reason = _free(allocatable, requested - own, used_bytes)
    return NodeFacts(
        name=str((body.get("metadata") or {}).get("name", "")),
        architecture=str(info.get("architecture", "")),
        cpus=int(_amount(status, "capacity", "cpu")),
        cpus_allocatable=float(_amount(status, "allocatable", "cpu")),
        cpus_requested=float(sum((load.cpu for load in placed if not load.own), Decimal(0))),
        memory_installed_bytes=_bytes(status, "capacity"),
        memory_allocatable_bytes=allocatable,
        memory_requested_bytes=requested,
        memory_used_bytes=used_bytes,
        memory_free_for_model_bytes=free,
        memory_free_reason=reason,
        memory_schedulable_bytes=max(0, allocatable - requested + own),
        kernel=str(info.get("kernelVersion", "")),
        os_image=str(info.get("osImage", "")),
        container_runtime=str(info.get("containerRuntimeVersion", "")),
        kubelet_version=str(info.get("kubeletVersion", "")),
        taints=taints,
        conditions=conditions,
        ready=ready,
        schedulable=ready and not spec.get("unschedulable") and not any(map(repels, taints)),
        labels=dict((body.get("metadata") or {}).get("labels") or {}),
        accelerators=_accelerators(status.get("allocatable") or {}),
        cordoned=bool(spec.get("unschedulable")),
        pods=sum(1 for load in placed if not load.own and not load.ended),
        pods_allocatable=_pods(status.get("allocatable") or {}),
    )


def _free(allocatable: int, others: int, used: int | None) -> tuple[int, str]:
    if used is None:
        return max(0, allocatable - others), "allocatable less what other pods requested; what is used is not known"
    if used > others:
        return max(0, allocatable - used), "allocatable less what is used, which is more than others requested"
    return max(0, allocatable - others), "allocatable less what other pods requested, which is more than is used"


def _amount(status: Mapping[str, Any], kind: str, resource: str) -> Decimal:
    return parse_quantity(str((status.get(kind) or {}).get(resource, "0")))


def _bytes(status: Mapping[str, Any], kind: str) -> int:
    return int(_amount(status, kind, "memory"))


def _pods(allocatable: Mapping[str, Any]) -> int | None:
    return int(parse_quantity(str(allocatable["pods"]))) if "pods" in allocatable else None


def _taint(taint: Mapping[str, Any]) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint.get('key', '')}{value}:{taint.get('effect', '')}"


def _accelerators(allocatable: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        f"{name}: {amount}"
        for name, amount in sorted(allocatable.items())
        if "/" in name and any(word in name for word in ACCELERATOR_WORDS) and str(amount) != "0"
    )
