"""`runbook survey`: what the nodes of a cluster offer to a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from runbook.commands.output import gigabytes, print_json, print_table
from runbook.commands.progress import Pulse
from runbook.commands.verb import Verb, json_option, parameter_option, target_argument

if TYPE_CHECKING:
    from runbook.hardware import NodeFacts, Placement, Spread, StorageClass, Survey

# What a terminal shows of a large cluster; --json has all of it.
MOST_ROWS = 50
MEMORY = ("node", "ready", "cpus", "installed", "allocatable", "requested", "used", "free for a model", "kubelet")
MACHINES = (
    "node", "cpu", "sockets", "cores", "threads", "instruction sets", "swap", "cgroup", "bandwidth", "peak",
)  # fmt: skip
SOFTWARE = ("node", "architecture", "kernel", "runtime", "pressure", "taints", "accelerators")
STORAGE = ("name", "default", "provisioner", "binding", "reclaim", "access modes")


@click.command(
    cls=Verb,
    short_help="Show what the nodes offer to a model.",
    statuses={0: "the survey was made, whatever is in it"},
    examples=(
        ("The node of this machine's cluster, its memory measured by a short pod", "runbook survey local"),
        ("Look only, start nothing", "runbook survey homelab --no-probe"),
        ("Memory that is free for a model, for a script", "runbook survey homelab --json"),
    ),
)
@target_argument
@parameter_option
@click.option(
    "--probe/--no-probe",
    default=True,
    show_default=True,
    help="Start a short pod on each node that takes pods, at most 8, which measures its memory and reads its CPU; "
    "it is removed afterwards.",
)
@json_option
def survey(target: str, overrides: Mapping[str, str], probe: bool, as_json: bool) -> None:
    """Show the nodes of TARGET: CPUs, memory and its speed, what is free for a model, and which node suits it."""
    from runbook.targets import load_target

    parameters = load_target(target, overrides)
    from runbook import kubernetes

    cluster = kubernetes.connect(parameters)
    with Pulse() as pulse:
        pulse.running("listing nodes and pods")
        found = kubernetes.survey(cluster, parameters, probe=probe, progress=pulse.running)
    places = kubernetes.placements(cluster, parameters, found)
    if as_json:
        print_json({"cluster": cluster, "survey": found, "placements": places})
        return
    click.echo(cluster.title)
    _print(found, places)


def _print(found: Survey, places: Sequence[Placement]) -> None:
    nodes = found.nodes[:MOST_ROWS]
    click.echo("\nMemory")
    print_table(MEMORY, map(_memory, nodes))
    for reason in dict.fromkeys(node.memory_free_reason for node in nodes):
        click.echo(f"free for a model is {reason}")
    if any(node.machine for node in nodes):
        click.echo("\nMachines")
        print_table(MACHINES, (row for node in nodes for row in _machine(node)))
        for line in (line for node in nodes for line in _doubts(node)):
            click.echo(line)
    click.echo("\nSoftware")
    print_table(SOFTWARE, map(_software, nodes))
    click.echo("\nStorage classes")
    print_table(STORAGE, map(_storage, found.storage_classes))
    click.echo("\nNodes for the model, the best one first")
    print_table(("place", "node", "why"), ((one.rank or "out", one.node, one.reason) for one in places[:MOST_ROWS]))
    if len(found.nodes) > MOST_ROWS:
        click.echo(f"{len(found.nodes) - MOST_ROWS} more nodes: --json shows all")
    for unknown in found.unknown:
        click.echo(f"unknown: {unknown}")


def _memory(node: NodeFacts) -> tuple[object, ...]:
    return (
        node.name,
        "yes" if node.ready else "no",
        node.cpus,
        gigabytes(node.memory_installed_bytes),
        gigabytes(node.memory_allocatable_bytes),
        gigabytes(node.memory_requested_bytes),
        "unknown" if node.memory_used_bytes is None else gigabytes(node.memory_used_bytes),
        gigabytes(node.memory_free_for_model_bytes),
        node.kubelet_version,
    )


def _machine(node: NodeFacts) -> Iterator[tuple[object, ...]]:
    if one := node.machine:
        yield (
            node.name,
            one.cpu_model or "unknown",
            one.sockets,
            one.cores,
            one.threads,
            " ".join(one.instruction_sets) or "none",
            "unknown" if one.swap_total_bytes is None else gigabytes(one.swap_total_bytes),
            f"v{one.cgroup_version}" if one.cgroup_version else "unknown",
            _spread(one.bandwidth.gb_per_s) if one.bandwidth else "not measured",
            f"{node.peak.gb_per_s:g} GB/s, {node.peak.source}" if node.peak else "unknown",
        )


def _spread(found: Spread) -> str:
    return f"{found.median:g} GB/s ({found.low:g} to {found.high:g}, {found.runs} runs)"


def _doubts(node: NodeFacts) -> Iterator[str]:
    measured = node.machine.bandwidth if node.machine else None
    yield from (f"bandwidth of {node.name}: {doubt}" for doubt in (measured.doubts if measured else ()))


def _software(node: NodeFacts) -> tuple[object, ...]:
    return (
        node.name,
        node.architecture,
        node.kernel,
        node.container_runtime,
        " ".join(one for one in node.conditions if one.endswith("Pressure")) or "none",
        " ".join(node.taints) or "none",
        " ".join(node.accelerators) or "none",
    )


def _storage(one: StorageClass) -> tuple[object, ...]:
    return (
        one.name,
        "yes" if one.is_default else "no",
        one.provisioner,
        one.binding_mode,
        one.reclaim_policy,
        " ".join(one.access_modes or ("unknown",)),
    )
