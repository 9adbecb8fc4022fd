"""`runbook archive`: the index over all runs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runbook.commands.output import print_json
from runbook.commands.runs import outputs_folder, outputs_option
from runbook.commands.verb import Verb, json_option

if TYPE_CHECKING:
    from runbook.archive import Shelved


@click.command(
    cls=Verb,
    short_help="Write the index over all runs.",
    statuses={0: "the index was written, whatever is on it"},
    examples=(
        ("Every run of every target on one page", "runbook archive"),
        ("Of another folder, reading every record again", "runbook archive --outputs /mnt/runs --anew"),
    ),
)
@outputs_option
@click.option("--anew", is_flag=True, help="Read every record again instead of those that changed.")
@json_option
def archive(outputs: Path | None, anew: bool, as_json: bool) -> None:
    """Write outputs/index.html: every run of every target, to search and filter in a browser, without a server.

    A rebuild does the same when it ends. Folders that are no run, or a damaged one, are on the page and say so.
    """
    from runbook import archive as room
    from runbook.archive.page import PAGE

    folder = outputs_folder(outputs)
    found = room.write_archive(folder, remembered=not anew)
    if as_json:
        print_json({"index": folder / PAGE, "runs": [_object(one) for one in found]})
        return
    counted = Counter(one.card.verdict for one in found)
    said = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counted.items()))
    click.echo(f"{len(found)} run{'' if len(found) == 1 else 's'}{': ' + said if said else ''}.")
    for one in found:
        if one.card.verdict == "unreadable":
            click.echo(f"Unreadable: {one.place}: {one.card.reason}")
    click.echo(f"Index: {folder / PAGE}")


def _object(one: Shelved) -> dict[str, object]:
    return {"place": one.place, "is_example": one.is_example, "pin": one.pin, **one.card.as_json()}
