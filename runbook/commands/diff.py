"""`runbook diff`: what changed between two runs, and whether anything got worse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from runbook.commands.output import print_json, print_table, say
from runbook.commands.runs import outputs_folder, outputs_option
from runbook.commands.verb import Verb, json_option
from runbook.errors import Exit, RecordError

if TYPE_CHECKING:
    from runbook.archive import Comparison


@click.command(
    cls=Verb,
    short_help="Compare two runs, and say what got worse.",
    statuses={
        0: "nothing got worse",
        1: "a check got worse, or a measured result left its interval",
        2: "A or B is no run",
    },
    examples=(
        ("The last two runs of a target", "runbook diff homelab/previous homelab/latest"),
        ("Two runs by their names, as Markdown for an issue", "runbook diff 3fa9 93ba --markdown"),
        ("A page to keep", "runbook diff previous latest --html comparison.html"),
    ),
)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@outputs_option
@json_option
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown.")
@click.option(
    "--html", "html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page to this file as well."
)
def diff(before: str, after: str, outputs: Path | None, as_json: bool, as_markdown: bool, html: Path | None) -> int:
    """Compare run A with the later run B: parameters, versions, manifests, checks and what was measured.

    A run is a path, its name or a part of it, or `latest` or `previous`, also after a target: `homelab/latest`.
    A speed counts as changed only where chance and a busy machine do not explain it; otherwise it is called noise.
    """
    if as_json and as_markdown:
        raise click.UsageError("--json and --markdown exclude each other")
    from runbook import archive as room

    folder = outputs_folder(outputs)
    found = room.compare(room.find_run(before, folder), room.find_run(after, folder))
    if html:
        _write(html, room.diff_page(found))
    if as_json:
        print_json({"worse": found.worse, **{name: getattr(found, name) for name in found.__dataclass_fields__}})
    elif as_markdown:
        click.echo(room.diff_markdown(found), nl=False)
    else:
        _print(found)
    return Exit.FAILED if found.worse else Exit.GOOD


def _write(path: Path, page: str) -> None:
    from runbook.record import write_atomic

    try:
        write_atomic(path, page)
    except OSError as error:
        raise RecordError(f"{path} cannot be written.", why=error.strerror or str(error)) from error
    say(f"Page: {path}")


def _print(found: Comparison) -> None:
    from runbook import archive as room

    click.echo(f"before: {room.title(found.before)}")
    click.echo(f"after:  {room.title(found.after)}")
    for remark in room.remarks(found):
        click.echo(f"note: {remark}")
    for section in room.sections(found):
        click.echo(f"\n{section.title}: {'' if section.rows else 'no difference'}".rstrip())
        if section.rows:
            print_table(section.columns, (row.cells for row in section.rows))
    click.echo(f"\n{room.headline(found)}.")
    for one in found.worse:
        click.echo(f"  {one}")
