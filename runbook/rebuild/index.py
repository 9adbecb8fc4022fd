"""The index of a run: verdict, target and cluster, steps with times and links, every check with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runbook import __version__
from runbook.archive.look import templates
from runbook.rebuild.figures import figures
from runbook.rebuild.notebook_page import TEMPLATES
from runbook.rebuild.outcome import RunResult
from runbook.record import Journal, Results, RunFolder, read_journal, write_atomic


def write_index(folder: RunFolder, result: RunResult) -> None:
    """Write `index.html`.

    Raises:
        RecordError: The journal or the results are damaged.
        OSError: It cannot be written.
    """
    begun = read_journal(folder.journal).events[0]
    known = known_results(folder)
    page = (
        templates(TEMPLATES)
        .get_template("index.html")
        .render(
            run=folder.id,
            result=result,
            target=begun.fields["target"],
            description=begun.fields["parameters"]["description"],
            cluster=begun.fields["cluster"] or known.get("cluster"),
            started_at=begun.at,
            parameters=begun.fields["parameters"],
            source=begun.fields["source"],
            host=begun.fields["host"],
            packages=begun.fields["packages"],
            figures=figures(known),
            longest=max((step.seconds for step in result.steps), default=0.0) or 1.0,
            chosen=[step for step in result.steps if step.verdict.outcome != "not selected"],
            version=__version__,
        )
    )
    write_atomic(folder.index, page)


def known_results(folder: RunFolder) -> dict[str, Any]:
    """The results of a run by their keys; where two steps kept the same key, the later one's.

    Raises:
        RecordError: The results are damaged.
    """
    kept: dict[str, Any] = {}
    for _, found in sorted(Results(folder.results, Journal(folder.journal)).read().items()):
        kept |= found
    return kept


def check_counts(result: RunResult) -> Mapping[str, int]:
    """How many checks passed, failed and were skipped."""
    states = [check.status for check in result.checks]
    return {state: states.count(state) for state in ("passed", "failed", "skipped")}
