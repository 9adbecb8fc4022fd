"""What the verbs print: tables and JSON on stdout, progress and errors on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

import click

from runbook.errors import RunbookError


def say(text: str) -> None:
    """Print a line of progress."""
    click.echo(text, err=True)


def show_error(error: RunbookError) -> None:
    """Print what happened, why, and what to do next."""
    label = click.style("Error:", fg="red", bold=True) if has_colour(sys.stderr) else "Error:"
    say(f"{label} {error}")


def can_redraw(stream: TextIO) -> bool:
    """Whether what is written to a stream can be overwritten: it is a terminal that knows how."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def has_colour(stream: TextIO) -> bool:
    """Whether colours are wanted: on a terminal that shows them, unless NO_COLOR says otherwise."""
    return can_redraw(stream) and not os.environ.get("NO_COLOR")


def print_json(value: object) -> None:
    """Print one JSON document; what is no number is null."""
    from runbook.record.strict import to_json

    click.echo(json.dumps(to_json(value)[0], indent=1, allow_nan=False, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: fitted to a terminal, and one line for each row in a pipe, so that it can be searched."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 10_000)
    # Printed by us, since rich ends the program when a pipe breaks.
    with console.capture() as printed:
        console.print(table)
    click.echo(printed.get(), nl=False)


def gigabytes(size_bytes: float) -> str:
    """A size for people, in GiB."""
    return f"{size_bytes / 2**30:.1f} GiB"
