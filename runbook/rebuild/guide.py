"""The rebuild guide of a run: the commands that made it, the versions, and what was found, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runbook.parameters import Parameters
from runbook.rebuild.figures import figures
from runbook.rebuild.index import check_counts, known_results
from runbook.rebuild.notebook_page import duration
from runbook.rebuild.outcome import RunResult, StepResult
from runbook.record import RunFolder, read_journal, write_atomic


def write_guide(folder: RunFolder, parameters: Parameters, result: RunResult) -> None:
    """Write `rebuild.md`.

    Raises:
        RecordError: The journal or the results are damaged.
        OSError: It cannot be written.
    """
    write_atomic(folder.guide, "\n".join(_lines(folder, parameters, result)) + "\n")


def _lines(folder: RunFolder, parameters: Parameters, result: RunResult) -> Iterator[str]:
    begun = read_journal(folder.journal).events[0].fields
    known = known_results(folder)
    cluster = begun["cluster"] or known.get("cluster") or {}
    yield f"# Rebuild of {parameters.target}"
    yield ""
    yield f"Run {folder.id}: {result.verdict}, in {duration(result.seconds)}."
    if result.reason:
        yield f"It did not succeed: {_line(result.reason)}"
    yield ""
    yield from _table(
        ("what", "which"),
        (
            ("cluster", f"{cluster.get('context', parameters.context)}, {cluster.get('server', 'server not known')}"),
            ("Kubernetes", cluster.get("version", "not known")),
            ("image", parameters.image),
            ("models", ", ".join(parameters.models)),
            ("project", str(begun["source"]["gitCommit"] or "not under git")),
        ),
    )
    yield from ("", "## Again", "", "```sh", f"make rebuild TARGET={parameters.target}", "```")
    yield from ("", "## Steps", "")
    steps = ((step.step.name, step.step.title, step.verdict.outcome, _time(step)) for step in result.steps)
    yield from _table(("step", "title", "outcome", "time"), steps)
    counts = check_counts(result)
    yield from (
        "",
        "## Checks",
        "",
        f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped.",
    )
    yield ""
    yield from _table(
        ("check", "status", "evidence"), ((check.name, check.status, check.evidence) for check in result.checks)
    )
    compared = figures(known)
    if compared:
        yield from ("", "## Estimate and measurement", "")
        rows = ((one.model, one.quantity, one.estimated, one.measured) for one in compared)
        yield from _table(("model", "quantity", "estimated", "measured"), rows)


def _time(step: StepResult) -> str:
    return duration(step.seconds) if step.started_at else ""


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(columns) + " |"
    yield "| " + " | ".join("---" for _ in columns) + " |"
    for row in rows:
        yield "| " + " | ".join(_line(cell) for cell in row) + " |"


def _line(text: str) -> str:
    """A text as one line that does not break a table."""
    return " ".join(text.split()).replace("|", "\\|")
