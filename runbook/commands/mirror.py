"""`runbook mirror`: fill a registry of your own with what a cluster has, so that a rebuild needs no internet."""

from __future__ import annotations

from collections.abc import Mapping

import click

from runbook.commands.output import print_json, print_table, say
from runbook.commands.progress import Pulse
from runbook.commands.verb import Verb, json_option, parameter_option, target_argument


@click.command(
    cls=Verb,
    short_help="Fill a private registry with the cluster's models.",
    statuses={0: "every model is on the mirror", 1: "a model did not get there, or the cluster said no"},
    examples=(
        ("Every model of the target", "runbook mirror homelab nas.lan:5000/library --insecure"),
        ("One model, and then a rebuild from there", "runbook mirror homelab nas.lan:5000/library moondream"),
    ),
)
@target_argument
@click.argument("registry")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--insecure", is_flag=True, help="The registry speaks plain HTTP.")
@parameter_option
@json_option
def mirror(
    target: str, registry: str, models: tuple[str, ...], insecure: bool, overrides: Mapping[str, str], as_json: bool
) -> None:
    """Put each MODEL that TARGET has onto REGISTRY, host:port/folder; all models of the target if none is named.

    The pod sends them, so it is the pod that has to reach the registry: where a NetworkPolicy is enforced, name it as
    `registry` in the target and apply that first. Layers that are there already are not sent again.
    """
    from runbook.commands.deployed import deployed
    from runbook.targets import load_target

    parameters = load_target(target, {**overrides, "registry": registry})
    from runbook import ollama
    from runbook.commands.layer_progress import LayerProgress

    with deployed(parameters) as there:
        if not as_json:
            say(there.cluster.title)
        with Pulse() as pulse:
            mirrored = [
                ollama.mirror_model(
                    there.server,
                    name,
                    registry,
                    insecure=insecure,
                    timeout_s=parameters.pull_timeout_s,
                    on_progress=LayerProgress(pulse, name),
                )
                for name in models or parameters.models
            ]
    if as_json:
        print_json({"cluster": there.cluster, "registry": registry, "mirrored": mirrored})
        return
    print_table(
        ("model", "digest", "on the mirror"), ((one.name, one.digest[:12], one.mirrored_as) for one in mirrored)
    )
    plain = " and `registry_insecure: true`" if insecure else ""
    click.echo(f"To rebuild from there, set `registry: {registry}`{plain} in the target.")
