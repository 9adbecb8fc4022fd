"""`runbook drift`: whether the cluster still holds what the manifests say, and what a run recorded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runbook.commands.by_hand import outputs
from runbook.commands.output import print_json
from runbook.commands.verb import Verb, json_option, parameter_option, target_argument
from runbook.errors import Exit, UsageError

if TYPE_CHECKING:
    from runbook.kubernetes import Drift, LiveObject


@click.command(
    cls=Verb,
    short_help="Compare the cluster with the manifests and with a run.",
    statuses={0: "no drift", 1: "something differs; each field is said, and who set it"},
    examples=(
        ("Against the manifests", "runbook drift homelab"),
        ("And against what a run recorded", "runbook drift homelab 20261125T085643Z-93ba"),
        ("For a script", "runbook drift homelab latest --json"),
    ),
)
@target_argument
@click.argument("run", required=False)
@parameter_option
@json_option
def drift(target: str, run: str | None, overrides: Mapping[str, str], as_json: bool) -> int:
    """Compare the live objects of TARGET with the manifests, and with what RUN recorded of them.

    RUN is the name of a run, its folder, or `latest`. What others set beside the manifests counts as drift, unless
    it changes nothing of what runs (labels and notes).
    """
    from runbook.targets import load_target

    parameters = load_target(target, overrides)
    recorded = _recorded(parameters.target, run) if run else ()
    from runbook import kubernetes

    cluster = kubernetes.connect(parameters)
    found = kubernetes.drift(cluster, kubernetes.load_manifests(parameters), recorded)
    differing = kubernetes.drifted(found)
    if as_json:
        print_json({"cluster": cluster, "drifted": bool(differing), "objects": found})
    else:
        click.echo(cluster.title)
        for one in found:
            _print(one)
        click.echo(f"{len(differing)} of {len(found)} objects differ." if differing else "No drift.")
    return Exit.FAILED if differing else Exit.GOOD


def _print(one: Drift) -> None:
    click.echo(f"{one.state:<10}  {one.title}")
    marks = (("", one.fields), ("added: ", one.added), ("since the run: ", one.since_run), ("noted: ", one.noted))
    for mark, lines in marks:
        for line in lines:
            click.echo(f"            {mark}{line}")


def _recorded(target: str, run: str) -> tuple[LiveObject, ...]:
    """What a run kept of the objects.

    Raises:
        UsageError: There is no such run, or it kept nothing of them.
    """
    from runbook import kubernetes
    from runbook.record import Journal, Results, RunFolder

    folder = RunFolder(_folder(outputs() / target, run))
    results = Results(folder.results, Journal(folder.journal)).read()
    found = kubernetes.recorded_objects(results)
    if found:
        return found
    raise UsageError(f"The run {folder.id} kept nothing of the objects.", next="Choose a run in which 03_apply ended.")


def _folder(runs: Path, run: str) -> Path:
    named = {path.name: path for path in sorted(runs.glob("*/")) if (path / "results.json").is_file()}
    dated = [path for name, path in named.items() if name[:1].isdigit()]
    if run == "latest" and dated:
        return dated[-1]
    found = named.get(run) or (Path(run) if (Path(run) / "results.json").is_file() else None)
    if found:
        return found
    raise UsageError(f"There is no run {run} of this target.", why=f"it has: {', '.join(list(named)[-3:]) or 'none'}")
