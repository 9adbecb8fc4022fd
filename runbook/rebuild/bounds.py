"""Floods of output: the beginning and the end are shown, and what was cut between is said."""

from __future__ import annotations

from dataclasses import dataclass

MOST_LINES = 120
FIRST_LINES = 30
LAST_LINES = 70
LONGEST_LINE = 2000
LARGEST_HTML = 400_000
# Of one output as it stands in the page: a text whose every character has a colour grows tenfold.
LARGEST_TEXT = 400_000
# Of all outputs of a page together; with code, prose and style it stays below 2 MB.
LARGEST_PAGE = 1_600_000
LARGEST_IMAGE = 1_200_000


@dataclass(frozen=True)
class Excerpt:
    """A text cut to a length for reading.

    Attributes:
        first: Its beginning, or all of it.
        cut_lines: Lines left out; 0 where it is whole.
        last: Its end; empty where it is whole.
    """

    first: str
    cut_lines: int = 0
    last: str = ""


def excerpt(text: str) -> Excerpt:
    """A text of any length as at most 120 lines, the last of them always among these."""
    lines = text.splitlines()
    if len(lines) <= MOST_LINES:
        return Excerpt("\n".join(map(_short, lines)))
    first, last = lines[:FIRST_LINES], lines[-LAST_LINES:]
    cut = len(lines) - FIRST_LINES - LAST_LINES
    return Excerpt("\n".join(map(_short, first)), cut, "\n".join(map(_short, last)))


def _short(line: str) -> str:
    """A line of bearable length: its ends are kept, since an error stands at either."""
    if len(line) <= LONGEST_LINE:
        return line
    half = LONGEST_LINE // 2
    return f"{line[:half]} [{len(line) - 2 * half:,} characters cut] {line[-half:]}"
