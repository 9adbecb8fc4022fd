"""The survey: the nodes and storage of a cluster as facts, and what could not be known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runbook.hardware.nodes import NodeFacts, node_facts
from runbook.hardware.quantity import parse_quantity
from runbook.hardware.storage import StorageClass, storage_class


@dataclass(frozen=True)
class Survey:
    """What a cluster offers to a model.

    Attributes:
        nodes: Its nodes, by name.
        storage_classes: Its storage classes, by name.
        unknown: What could not be known, and why.
    """

    nodes: tuple[NodeFacts, ...]
    storage_classes: tuple[StorageClass, ...]
    unknown: tuple[str, ...]

    @property
    def best_node(self) -> NodeFacts | None:
        """The node that could give a model most memory, among those that take pods; None where there is none."""
        open_nodes = [node for node in self.nodes if node.schedulable]
        return max(open_nodes, key=lambda node: node.memory_free_for_model_bytes, default=None)


def survey(
    nodes: Sequence[Mapping[str, Any]],
    pods: Iterable[Mapping[str, Any]],
    node_metrics: Sequence[Mapping[str, Any]] | None,
    storage_classes: Iterable[Mapping[str, Any]],
) -> Survey:
    """The survey of a cluster from the API's own dicts; `node_metrics` is None where it has no metrics API.

    Raises:
        ValueError: The API's dicts hold something that is no quantity.
    """
    placed: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for pod in pods:
        placed[(pod.get("spec") or {}).get("nodeName") or ""].append(pod)
    used = _used(node_metrics or ())
    found = tuple(
        node_facts(node, placed.get(name, ()), used.get(name))
        for name, node in sorted(((_name(node), node) for node in nodes), key=lambda pair: pair[0])
    )
    classes = sorted((storage_class(body) for body in storage_classes), key=lambda one: one.name)
    return Survey(found, tuple(classes), tuple(_unknown(found, node_metrics is not None)))


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
            yield f"memory really used on {', '.join(silent)}: the metrics API says nothing about it"
    yield "CPU model, instruction sets and memory bandwidth: the API does not hold them; a probe on the node measures"


def _name(body: Mapping[str, Any]) -> str:
    return str((body.get("metadata") or {}).get("name", ""))
