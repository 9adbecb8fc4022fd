"""`runbook survey`: what the nodes of a cluster offer to a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from runbook.commands.output import gigabytes, print_json, print_table
from runbook.commands.verb import Verb, json_option, parameter_option, target_argument

if TYPE_CHECKING:
    from runbook.hardware import Survey


@click.command(
    cls=Verb,
    short_help="Show what the nodes offer to a model.",
    statuses={0: "the survey was made, whatever is in it"},
    examples=(
        ("The node of this machine's cluster", "runbook survey local"),
        ("Memory that is free for a model, for a script", "runbook survey homelab --json"),
    ),
)
@target_argument
@parameter_option
@json_option
def survey(target: str, overrides: Mapping[str, str], as_json: bool) -> None:
    """Show the nodes of TARGET: CPUs, memory, what is free for a model, storage classes."""
    from runbook.targets import load_target

    parameters = load_target(target, overrides)
    from runbook import hardware, kubernetes

    cluster = kubernetes.connect(parameters)
    found = hardware.survey(
        kubernetes.list_nodes(cluster),
        kubernetes.list_pods(cluster),
        kubernetes.node_metrics(cluster),
        kubernetes.list_storage_classes(cluster),
    )
    if as_json:
        print_json({"cluster": cluster, "survey": found})
        return
    click.echo(cluster.title)
    _print(found)


def _print(found: Survey) -> None:
    columns = ("node", "ready", "cpus", "installed", "allocatable", "requested", "used", "free for a model", "kubelet")
    print_table(
        columns,
        (
            (
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
            for node in found.nodes
        ),
    )
    for unknown in found.unknown:
        click.echo(f"unknown: {unknown}")
