"""`runbook pull`: bring the target's models onto its volume, whole, and only what is not there yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from runbook.commands.deployed import Deployed, deployed
from runbook.commands.output import print_json, print_table, say
from runbook.commands.progress import Pulse
from runbook.commands.verb import Verb, json_option, parameter_option, target_argument

if TYPE_CHECKING:
    from runbook.kubernetes import Volume
    from runbook.ollama import Identity, Pulled
    from runbook.parameters import Parameters


@click.command(
    cls=Verb,
    short_help="Bring models onto the cluster's volume.",
    statuses={0: "every model is there", 1: "a model did not arrive, or the cluster said no"},
    examples=(
        ("Every model of the target", "runbook pull homelab"),
        ("One more, from a mirror at home", "runbook pull homelab qwen3:0.6b -p registry=nas.lan:5000/library"),
    ),
)
@target_argument
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@parameter_option
@json_option
def pull(target: str, models: tuple[str, ...], overrides: Mapping[str, str], as_json: bool) -> None:
    """Bring each MODEL onto the volume of TARGET; all models of the target if none is named.

    A model that is there is left alone and needs no network. A pull that breaks off goes on where it stopped, in the
    same call or in the next one.
    """
    from runbook.targets import load_target

    parameters = load_target(target, overrides)
    wanted = models or parameters.models
    with deployed(parameters) as there:
        if not as_json:
            say(there.cluster.title)
        volume = _prepared(there, parameters, wanted)
        with Pulse() as pulse:
            pulled = [_pull(there, parameters, name, pulse) for name in wanted]
        found = _identities(there, parameters, wanted)
    if as_json:
        print_json({"cluster": there.cluster, "volume": volume, "pulled": pulled, "identities": found})
    else:
        _print(pulled, found)


def _prepared(there: Deployed, parameters: Parameters, wanted: tuple[str, ...]) -> Volume | None:
    """The volume, after it was seen that what is missing fits onto it."""
    from runbook import kubernetes, ollama
    from runbook.checks import require

    missing = ollama.missing_models(wanted, there.server.tags())
    volume = kubernetes.model_volume(there.cluster, parameters.namespace, there.pod)
    free = (volume.free_bytes, volume.partial_bytes) if volume else (None, 0)
    require([ollama.room_check(missing, *free)])
    if missing and not ollama.survives_restart(there.environment):
        say("warning: OLLAMA_NOPRUNE is not set, so a pod that starts again deletes what a broken pull has left")
    return volume


def _pull(there: Deployed, parameters: Parameters, name: str, pulse: Pulse) -> Pulled:
    from runbook import kubernetes, ollama
    from runbook.commands.layer_progress import LayerProgress

    volume = kubernetes.model_volume(there.cluster, parameters.namespace, there.pod)
    return ollama.pull_model(
        there.server,
        name,
        registry=parameters.registry,
        insecure=parameters.registry_insecure,
        timeout_s=parameters.pull_timeout_s,
        on_progress=LayerProgress(pulse, name),
        expected_bytes=ollama.expected_bytes(name),
        free_bytes=volume.free_bytes if volume else None,
    )


def _identities(there: Deployed, parameters: Parameters, wanted: tuple[str, ...]) -> tuple[Identity, ...]:
    """Each model against the catalogue and the last record of the target."""
    from runbook import ollama, record
    from runbook.targets import PROJECT

    found = record.earlier_result(PROJECT / "outputs" / parameters.target / "now", "models")
    run, before = found or ("", ())
    return ollama.identities(there.server.tags(), wanted, before, run)


def _print(pulled: list[Pulled], found: tuple[Identity, ...]) -> None:
    from runbook.views.cells import duration, size

    rows = [
        (
            one.name,
            one.digest[:12],
            size(one.size_bytes),
            "was there" if one.already_present else f"{size(one.bytes_transferred)} in {duration(one.seconds)}",
            identity.words,
        )
        for one, identity in zip(pulled, found, strict=True)
    ]
    print_table(("model", "digest", "size", "transferred", "identity"), rows)
