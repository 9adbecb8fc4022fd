"""`runbook pin`: keep a run whatever its age."""

from __future__ import annotations

from pathlib import Path

import click

from runbook.commands.runs import outputs_folder, outputs_option
from runbook.commands.verb import Verb


@click.command(
    cls=Verb,
    short_help="Keep a run whatever its age.",
    statuses={0: "done", 2: "there is no such run"},
    examples=(
        ("Keep the state before an upgrade", 'runbook pin homelab/latest --why "before 0.16"'),
        ("Let it go again", "runbook pin homelab/previous --off"),
    ),
)
@click.argument("run")
@click.option("--why", default="", help="Why it is kept; the index shows it.")
@click.option("--off", is_flag=True, help="Take the pin away.")
@outputs_option
def pin(run: str, why: str, off: bool, outputs: Path | None) -> None:
    """Keep RUN, whatever `runbook prune` is told; pins are lines in pins.txt beside a target's runs."""
    from runbook import archive as room

    folder = outputs_folder(outputs)
    found = room.find_run(run, folder).path
    if off:
        had = room.unpin(found.parent, found.name)
        click.echo(f"{found.name} is {'no longer' if had else 'not'} pinned.")
    else:
        room.pin(found.parent, found.name, why)
        click.echo(f"{found.name} is pinned.")
    room.write_archive(folder)
