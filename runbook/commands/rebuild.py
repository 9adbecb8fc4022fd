"""`runbook rebuild`: run the notebooks against a target, from nothing to a verified cluster."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runbook.commands.local import state_folder
from runbook.commands.output import print_json, say
from runbook.commands.rebuild_report import as_object, in_words
from runbook.commands.step_progress import StepProgress
from runbook.commands.verb import Verb, json_option, parameter_option
from runbook.errors import Exit

if TYPE_CHECKING:
    from runbook.kubernetes import Cluster
    from runbook.parameters import Parameters


@click.command(
    cls=Verb,
    short_help="Run the notebooks against a target and verify the result.",
    statuses={0: "every step and check passed", 1: "a check or a step failed; the folder of the run says which"},
    examples=(
        ("Your own cluster, with more memory for the models", "runbook rebuild homelab -p memory_limit=8Gi"),
        ("Go on with a run that failed or was killed", "runbook rebuild homelab --resume"),
        ("Only verify and measure again", "runbook rebuild homelab --only 05,06"),
    ),
)
@click.argument("target", default="local")
@parameter_option
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the newest run, if it did not succeed: skip what it proves and what still holds, run the rest.",
)
@click.option("--only", metavar="NN,NN", default="", help="Run only these steps, by their numbers.")
@click.option("--from", "first", metavar="NN", default="", help="Begin with this step, by its number.")
@click.option(
    "--outputs",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that takes the runs; without it outputs/ of the project.",
)
@json_option
def rebuild(
    target: str,
    overrides: Mapping[str, str],
    resume: bool,
    only: str,
    first: str,
    outputs: Path | None,
    as_json: bool,
) -> int:
    """Rebuild TARGET (local without a name): run the notebooks in order and verify the result.

    Parameters, context and cluster are checked before any notebook starts. The run leaves a folder with the
    executed notebooks, the results and an index.html.

    With --resume, a step that succeeded before is skipped if its notebook, the parameters, the manifests, the package
    and what it read are unchanged, and the live cluster still holds what it left. With --only and --from, earlier
    steps are not run; their results are taken over from an earlier run under the same conditions.
    """
    from runbook.targets import PROJECT, load_target

    parameters = load_target(target, overrides)
    from runbook import rebuild as room

    room.choose(room.steps(), only, first)
    cluster = _reach(parameters)
    click.echo(cluster.title, err=as_json)
    with StepProgress() as progress:
        result = room.rebuild(
            parameters,
            outputs=outputs or PROJECT / "outputs",
            progress=progress,
            only=only,
            first=first or None,
            resume=resume,
            cluster=cluster,
        )
    if as_json:
        print_json(as_object(parameters, cluster, result))
    else:
        click.echo("\n".join(in_words(result)))
    return Exit.GOOD if result.succeeded else Exit.FAILED


def _reach(parameters: Parameters) -> Cluster:
    """The target's cluster, which for the local target is started first."""
    if parameters.target == "local":
        from runbook import local

        say(f"context {parameters.context}: the cluster of this machine, in {state_folder()}")
        local.up(state_folder(), say)
    from runbook.kubernetes import connect

    return connect(parameters)
