"""`runbook parameters`: every parameter of a target."""

from __future__ import annotations

import click

from runbook.commands.output import print_json, print_table
from runbook.commands.verb import Verb, json_option


@click.command(
    cls=Verb,
    short_help="List every parameter of a target.",
    examples=(
        ("What a target file may say", "runbook parameters"),
        ("The memory settings only", "runbook parameters | grep memory"),
        ("The bounds of one, for a script", "runbook parameters --json"),
    ),
)
@json_option
def parameters(as_json: bool) -> None:
    """List every parameter of a target: type, unit, bounds, default and meaning."""
    from runbook.parameters import describe

    rows = describe()
    if as_json:
        print_json({"parameters": rows})
        return
    columns = ("name", "type", "unit", "bounds", "default", "meaning")
    print_table(columns, ((row.name, row.type, row.unit, row.bounds, row.default, row.meaning) for row in rows))
