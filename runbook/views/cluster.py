"""The survey of a cluster: its nodes, what they offer to a model, its storage, and what could not be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runbook.views.tables import table
from runbook.views.view import View, paragraph, stack

if TYPE_CHECKING:
    from runbook.hardware import Survey

MEMORY = {
    "name": "node",
    "ready": "ready",
    "cpus": "CPUs",
    "memory_installed_bytes": "installed",
    "memory_allocatable_bytes": "allocatable",
    "memory_requested_bytes": "requested",
    "memory_used_bytes": "used",
    "memory_free_for_model_bytes": "free for a model",
}
SOFTWARE = {
    "name": "node",
    "architecture": "architecture",
    "os_image": "system",
    "kernel": "kernel",
    "container_runtime": "runtime",
    "kubelet_version": "kubelet",
    "taints": "taints",
}


def survey(found: Survey) -> View:
    """Nodes by memory, nodes by software, storage classes, and what is not known."""
    unknown = [paragraph(f"Not known: {'; '.join(found.unknown)}.")] if found.unknown else []
    return stack(
        table(found.nodes, MEMORY, "Nodes and their memory"),
        table(found.nodes, SOFTWARE, "Nodes and their software"),
        table(found.storage_classes, caption="Storage classes"),
        *unknown,
    )
