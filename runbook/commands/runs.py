"""What the verbs about kept runs share: where runs are kept."""

from __future__ import annotations

from pathlib import Path

import click

from runbook.errors import UsageError

outputs_option = click.option(
    "--outputs",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that holds the runs; without it outputs/ of the project.",
)


def outputs_folder(given: Path | None) -> Path:
    """The folder of outputs that is meant.

    Raises:
        UsageError: It is not there.
    """
    from runbook.targets import PROJECT

    folder = given or PROJECT / "outputs"
    if folder.is_dir() or given is None:
        return folder
    raise UsageError(f"There is no folder {folder}.", next="`runbook rebuild --outputs FOLDER` makes it.")
