"""Changes to a cluster: what a plan would do, what an apply did, what a rollback removes and keeps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from runbook.views.tables import html_rows, text_rows
from runbook.views.view import View, escaped, printable

if TYPE_CHECKING:
    from runbook.kubernetes import Change, Plan, Removal

NOTHING_CHANGES = "Nothing changes: the cluster holds what the manifests say."
NOTHING_THERE = "There is nothing to remove: the namespace does not exist."


def plan(planned: Plan) -> View:
    """What an apply would do, object by object."""
    return changes(planned.changes)


def changes(found: Iterable[Change]) -> View:
    """Each object with what happens to it, field by field; a new object's fields are folded."""
    listed = list(found)
    if all(change.action == "unchanged" and not change.warnings for change in listed):
        return View(f"<p>{NOTHING_CHANGES}</p>", NOTHING_CHANGES)
    html = html_rows(("", "object", "fields"), (_row(change) for change in listed))
    return View(html, text_rows([line for change in listed for line in _lines(change)]))


def removals(found: Iterable[Removal], empty: str = NOTHING_THERE) -> View:
    """What a rollback removes, with the data that goes, and what it keeps, with the reason."""
    listed = list(found)
    if not listed:
        return View(f"<p>{escaped(empty)}</p>", printable(empty))
    rows = [
        (
            "keeps" if one.kept_because else "removes",
            _object(one),
            one.kept_because or one.data_lost or "no data is lost",
        )
        for one in listed
    ]
    html = html_rows(("", "object", ""), (f"<tr>{''.join(map(_td, map(escaped, row)))}</tr>" for row in rows))
    return View(html, text_rows(rows))


def _object(one: Change | Removal) -> str:
    return f"{one.kind} {one.namespace}/{one.name}" if one.namespace else f"{one.kind} {one.name}"


def _count(change: Change) -> str:
    if change.action == "unchanged":
        return ""
    return f"{len(change.diff)} field{'' if len(change.diff) == 1 else 's'}"


def _row(change: Change) -> str:
    fields = "<br>".join(f"<code>{escaped(line)}</code>" for line in change.diff)
    if change.action == "create":
        fields = f"<details><summary>{_count(change)}</summary>{fields}</details>"
    warnings = "".join(f"<br><strong>Warning:</strong> {escaped(warning)}" for warning in change.warnings)
    return f"<tr>{_td(change.action)}{_td(escaped(_object(change)))}{_td(fields + warnings)}</tr>"


def _lines(change: Change) -> list[tuple[str, str, str]]:
    lines: list[tuple[str, str, str]] = [(change.action, _object(change), _count(change))]
    if change.action == "update":
        lines += [("", "", printable(line)) for line in change.diff]
    return lines + [("", "", f"Warning: {printable(warning)}") for warning in change.warnings]


def _td(html: str) -> str:
    return f'<td style="text-align:left;vertical-align:top">{html}</td>'
