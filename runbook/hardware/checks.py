"""Whether the nodes can take the pod that a target describes: what has to hold before anything is applied."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from runbook.checks import Check
from runbook.hardware.nodes import NodeFacts
from runbook.hardware.quantity import parse_quantity
from runbook.hardware.ranking import ARCHITECTURES, PRESSURES
from runbook.hardware.survey import Survey
from runbook.parameters import Parameters


def hardware_checks(survey: Survey, parameters: Parameters) -> tuple[Check, ...]:
    """The checks of 01_hardware: a node that takes the pod, room for its requests, its limit, and storage."""
    candidates = [node for node in survey.nodes if node.schedulable and _selected(node, parameters)]
    return (
        _node_check(survey, candidates, parameters),
        *_room_checks(candidates, parameters),
        _pressure_check(candidates),
        _storage_check(survey, parameters),
    )


def _selected(node: NodeFacts, parameters: Parameters) -> bool:
    return node.architecture in ARCHITECTURES and all(
        node.labels.get(key) == value for key, value in parameters.node_selector.items()
    )


def _node_check(survey: Survey, candidates: list[NodeFacts], parameters: Parameters) -> Check:
    reasons = "; ".join(f"{node.name}: {_why_not(node, parameters)}" for node in survey.nodes if node not in candidates)
    return Check.that(
        "A node takes the pod",
        bool(candidates),
        ", ".join(node.name for node in candidates) or reasons or "the cluster has no nodes",
        "kubectl describe nodes shows taints and conditions; node_selector in the target chooses among labels",
    )


def _why_not(node: NodeFacts, parameters: Parameters) -> str:
    if not node.ready:
        return "not Ready"
    if not node.schedulable:
        return f"taints {', '.join(node.taints)}" if node.taints else "cordoned"
    if node.architecture not in ARCHITECTURES:
        return f"architecture {node.architecture or 'unknown'}, and Ollama has images for {' and '.join(ARCHITECTURES)}"
    missing = [f"{key}={value}" for key, value in parameters.node_selector.items() if node.labels.get(key) != value]
    return f"has no label {', '.join(missing)}"


def _room_checks(candidates: list[NodeFacts], parameters: Parameters) -> Iterator[Check]:
    if not candidates:
        yield Check.skipped("A node has room for the pod", "no node takes it")
        return
    memory, cpu = parse_quantity(parameters.memory_request), parse_quantity(parameters.cpu_request)
    limit = parse_quantity(parameters.memory_limit)
    yield Check.that(
        "A node has room for the pod",
        any(_has_room(node, memory, cpu) for node in candidates),
        "; ".join(
            f"{node.name}: {_gib(node.memory_schedulable_bytes)} and {node.cpus_schedulable:g} CPUs not requested"
            for node in candidates
        ),
        f"the pod requests {parameters.memory_request} and {parameters.cpu_request} CPUs: "
        "lower memory_request or cpu_request in the target, or free a node",
    )
    yield Check.that(
        "The memory limit lies within a node",
        any(limit <= node.memory_allocatable_bytes for node in candidates),
        f"limit {parameters.memory_limit}; "
        + ", ".join(f"{node.name} allocates {_gib(node.memory_allocatable_bytes)}" for node in candidates),
        "lower memory_limit in the target: above the node's memory the kernel ends the pod before its limit does",
    )


def _has_room(node: NodeFacts, memory: Decimal, cpu: Decimal) -> bool:
    return node.memory_schedulable_bytes >= memory and Decimal(str(node.cpus_schedulable)) >= cpu


def _pressure_check(candidates: list[NodeFacts]) -> Check:
    pressed = [f"{node.name}: {one}" for node in candidates for one in node.conditions if one in PRESSURES]
    return Check.that(
        "No node is short of memory or disk",
        not pressed,
        "; ".join(pressed) or "no pressure reported",
        "kubectl describe node NAME shows since when; the kubelet evicts pods and removes images meanwhile",
    )


def _storage_check(survey: Survey, parameters: Parameters) -> Check:
    wanted = parameters.storage_class
    defaults = [one.name for one in survey.storage_classes if one.is_default]
    known = ", ".join(one.name for one in survey.storage_classes) or "none"
    if wanted is None:
        return Check.that(
            "A default storage class exists",
            bool(defaults),
            f"default: {', '.join(defaults)}" if defaults else f"classes: {known}; none is the default",
            "name one of them as storage_class in the target",
        )
    return Check.that(
        "The storage class exists",
        any(one.name == wanted for one in survey.storage_classes),
        f"wanted {wanted}; classes: {known}",
        "name an existing class as storage_class in the target; kubectl get storageclass lists them",
    )


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"
