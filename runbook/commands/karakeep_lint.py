"""`runbook karakeep lint`: what in Karakeep's environment does not do what its owner means."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runbook.commands.output import print_json
from runbook.commands.verb import Verb, json_option, parameter_option
from runbook.errors import UsageError

if TYPE_CHECKING:
    from runbook.karakeep import Environment, Lint
    from runbook.parameters import Parameters

LIVE = {"configmap": "ConfigMap", "cm": "ConfigMap", "deployment": "Deployment", "deploy": "Deployment"}
LARGEST_BYTES = 1_000_000


@click.command(
    cls=Verb,
    short_help="Say what in Karakeep's environment does not do what it should.",
    statuses={0: "nothing that leaves bookmarks untagged", 1: "at least one error was found"},
    examples=(
        ("A file or a manifest, held against a target", "runbook karakeep lint karakeep.env --target homelab"),
        ("What runs now", "runbook karakeep lint deployment/karakeep --target homelab"),
        ("For another version, for a script", "runbook karakeep lint karakeep.env --version 0.29.1 --json"),
    ),
)
@click.argument("what", metavar="FILE|configmap/NAME|deployment/NAME")
@click.option("--target", "target", metavar="TARGET", help="The target whose Ollama Karakeep is to use.")
@click.option("--version", "version", default="", metavar="VERSION", help="Version of Karakeep, such as 0.30.0.")
@parameter_option
@json_option
def lint(what: str, target: str | None, version: str, overrides: Mapping[str, str], as_json: bool) -> int:
    """Hold the environment of Karakeep against what is known to go wrong.

    It is in a file of NAME=value lines, in the YAML of a ConfigMap or a Deployment, or in such an object in the
    consumer's namespace of TARGET. Nothing is changed, Secrets are not read, and no secret is printed.
    """
    from runbook import karakeep as room
    from runbook.targets import load_target

    _require_version(version)
    if overrides and target is None:
        raise UsageError("A parameter is given and no target.", next="Name the target with --target.")
    parameters = load_target(target, overrides) if target else None
    found = room.lint(_environment(what, parameters), parameters, version=version)
    if as_json:
        print_json({"errors": found.errors, "lint": found})
    else:
        _print_lint(found)
    return 1 if found.errors else 0


def _require_version(version: str) -> None:
    from runbook.karakeep import Release

    if version and Release.of(version) is None:
        raise UsageError(f"{version!r} is no version.", next="Write it as 0.30.0, or leave it out.")


def _environment(what: str, parameters: Parameters | None) -> Environment:
    """The environment that a file or a name of an object stands for; a file of that name comes first."""
    kind, slash, name = what.partition("/")
    if slash and kind.lower() in LIVE and not Path(what).exists():
        return _live(LIVE[kind.lower()], name, parameters)
    from runbook.karakeep import read_environment

    return read_environment(_text(Path(what)), what)


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise UsageError(f"{file} is larger than an environment can be.", why=f"{file.stat().st_size:,} bytes")
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is no text.", why="it is not UTF-8") from error
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read.",
            why=error.strerror or "",
            next="Name a file, or configmap/NAME or deployment/NAME with --target.",
        ) from error


def _live(kind: str, name: str, parameters: Parameters | None) -> Environment:
    """The environment of an object in the consumer's namespace; its ConfigMaps are looked up, its Secrets are not."""
    if parameters is None:
        raise UsageError(f"{kind} {name} is in a cluster, and no target says in which.", next="Name it with --target.")
    from runbook import kubernetes
    from runbook.errors import ClusterError
    from runbook.karakeep import read_object

    cluster, namespace = kubernetes.connect(parameters), parameters.consumer_namespace
    body = cluster.get(kind, name, namespace)
    if body is None:
        raise ClusterError(
            f"There is no {kind} {name} in the namespace {namespace}.",
            next=f"kubectl get {kind.lower()}s -A; another namespace is named with -p consumer_namespace=NAME.",
        )

    def find(wanted: str, called: str) -> Mapping[str, object] | None:
        found = cluster.get(wanted, called, namespace) if wanted == "ConfigMap" else None
        return {"kind": wanted, **found} if found else None

    return read_object({"kind": kind, **body}, f"{kind.lower()}/{name}", find)


def _print_lint(found: Lint) -> None:
    click.echo(f"{found.source}: Karakeep {found.karakeep or '0.30 or later'}, Ollama {found.ollama or '0.15.6'}")
    for one in found.findings:
        click.echo(f"{one.severity:<8} {one.rule}  {one.variable}{f'  {one.place}' if one.place else ''}")
        click.echo(f"         {one.effect}\n         {one.remedy}")
    if not found.findings:
        click.echo("Nothing was found.")
    for source in found.unread:
        click.echo(f"{source} was not read; what it sets was not judged.")
    click.echo("\nThe plan's advice for these versions:")
    for advice in found.advice:
        click.echo(f"{'holds' if advice.holds else 'not so':<8} {advice.text}: {advice.why}")
