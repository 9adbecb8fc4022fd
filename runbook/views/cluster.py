"""The survey of a cluster: its nodes, what they offer to a model, its storage, and what could not be known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runbook.views.cells import size
from runbook.views.tables import Table, table
from runbook.views.view import View, paragraph, stack

if TYPE_CHECKING:
    from runbook.hardware import Machine, NodeFacts, Placement, Survey

# A page with thousands of rows is read by nobody; the results of a run hold all of them.
MOST_ROWS = 20
# Computing waits for the memory where the cores could take in this many times what it delivers.
BOTTLENECK = 1.5

MEMORY = {
    "name": "node",
    "ready": "ready",
    "cpus": "CPUs",
    "memory_installed_bytes": "installed",
    "memory_allocatable_bytes": "allocatable",
    "memory_requested_bytes": "requested",
    "memory_used_bytes": "used",
    "memory_free_for_model_bytes": "free for a model",
    "memory_free_reason": "which is",
}
PROCESSOR = {
    "node": "node",
    "cpu_model": "CPU",
    "sockets": "sockets",
    "cores": "cores",
    "threads": "threads",
    "instruction_sets": "instruction sets",
    "swap_total_bytes": "swap",
    "cgroup": "cgroup",
    "accelerators": "accelerators",
}
BANDWIDTH = {
    "node": "node",
    "measured_gb_per_s": "measured",
    "read_gb_per_s": "reading",
    "copy_gb_per_s": "copying",
    "threads": "threads",
    "peak_gb_per_s": "theoretical",
    "share": "of it",
}
SOFTWARE = {
    "name": "node",
    "architecture": "architecture",
    "os_image": "system",
    "kernel": "kernel",
    "container_runtime": "runtime",
    "kubelet_version": "kubelet",
    "conditions": "conditions",
    "taints": "taints",
}
PLACES = {
    "place": "place",
    "node": "node",
    "memory_free_for_model_bytes": "free for a model",
    "bandwidth_gb_per_s": "bandwidth",
    "reason": "reason",
}


def survey(found: Survey) -> View:
    """Nodes by memory, processor, speed of the memory, and software; storage classes; what is not known."""
    nodes = found.nodes[:MOST_ROWS]
    left = len(found.nodes) - len(nodes)
    more = [paragraph(f"{left:,} more nodes are in the results and not shown here.")] if left else []
    probed = [(node, node.machine) for node in nodes if node.machine]
    measured = [_bandwidth(node, one) for node, one in probed if one.bandwidth]
    unknown = [paragraph(f"Not known: {'; '.join(found.unknown)}.")] if found.unknown else []
    return stack(
        table(nodes, MEMORY, "Nodes and their memory"),
        table([_processor(node, one) for node, one in probed], PROCESSOR, "Processors", empty="not known"),
        table(measured, BANDWIDTH, "Speed of the memory, median (lowest to highest)", empty="not measured"),
        *(paragraph(sentence) for node, one in probed for sentence in _remarks(node, one)),
        table(nodes, SOFTWARE, "Nodes and their software"),
        *more,
        table(found.storage_classes, caption="Storage classes"),
        paragraph(f"The metrics API is {'present' if found.has_metrics else 'not there, or may not be read'}."),
        *unknown,
    )


def placements(found: Sequence[Placement], caption: str = "Nodes for the model, the best one first") -> Table:
    """Nodes in the order in which they suit the model; one that the scheduler would refuse has no place."""
    rows = [{**vars(one), "place": str(one.rank or "out")} for one in found[:MOST_ROWS]]
    return table(rows, PLACES, caption)


def constraints(found: Survey) -> Table:
    """What limits a model on each node: cores, memory, its speed, accelerators; the plan's table for this cluster."""
    return table(list(_constraints(found.nodes[:MOST_ROWS])), caption="What limits a model here")


def _constraints(nodes: Iterable[NodeFacts]) -> Iterable[Mapping[str, str]]:
    for node in nodes:
        one = node.machine
        sets = ", ".join(one.instruction_sets) if one else ""
        cores = f"{one.cores} cores / {one.threads} threads ({sets or 'no SIMD known'})" if one else f"{node.cpus} CPUs"
        free_cpus = f"{node.cpus_schedulable:g} CPUs not requested"
        free = f"{size(node.memory_free_for_model_bytes)} free for a model"
        yield {"resource": "CPU", "node": node.name, "per node": cores, "available": free_cpus}
        yield {"resource": "RAM", "node": node.name, "per node": size(node.memory_installed_bytes), "available": free}
        peak = f"at most {node.peak.gb_per_s:g} GB/s ({node.peak.source})" if node.peak else "not known from here"
        yield {"resource": "Memory bandwidth", "node": node.name, "per node": peak, "available": _limit(node)}
        accelerators = ", ".join(node.accelerators)
        words = "inference on the CPU only" if not accelerators else "not used here"
        yield {"resource": "GPU", "node": node.name, "per node": accelerators or "none", "available": words}


def _limit(node: NodeFacts) -> str:
    """The measured bandwidth, and whether the cores could take more than that: what they read from their caches."""
    measured = node.machine.bandwidth if node.machine else None
    if node.machine is None or measured is None:
        return "not measured"
    speed, cores = measured.gb_per_s.median, node.machine.cores
    cached = cores * max((one.gb_per_s for one in measured.one_core), default=0.0)
    if cached <= BOTTLENECK * speed:
        return f"{speed:g} GB/s measured"
    return f"{speed:g} GB/s measured, while {cores} cores take {cached:.0f} GB/s from their caches: the bottleneck"


def _processor(node: NodeFacts, one: Machine) -> Mapping[str, Any]:
    named = {name: getattr(one, name) for name in ("cpu_model", "sockets", "cores", "threads", "instruction_sets")}
    version = f"v{one.cgroup_version}" if one.cgroup_version else None
    return {
        "node": node.name,
        **named,
        "swap_total_bytes": one.swap_total_bytes,
        "cgroup": version,
        "accelerators": node.accelerators or "none",
    }


def _bandwidth(node: NodeFacts, one: Machine) -> Mapping[str, Any]:
    found, peak = one.bandwidth, node.peak
    if found is None:
        return {"node": node.name}
    return {
        "node": node.name,
        "measured_gb_per_s": found.gb_per_s,
        "read_gb_per_s": found.read_gb_per_s,
        "copy_gb_per_s": found.copy_gb_per_s,
        "threads": found.threads,
        "peak_gb_per_s": peak.gb_per_s if peak else None,
        "share": f"{found.gb_per_s.median / peak.gb_per_s:.0%}" if peak else None,
    }


def _remarks(node: NodeFacts, one: Machine) -> Iterable[str]:
    """Where the theoretical figure is from, and what disturbed the measured one."""
    source = node.peak.source if node.peak else "its modules are not known; memory_modules in the target says them"
    yield f"{node.name}, theoretical: {source}."
    if one.bandwidth and one.bandwidth.doubts:
        yield f"{node.name}, measured: {'; '.join(one.bandwidth.doubts)}."
