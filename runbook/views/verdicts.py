"""Checks as a table: the verdict, the statement, the evidence, and below a failure what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from runbook.checks import Check
from runbook.views.tables import html_rows, text_rows
from runbook.views.view import View, escaped, printable

# The page's own colours, JupyterLab's or the archive's, so that each of their themes is readable.
COLOURS = {
    "passed": "var(--jp-success-color0, var(--good, #22663f))",
    "failed": "var(--jp-error-color0, var(--bad, #a12a1e))",
    "skipped": "var(--jp-ui-font-color2, var(--soft, #5f5b55))",
}


def checks(found: Check | Iterable[Check], caption: str = "") -> View:
    """Checks with what decided them, and the way out of each that failed."""
    listed = [found] if isinstance(found, Check) else list(found)
    html = html_rows(("", "check", "evidence"), (_row(check) for check in listed), caption)
    lines = [line for check in listed for line in _lines(check)]
    return View(html, "\n".join(filter(None, (printable(caption), text_rows(lines)))))


def verdict(found: Iterable[Check]) -> View:
    """How many checks passed, failed and were skipped, in one line."""
    counted = Counter(check.status for check in found)
    words = [f"{counted[status]} {status}" for status in ("passed", "failed", "skipped") if counted[status]]
    sentence = f"{', '.join(words) or 'no checks'}"
    status = "failed" if counted["failed"] or not counted["passed"] else "passed"
    return View(f'<p><strong style="color:{COLOURS[status]}">{sentence}</strong></p>', sentence)


def _row(check: Check) -> str:
    mark = f'<strong style="color:{COLOURS[check.status]}">{escaped(check.status)}</strong>'
    hint = f"<br><em>Next: {escaped(check.hint)}</em>" if check.hint else ""
    cells = (mark, escaped(check.name), escaped(check.evidence) + hint)
    return "<tr>" + "".join(f'<td style="text-align:left;vertical-align:top">{one}</td>' for one in cells) + "</tr>"


def _lines(check: Check) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = [(check.status, f"{check.name}: {check.evidence}")]
    return [*lines, ("", f"Next: {check.hint}")] if check.hint else lines
