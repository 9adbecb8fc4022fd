"""What a verb that changes a cluster leaves behind: the lock of its target, and lines in the lab's journal.

The lab's folder, `outputs/<target>/lab/`, collects what was done by hand; a rebuild has a folder of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runbook.errors import UsageError

if TYPE_CHECKING:
    from runbook.parameters import Parameters
    from runbook.record import Journal


@contextmanager
def at_work(parameters: Parameters, verb: str) -> Iterator[Journal]:
    """Hold the target for a verb, and say in the journal that it began and how it ended.

    Raises:
        UsageError: A rebuild or another verb is changing the target; it is named.
    """
    from runbook.record import Journal, RunFolder, only_run

    folder = outputs() / parameters.target
    with only_run(folder):
        journal = Journal(RunFolder.lab(folder).journal)
        journal.append("verbStarted", step=verb, parameters=parameters)
        outcome = "interrupted"
        try:
            yield journal
            outcome = "succeeded"
        except Exception as error:
            outcome = f"failed: {error}"
            raise
        finally:
            journal.append("verbFinished", step=verb, outcome=outcome)


def outputs() -> Path:
    """Where the runs are: outputs/ of the project, or what RUNBOOK_OUTPUTS says."""
    from runbook.targets import PROJECT

    return Path(os.environ.get("RUNBOOK_OUTPUTS") or PROJECT / "outputs")


def confirm(question: str, yes: bool) -> None:
    """Return when a person agrees, or `--yes` was given.

    Raises:
        UsageError: There is nobody to ask.
        click.Abort: The person does not agree.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("Nothing was changed: there is nobody to ask.", next="Say --yes to go on without a question.")
    click.confirm(question, abort=True, err=True)
