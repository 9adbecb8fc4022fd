"""Markdown tables of texts that nobody vouches for: what a model answered stays text, and one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

MARKS = ("\\", "|", "<", "[", "`", "*")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table, line by line."""
    yield "| " + " | ".join(columns) + " |"
    yield "| " + " | ".join("---" for _ in columns) + " |"
    for row in rows:
        yield "| " + " | ".join(map(one_line, row)) + " |"


def one_line(text: str) -> str:
    """A text as one line that is neither markup nor the end of a table's cell."""
    plain = " ".join(text.split())
    for mark in MARKS:
        plain = plain.replace(mark, f"\\{mark}")
    return plain
