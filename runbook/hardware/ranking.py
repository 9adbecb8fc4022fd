"""Which node: the order in which nodes suit a model, and why a pod would not be placed on the others.

A node is out if the scheduler would refuse it. Of those that are left, one that has the memory comes before one that
has not, faster memory before slower, as it decides the speed, and more free memory before less. Bandwidths within a
sixth of each other count as equal: repeated measurements differ as much.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from runbook.hardware.matching import meets, terms_in_words, untolerated
from runbook.hardware.nodes import NodeFacts
from runbook.hardware.requests import pod_request

# What Ollama publishes images for.
ARCHITECTURES: Final = ("amd64", "arm64")
PRESSURES: Final = ("MemoryPressure", "DiskPressure", "PIDPressure")
# The control plane repeats these states as taints, which would only say everything twice.
REPEATED: Final = "node.kubernetes.io/"
STEP: Final = math.log(7 / 6)


@dataclass(frozen=True)
class Placement:
    """A node as a place for a model.

    Attributes:
        rank: Its place, 1 for the best; 0 where a pod would not be placed on it.
        node: Its name.
        reason: Why it has this place, or every reason why it has none.
        memory_free_for_model_bytes: What a model could have there.
        memory_needed_bytes: What the model needs.
        bandwidth_gb_per_s: Measured bandwidth of its memory; None where it was not measured.
    """

    rank: int
    node: str
    reason: str
    memory_free_for_model_bytes: int
    memory_needed_bytes: int
    bandwidth_gb_per_s: float | None


def rank_nodes(
    nodes: Sequence[NodeFacts], pod: Mapping[str, Any], *, needed_bytes: int, volume: Mapping[str, Any] | None = None
) -> tuple[Placement, ...]:
    """The nodes in the order in which they suit a model; those that the scheduler would refuse come last.

    Args:
        nodes: The nodes of a survey.
        pod: Spec of the pod, as its template has it.
        needed_bytes: Memory that the model needs, in bytes.
        volume: The PersistentVolume that its claim is bound to, if it is.
    """
    refused = {node.name: tuple(_refusals(node, pod, volume)) for node in nodes}
    ordered = sorted(nodes, key=lambda node: _order(node, refused[node.name], needed_bytes))
    return tuple(_placement(place, node, refused[node.name], needed_bytes) for place, node in enumerate(ordered, 1))


def _order(node: NodeFacts, refused: Sequence[str], needed: int) -> tuple[bool, bool, int, int, str]:
    measured = node.bandwidth_gb_per_s
    step = round(math.log(measured) / STEP) if measured else 0
    free = node.memory_free_for_model_bytes
    return bool(refused), free < needed, -step, -free, node.name


def _placement(place: int, node: NodeFacts, refused: Sequence[str], needed: int) -> Placement:
    free = node.memory_free_for_model_bytes
    reason = "; ".join(refused) or _standing(node, needed)
    return Placement(0 if refused else place, node.name, reason, free, needed, node.bandwidth_gb_per_s)


def _standing(node: NodeFacts, needed: int) -> str:
    free = node.memory_free_for_model_bytes
    words = f"{_gib(free)} free for {_gib(needed)} needed"
    if free < needed:
        words = f"the pod would be placed, but the model does not fit: {words}"
    speed = node.bandwidth_gb_per_s
    return words + (f", memory reads {speed:g} GB/s" if speed else ", memory speed not measured")


def _refusals(node: NodeFacts, pod: Mapping[str, Any], volume: Mapping[str, Any] | None) -> Iterator[str]:
    """Every reason why the scheduler would not place the pod there."""
    if not node.ready:
        yield "not Ready"
    if node.cordoned:
        yield "cordoned: kubectl uncordon opens it again"
    yield from (f"under {one}" for one in node.conditions if one in PRESSURES)
    if taints := [one for one in untolerated(node.taints, pod.get("tolerations") or ()) if not _is_repeated(one)]:
        yield f"taint{'s' if len(taints) > 1 else ''} {', '.join(taints)}, which the pod does not tolerate"
    if node.architecture not in ARCHITECTURES:
        yield f"architecture {node.architecture or 'unknown'}; Ollama has images for {' and '.join(ARCHITECTURES)}"
    yield from _selection(node, pod, volume)
    yield from _room(node, pod)


def _is_repeated(taint: str) -> bool:
    return taint.startswith(REPEATED) and not taint.startswith(f"{REPEATED}out-of-service")


def _selection(node: NodeFacts, pod: Mapping[str, Any], volume: Mapping[str, Any] | None) -> Iterator[str]:
    selector = pod.get("nodeSelector") or {}
    if missing := [f"{key}={value}" for key, value in selector.items() if node.labels.get(key) != value]:
        yield f"lacks the label{'s' if len(missing) > 1 else ''} {', '.join(missing)}, which node_selector asks for"
    affinity = ((pod.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if affinity and not meets(affinity.get("nodeSelectorTerms") or (), node.labels, node.name):
        yield f"does not meet the pod's affinity: {terms_in_words(affinity.get('nodeSelectorTerms') or ())}"
    bound = (((volume or {}).get("spec") or {}).get("nodeAffinity") or {}).get("required")
    if bound and not meets(bound.get("nodeSelectorTerms") or (), node.labels, node.name):
        name = ((volume or {}).get("metadata") or {}).get("name", "")
        yield f"the model volume {name} can only be used where {terms_in_words(bound['nodeSelectorTerms'])}"


def _room(node: NodeFacts, pod: Mapping[str, Any]) -> Iterator[str]:
    cpu, memory = pod_request({"spec": pod}, "cpu"), pod_request({"spec": pod}, "memory")
    if Decimal(str(node.cpus_schedulable)) < cpu:
        yield (
            f"needs {cpu:f} CPUs and has {node.cpus_schedulable:g}: {node.cpus_allocatable:g} allocatable less "
            f"{node.cpus_requested:g} requested by others"
        )
    if node.memory_schedulable_bytes < memory:
        others = node.memory_allocatable_bytes - node.memory_schedulable_bytes
        yield (
            f"needs {_gib(int(memory))} and has {_gib(node.memory_schedulable_bytes)}: "
            f"{_gib(node.memory_allocatable_bytes)} allocatable less {_gib(others)} requested by others"
        )
    if node.pods_allocatable is not None and node.pods >= node.pods_allocatable:
        yield f"{node.pods} pods run there, and it takes {node.pods_allocatable}"


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"
