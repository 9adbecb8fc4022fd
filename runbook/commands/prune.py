"""`runbook prune`: remove old runs, and leave a tombstone of each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runbook.commands.output import print_json, print_table, say
from runbook.commands.runs import outputs_folder, outputs_option
from runbook.commands.verb import Verb, json_option
from runbook.errors import UsageError

if TYPE_CHECKING:
    from runbook.archive import Retention


@click.command(
    cls=Verb,
    short_help="Remove old runs, and leave a tombstone of each.",
    statuses={0: "done, or nothing to do", 1: "a run could not be removed"},
    examples=(
        ("What would go, if each target kept its newest 20", "runbook prune --keep 20 --dry-run"),
        ("Remove what is older than a quarter and not among the newest 20", "runbook prune --keep 20 --older-than 90"),
        ("The same from a timer", "runbook prune --keep 20 --older-than 90 --yes"),
    ),
)
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="Keep the newest N runs of each target.")
@click.option(
    "--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="Remove only runs that began longer ago."
)
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@outputs_option
@json_option
def prune(
    keep: int | None, older_than: float | None, dry_run: bool, yes: bool, outputs: Path | None, as_json: bool
) -> None:
    """Remove runs by age and count, after showing which and asking.

    Runs that failed, pinned runs, examples and the last that succeeded always stay. Of each run that goes, a
    tombstone stays: its verdict, its times and the digests by which `runbook verify` follows the chain past it.
    """
    from runbook import archive as room

    folder = outputs_folder(outputs)
    plan = room.retention(folder, keep=keep, older_than_days=older_than)
    if as_json:
        if not (dry_run or yes):
            raise click.UsageError("--json cannot ask: give --dry-run or --yes as well")
        print_json({"removed": not dry_run, "removals": plan.removals, "kept": plan.kept})
    else:
        _show(plan)
    if dry_run or not plan.removals:
        return
    if not yes:
        _ask(plan)
    room.remove(folder, plan.removals, lambda one: say(f"removed {one.place}"))
    room.write_archive(folder)


def _show(plan: Retention) -> None:
    if not plan.removals:
        click.echo(f"Nothing to remove; {len(plan.kept)} runs stay.")
        return
    rows = ((one.place, one.started_at[:10], one.verdict, _megabytes(one.size_bytes), one.why) for one in plan.removals)
    print_table(("run", "begun", "verdict", "size", "why"), rows)
    runs = f"{len(plan.removals)} run{'' if len(plan.removals) == 1 else 's'}"
    click.echo(f"{runs}, {_megabytes(plan.size_bytes)}; {len(plan.kept)} stay.")


def _ask(plan: Retention) -> None:
    if not sys.stdin.isatty():
        raise UsageError("Nobody is there to confirm.", next="Give --yes to remove, or --dry-run to look.")
    click.confirm(f"Remove {len(plan.removals)} for good?", abort=True, err=True)


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"
