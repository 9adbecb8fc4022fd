"""`runbook local`: the real one-node cluster of this machine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runbook.commands.output import gigabytes, print_json, print_table, say
from runbook.commands.verb import SETTINGS, Verb, VerbGroup, json_option
from runbook.errors import Exit, UsageError


def state_folder() -> Path:
    """Where the local cluster of this checkout keeps its state."""
    from runbook.targets import PROJECT

    return PROJECT / ".local"


@click.group(
    cls=VerbGroup,
    context_settings=SETTINGS,
    examples=(
        ("Start it, building its parts at the first time", "runbook local up"),
        ("Talk to it", "KUBECONFIG=.local/kubeconfig .local/bin/kubectl get nodes"),
        ("Stop it; its data is kept", "runbook local down"),
    ),
)
def local() -> None:
    """Start, stop and look at the one-node cluster of this machine."""


@local.command(
    cls=Verb,
    short_help="Start the cluster; harmless when it runs.",
    examples=(
        ("Start it; harmless when it runs", "runbook local up"),
        ("Use ready-made parts instead of building", "RUNBOOK_LOCAL_PARTS=~/parts runbook local up"),
    ),
)
def up() -> None:
    """Start the cluster, building what is missing; harmless when it runs."""
    from runbook import local as room

    room.up(state_folder(), say)
    click.echo(room.status(state_folder()).summary)


@local.command(
    cls=Verb,
    short_help="Say whether the cluster runs and is ready.",
    statuses={0: "the node is ready", 1: "it is not"},
    examples=(
        ("How it is", "runbook local status"),
        ("The same for a script", "runbook local status --json"),
    ),
)
@json_option
def status(as_json: bool) -> int:
    """Say whether the cluster runs and is ready, what its programs do, and the disk it takes."""
    from runbook import local as room

    found = room.status(state_folder())
    if as_json:
        print_json(found)
    else:
        click.echo(found.summary)
        if found.programs:
            print_table(("program", "state"), found.programs.items())
        click.echo(f"disk: {gigabytes(found.state_bytes)} of data, {gigabytes(found.cache_bytes)} of built parts")
    return Exit.GOOD if found.ready else Exit.FAILED


@local.command(
    cls=Verb,
    short_help="Stop the cluster; its data is kept.",
    examples=(
        ("Stop it; `up` goes on with the same data", "runbook local down"),
        ("Stop it and free the disk", "runbook local clean"),
    ),
)
def down() -> None:
    """Stop the cluster and leave nothing running; its data is kept."""
    from runbook import local as room

    room.down(state_folder(), say)


@local.command(
    cls=Verb,
    short_help="Stop the cluster and delete its data.",
    examples=(
        ("Delete everything, after asking", "runbook local clean"),
        ("Delete the cluster, keep the built parts", "runbook local clean --keep-parts"),
    ),
)
@click.option("--keep-parts", is_flag=True, help="Keep the built parts, which other checkouts use too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def clean(keep_parts: bool, yes: bool) -> None:
    """Stop the cluster and delete its data and its built parts, after asking."""
    from runbook import local as room

    found = room.status(state_folder())
    size = found.state_bytes + (0 if keep_parts else found.cache_bytes)
    if not yes and not _agreed(f"Delete the local cluster with all its models, {gigabytes(size)}?"):
        click.echo("Nothing was deleted.")
        return
    room.clean(state_folder(), say, parts=not keep_parts)


@local.command(
    cls=Verb,
    short_help="Build what the cluster is made of.",
    examples=(
        ("Build every part, to start quickly later", "runbook local build"),
        ("Build into another cache", "XDG_CACHE_HOME=/var/cache runbook local build"),
    ),
)
def build() -> None:
    """Build what the cluster is made of, without starting it."""
    from runbook import local as room

    found = room.build(say)
    click.echo(f"All {len(found.origin)} parts are built.")


def _agreed(question: str) -> bool:
    """Whether the person says yes.

    Raises:
        UsageError: There is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise UsageError("Nobody can be asked, because stdin is no terminal.", next="Add --yes.")
    return click.confirm(question, err=True)
