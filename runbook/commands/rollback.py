"""`runbook rollback`: remove what this project made, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from runbook.commands.by_hand import at_work, confirm
from runbook.commands.output import print_json, say
from runbook.commands.verb import Verb, json_option, parameter_option, target_argument
from runbook.errors import UsageError

if TYPE_CHECKING:
    from runbook.kubernetes import Removal


@click.command(
    cls=Verb,
    short_help="Remove what this project made; the models stay unless told.",
    statuses={0: "removed, or nothing was there", 1: "something does not go; what holds it is said"},
    examples=(
        ("What would be removed, and which data would go", "runbook rollback homelab --dry-run"),
        ("Remove Ollama and keep its models", "runbook rollback homelab"),
        ("Remove the models too, and the namespace if it was made here and holds nothing else",
         "runbook rollback homelab --remove-data"),
    ),
)  # fmt: skip
@target_argument
@parameter_option
@click.option("--remove-data", is_flag=True, help="Also the volume claim with the models, and an empty namespace.")
@click.option(
    "--remove-namespace",
    metavar="NAME",
    default="",
    help="With --remove-data: also the namespace of this name and what others put into it.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--yes", is_flag=True, help="Remove without asking.")
@json_option
def rollback(
    target: str,
    overrides: Mapping[str, str],
    remove_data: bool,
    remove_namespace: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Remove from TARGET what this project made; the list is shown first.

    An object or a namespace that was there before stays, and so does a namespace that holds anything else. What was
    removed is kept in the journal of outputs/TARGET/lab/.
    """
    from runbook.targets import load_target

    parameters = load_target(target, overrides)
    if remove_namespace and (remove_namespace != parameters.namespace or not remove_data):
        raise UsageError(
            "--remove-namespace takes the name of the target's namespace, beside --remove-data.",
            why=f"the target's namespace is {parameters.namespace}",
        )
    from runbook import kubernetes

    cluster = kubernetes.connect(parameters)
    how = {"remove_data": remove_data, "with_foreign": bool(remove_namespace)}
    planned = kubernetes.rollback_plan(cluster, parameters, **how)
    going = [one for one in planned if not one.kept_because]
    click.echo(cluster.title, err=as_json)
    for one in planned:
        click.echo(_line(one), err=as_json)
    removed: tuple[Removal, ...] = ()
    if going and not dry_run:
        with at_work(parameters, "rollback") as journal:
            confirm(f"Remove {len(going)} objects from {cluster.context}?", yes)

            def keep(removal: Removal) -> None:
                journal.append("change", step="rollback", change=removal)
                say(f"removed    {removal.kind} {removal.name}")

            done = kubernetes.rollback(cluster, parameters, **how, on_removed=keep)
            removed = tuple(one for one in done if not one.kept_because)
    if as_json:
        print_json({"cluster": cluster, "planned": planned, "removed": removed})
    elif not going:
        click.echo("There is nothing to remove.")
    else:
        click.echo("Nothing was removed." if dry_run else f"{len(removed)} objects removed.")


def _line(one: Removal) -> str:
    what = f"{one.kind} {one.namespace}/{one.name}" if one.namespace else f"{one.kind} {one.name}"
    words = one.kept_because or one.data_lost
    return f"{'keeps' if one.kept_because else 'removes':<9}  {what}" + (f": {words}" if words else "")
