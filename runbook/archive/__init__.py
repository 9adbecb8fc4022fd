"""The runs that are kept: an index over all of them, what differs between two, and which may go."""

from runbook.archive.card import Card, Figure
from runbook.archive.comparison import Comparison, compare
from runbook.archive.finding import find_run
from runbook.archive.page import write_archive
from runbook.archive.pins import pin, unpin
from runbook.archive.removal import remove
from runbook.archive.report import diff_markdown, diff_page, headline, remarks, sections, title
from runbook.archive.retention import Removal, Retention, retention
from runbook.archive.shelf import Shelved, shelf

__all__ = [
    "Card",
    "Comparison",
    "Figure",
    "Removal",
    "Retention",
    "Shelved",
    "compare",
    "diff_markdown",
    "diff_page",
    "find_run",
    "headline",
    "pin",
    "remarks",
    "remove",
    "retention",
    "sections",
    "shelf",
    "title",
    "unpin",
    "write_archive",
]
