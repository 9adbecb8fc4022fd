"""The survey: the nodes and storage of a cluster as facts, and what could not be known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runbook.hardware.machine import Machine
from runbook.hardware.nodes import NodeFacts, node_facts
from runbook.hardware.peak import peak_of
from runbook.hardware.quantity import parse_quantity
from runbook.hardware.requests import Load, load_of
from runbook.hardware.storage import StorageClass, storage_class

UNPROBED = "CPU model, instruction sets, swap and memory bandwidth: the API does not hold them, and no pod was asked"


@dataclass(frozen=True)
class Survey:
    """What a cluster offers to a model.

    Attributes:
        nodes: Its nodes, by name.
        storage_classes: Its storage classes, by name.
        unknown: What could not be known, and why.
        has_metrics: Whether the metrics API answered.
    """

    nodes: tuple[NodeFacts, ...]
    storage_classes: tuple[StorageClass, ...]
    unknown: tuple[str, ...]
    has_metrics: bool = False

    @property
    def best_node(self) -> NodeFacts | None:
        """The node that could give a model most memory, among those that take pods; None where there is none."""
        open_nodes = [node for node in self.nodes if node.schedulable]
        return max(open_nodes, key=lambda node: node.memory_free_for_model_bytes, default=None)


def survey(
    nodes: Sequence[Mapping[str, Any]],
    pods: Iterable[Mapping[str, Any] | Load],
    node_metrics: Sequence[Mapping[str, Any]] | None,
    storage_classes: Iterable[Mapping[str, Any]],
) -> Survey:
    """The survey of a cluster from the API's own dicts; `node_metrics` is None where it has no metrics API.

    Raises:
        ValueError: The API's dicts hold something that is no quantity.
    """
    placed: dict[str, list[Load]] = defaultdict(list)
    for pod in pods:
        load = pod if isinstance(pod, Load) else load_of(pod)
        placed[load.node].append(load)
    used = _used(node_metrics or ())
    found = tuple(
        node_facts(node, placed.get(name, ()), used.get(name))
        for name, node in sorted(((_name(node), node) for node in nodes), key=lambda pair: pair[0])
    )
    classes = sorted((storage_class(body) for body in storage_classes), key=lambda one: one.name)
    return Survey(found, tuple(classes), tuple(_unknown(found, node_metrics is not None)), node_metrics is not None)


def with_machines(
    found: Survey, machines: Mapping[str, Machine], unknown: Iterable[str] = (), *, memory_modules: str | None = None
) -> Survey:
    """The survey with what pods on the nodes have found.

    Args:
        found: The survey from the API.
        machines: Name of a node to its machine.
        unknown: What was not measured, and why.
        memory_modules: Memory of the nodes as a target states it, such as `2xDDR4-2666`.
    """
    nodes = tuple(
        replace(node, machine=one, peak=peak_of(one.cpu_model, memory_modules))
        if (one := machines.get(node.name))
        else node
        for node in found.nodes
    )
    return replace(found, nodes=nodes, unknown=(*(one for one in found.unknown if one != UNPROBED), *unknown))


def _used(node_metrics: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    return {
        metrics["metadata"]["name"]: int(parse_quantity(str(metrics["usage"]["memory"]))) for metrics in node_metrics
    }


def _unknown(nodes: Iterable[NodeFacts], has_metrics: bool) -> Iterable[str]:
    if not has_metrics:
        yield "memory really used: the cluster has no metrics API, or it may not be read"
    else:
        silent = [node.name for node in nodes if node.memory_used_bytes is None]
        if silent:
            yield f"memory really used on {_listed(silent)}: the metrics API says nothing about it"
    yield UNPROBED


def _listed(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _name(body: Mapping[str, Any]) -> str:
    return str((body.get("metadata") or {}).get("name", ""))
