"""`runbook targets`: the clusters that can be rebuilt."""

from __future__ import annotations

import click

from runbook.commands.output import print_json, print_table
from runbook.commands.verb import Verb, json_option


@click.command(
    cls=Verb,
    short_help="List the targets with their kubeconfig context.",
    examples=(
        ("Which targets there are", "runbook targets"),
        ("Make a new one and see whether it is right", "cp targets/homelab.yaml targets/mine.yaml && runbook targets"),
    ),
)
@json_option
def targets(as_json: bool) -> None:
    """List the targets in targets/ with their kubeconfig context."""
    from runbook.targets import list_targets

    summaries = list_targets()
    if as_json:
        print_json({"targets": summaries})
        return
    print_table(
        ("target", "context", "description"),
        ((item.name, item.context, item.mistake or item.description) for item in summaries),
    )
