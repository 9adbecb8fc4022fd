"""`runbook plan`: what a rebuild would change, from a dry run on the server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from runbook.commands.output import print_json
from runbook.commands.verb import Verb, json_option, parameter_option, target_argument

if TYPE_CHECKING:
    from runbook.kubernetes import Change, Plan


@click.command(
    cls=Verb,
    short_help="Show what a rebuild would create or update.",
    statuses={0: "the plan was made, whatever is in it"},
    examples=(
        ("What would change on the cluster of this machine", "runbook plan local"),
        ("What a larger memory limit would change", "runbook plan homelab -p memory_limit=8Gi"),
    ),
)
@target_argument
@parameter_option
@json_option
def plan(target: str, overrides: Mapping[str, str], as_json: bool) -> None:
    """Show what a rebuild of TARGET would create or update; nothing is changed."""
    from runbook.targets import load_target

    parameters = load_target(target, overrides)
    from runbook import kubernetes

    cluster = kubernetes.connect(parameters)
    found = kubernetes.plan(cluster, kubernetes.load_manifests(parameters))
    if as_json:
        print_json({"cluster": cluster, "is_empty": found.is_empty, "changes": found.changes, "quota": found.quota})
        return
    click.echo(cluster.title)
    print_plan(found)
    if not found.is_empty:
        click.echo(f"Nothing was changed; `runbook apply {target}` does it, and so does `runbook rebuild {target}`.")


def print_plan(found: Plan, *, err: bool = False) -> None:
    """Print what would change object by object, and what the quotas say to it."""
    for change in found.changes:
        _print_change(change, err)
    for room in found.quota:
        click.echo(f"{'refused' if room.left < 0 and room.needed else 'room':<9}  {room}", err=err)
    if found.is_empty:
        click.echo("Nothing would change.", err=err)


def _print_change(change: Change, err: bool) -> None:
    name = f"{change.namespace}/{change.name}" if change.namespace else change.name
    count = f" ({len(change.diff)} fields)" if change.action == "create" else ""
    click.echo(f"{change.action:<9}  {change.kind} {name}{count}", err=err)
    # A new object shows its fields in its file, and here with --json.
    for line in change.diff if change.action == "update" else ():
        click.echo(f"           {line}", err=err)
    for warning in change.warnings:
        click.echo(f"           warning: {warning}", err=err)
