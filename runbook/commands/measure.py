"""`runbook measure`: how fast models are on a cluster and what they take, thoroughly and with what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from runbook.commands.deployed import Deployed, deployed
from runbook.commands.output import print_json, say
from runbook.commands.progress import Pulse
from runbook.commands.verb import Verb, json_option, parameter_option, target_argument

if TYPE_CHECKING:
    from runbook.inference import Thorough
    from runbook.parameters import Parameters

PARTS = ("speed", "depths", "cold", "work", "leak")


@click.command(
    cls=Verb,
    short_help="Measure how fast models are and what they take.",
    statuses={0: "everything was measured", 1: "a part could not be measured, or a check did not pass"},
    examples=(
        ("Everything, of every model of the target", "runbook measure homelab"),
        (
            "Only speed and memory over many requests, of one model",
            "runbook measure homelab qwen3:1.7b --part speed --part leak",
        ),
        ("More repetitions, for a script", "runbook measure homelab -p repetitions=9 --json"),
    ),
)
@target_argument
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option(
    "--part",
    "parts",
    type=click.Choice(PARTS),
    multiple=True,
    metavar="PART",
    help=f"Measure only this: {', '.join(PARTS)}; may be repeated.",
)
@parameter_option
@json_option
def measure(
    target: str, models: tuple[str, ...], parts: tuple[str, ...], overrides: Mapping[str, str], as_json: bool
) -> int:
    """Measure each MODEL on the cluster of TARGET; all models of the target if none is named.

    The server is used as the consumer uses it, so measure while nobody else does. Some minutes a model; interrupted,
    it prints what was measured so far.
    """
    from runbook.targets import load_target

    parameters = load_target(target, overrides)
    from runbook import inference

    found: list[Thorough] = []
    try:
        with deployed(parameters) as there:
            say(there.cluster.title)
            _require(there, models or parameters.models)
            with Pulse() as pulse:
                for name in models or parameters.models:
                    found.append(inference.Thorough(name))
                    _measure(there, parameters, found[-1], parts or PARTS, pulse)
    finally:
        if found:
            _report(found, as_json=as_json)
    return 1 if any(check.status == "failed" for one in found for check in inference.thorough_checks(one)) else 0


def _require(there: Deployed, names: tuple[str, ...]) -> None:
    from runbook import ollama
    from runbook.checks import require

    require(ollama.presence_checks(names, there.server.tags()))


def _measure(there: Deployed, parameters: Parameters, into: Thorough, parts: tuple[str, ...], pulse: Pulse) -> None:
    from runbook import inference

    def show(line: str) -> None:
        pulse.line(f"{into.model}  {line}")

    with inference.watch(there.cluster, parameters.namespace, there.pod, there.server) as watcher:
        pulse.running(into.model)
        inference.measure_thoroughly(
            into,
            there.server,
            parameters,
            watcher=watcher,
            parts=tuple(part for part in inference.PARTS if part in parts),
            on_progress=show,
        )


def _report(found: list[Thorough], *, as_json: bool) -> None:
    from runbook import inference

    if as_json:
        print_json({"measurements": found})
        return
    from runbook.views import thorough

    for one in found:
        click.echo(repr(thorough(one)))
        for check in inference.thorough_checks(one):
            click.echo(f"{check.status:<8}{check.name}: {check.evidence}")
        if not one.complete:
            click.echo(f"{one.model}: interrupted; this is what was measured so far")
