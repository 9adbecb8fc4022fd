"""`runbook karakeep`: the consumer's own side, its environment and what it gets from a deployed server."""

from __future__ import annotations

import click

from runbook.commands.karakeep_check import check
from runbook.commands.karakeep_derive import derive
from runbook.commands.karakeep_lint import lint
from runbook.commands.verb import SETTINGS, VerbGroup


@click.group(
    cls=VerbGroup,
    context_settings=SETTINGS,
    short_help="Judge Karakeep's environment, and the answers it would get.",
    examples=(
        ("What is wrong in Karakeep's environment", "runbook karakeep lint karakeep.env --target homelab"),
        ("What Karakeep would get from the server", "runbook karakeep check homelab"),
    ),
)
def karakeep() -> None:
    """Judge Karakeep's environment, and ask the deployed server as Karakeep would."""


for _verb in (lint, check, derive):
    karakeep.add_command(_verb)
