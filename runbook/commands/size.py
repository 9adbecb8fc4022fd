"""`runbook size`: how much memory a model takes and how fast it is, before it is pulled."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runbook.commands.output import print_json, print_table
from runbook.commands.verb import Verb, json_option

if TYPE_CHECKING:
    from runbook.models import Host, Serving
    from runbook.models.size import SizeRow, Sources
    from runbook.parameters import Parameters

OLLAMA_PORT = 11434


def _quantity(ctx: click.Context, option: click.Parameter, value: str | None) -> int | None:
    """The bytes of a quantity such as 6Gi."""
    if value is None:
        return None
    from runbook.hardware import parse_quantity

    try:
        found = int(parse_quantity(value))
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, option) from error
    if found <= 0:
        raise click.BadParameter(f"{value} leaves no memory", ctx, option)
    return found


@click.command(
    cls=Verb,
    short_help="Show what a model takes, before it is pulled.",
    statuses={0: "the sizes were computed, whatever the verdict"},
    examples=(
        ("Two models of the catalogue with a target's settings", "runbook size qwen3:1.7b moondream --target homelab"),
        ("A model that a registry has, by its header alone", "runbook size registry.ollama.ai/library/gemma3:1b"),
        (
            "One that the cluster's Ollama has, for a script",
            "runbook size gemma3:270m --target local --ollama cluster --json",
        ),
    ),
)
@click.argument("references", metavar="REF...", nargs=-1, required=True)
@click.option("--context", "context_length", type=click.IntRange(1, 1 << 24), help="Context of the request, in tokens.")
@click.option("--kv-type", type=click.Choice(("f16", "q8_0", "q4_0")), help="OLLAMA_KV_CACHE_TYPE of the server.")
@click.option("--flash-attention", type=bool, metavar="BOOLEAN", help="OLLAMA_FLASH_ATTENTION of the server.")
@click.option("--parallel", type=click.IntRange(1, 256), help="OLLAMA_NUM_PARALLEL of the server.")
@click.option("--limit", "limit_bytes", metavar="BYTES", callback=_quantity, help="Memory limit of the pod, as 6Gi.")
@click.option("--bandwidth", type=click.FloatRange(0, min_open=True), help="Memory bandwidth in GB/s, for the speed.")
@click.option("--schema", "structured", is_flag=True, help="Requests ask for a schema, which takes more memory.")
@click.option("--target", help="Take what is not given here from this target: settings, limit, bandwidth.")
@click.option("--ollama", "address", metavar="URL", help="Ask a running Ollama; `cluster` is that of the target.")
@click.option(
    "--store",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="An Ollama store; without it that of OLLAMA_MODELS or of this user, if there is one.",
)
@click.option("--insecure", is_flag=True, help="The registry of a reference speaks plain HTTP.")
@json_option
def size(references: tuple[str, ...], target: str | None, address: str | None, as_json: bool, **given: Any) -> None:
    """Show the memory that each REF takes in Ollama, part by part, and how fast it is; nothing is pulled or loaded.

    REF is a GGUF file, a model of a running Ollama or of a store, a name of the catalogue, or a name that begins with
    its registry's host. Of a registry only the header is fetched.
    """
    from runbook.models.size import resolve, size_of
    from runbook.targets import load_target

    parameters = load_target(target) if target else None
    if address == "cluster" and parameters is None:
        raise click.UsageError("--ollama cluster needs --target")
    asked = _asked(parameters, given)
    with _sources(parameters, address, given) as sources:
        rows = [size_of(resolve(one, sources), **asked) for one in references]
    if as_json:
        print_json(rows)
    else:
        _print(rows)


def _asked(parameters: Parameters | None, given: dict[str, Any]) -> dict[str, Any]:
    """The settings in force: those given, else the target's, else Ollama's defaults."""
    from runbook.hardware import parse_quantity

    context, limit = given["context_length"], given["limit_bytes"]
    if parameters is not None:
        context = context or parameters.context_length
        limit = limit or int(parse_quantity(parameters.memory_limit))
    return {
        "serving": _serving(parameters, given),
        "context_length": context,
        "limit_bytes": limit,
        "host": _host(parameters, given["bandwidth"]),
        "structured": given["structured"] or (parameters is not None and parameters.output_schema != "plain"),
    }


def _serving(parameters: Parameters | None, given: dict[str, Any]) -> Serving:
    from runbook.models import serving_from

    found = serving_from(parameters.environment if parameters else {})
    named = {name: given[name] for name in ("kv_type", "flash_attention", "parallel") if given[name] is not None}
    return replace(found, **named)


def _host(parameters: Parameters | None, bandwidth: float | None) -> Host | None:
    from runbook.models import Host, host_of

    if bandwidth is not None:
        return Host(bandwidth)
    return host_of(parameters) if parameters else None


@contextmanager
def _sources(parameters: Parameters | None, address: str | None, given: dict[str, Any]) -> Iterator[Sources]:
    """Where references are looked up."""
    from runbook.models.size import Sources

    with ExitStack() as stack:
        yield Sources(
            store=given["store"] or _own_store(),
            show=_shower(stack, parameters, address) if address else None,
            read=_reader(given["insecure"], parameters),
        )


def _own_store() -> Path | None:
    store = Path(os.environ.get("OLLAMA_MODELS") or Path.home() / ".ollama" / "models")
    return store if (store / "manifests").is_dir() else None


def _shower(stack: ExitStack, parameters: Parameters | None, address: str) -> Any:
    """Asks a running Ollama for a model; None where it does not have it."""
    from runbook.ollama import Ollama, find_stored

    if address == "cluster" and parameters is not None:
        from runbook.kubernetes import connect, port_forward

        cluster = connect(parameters)
        address = stack.enter_context(port_forward(cluster, parameters.namespace, "ollama", OLLAMA_PORT))
    server = stack.enter_context(Ollama(address))
    held = server.tags()

    def show(name: str) -> dict[str, Any] | None:
        from runbook.ollama import ModelName

        found = find_stored(ModelName.parse(name).short, held)
        return server.show(found.name, verbose=True) if found else None

    return show


def _reader(insecure: bool, parameters: Parameters | None) -> Any:
    """Reads a model of a registry."""
    from runbook.models import Artifact, read_artifact
    from runbook.ollama import ModelName, Registry

    def read(reference: str) -> Artifact:
        name = ModelName.parse(reference)
        mirror = (parameters.registry or "").partition("/")[0] if parameters else ""
        plain = insecure or (name.host == mirror and parameters is not None and parameters.registry_insecure)
        with Registry(name.host, insecure=plain) as registry:
            return read_artifact(
                reference,
                registry.manifest(name),
                lambda digest, offset, count: registry.blob(name, digest, offset, count),
            )

    return read


def _print(rows: list[SizeRow]) -> None:
    """A column for each model, and below them why the settings are what they are."""
    lines = [_lines(row) for row in rows]
    print_table(("", *(row.model for row in rows)), ((name, *(one[name] for one in lines)) for name in lines[0]))
    for row in rows:
        click.echo(f"{row.model}: context {row.context_length}: {row.context_source}")
        click.echo(f"{row.model}: cache {row.kv_type}: {row.kv_type_reason}")
        for warning in row.warnings:
            click.echo(f"{row.model}: {warning}")


def _lines(row: SizeRow) -> dict[str, str]:
    speed = row.tokens_per_second
    least = "at least " if row.lower_bound else ""
    return {
        "read from": row.source,
        "engine": row.engine,
        "context": str(row.context_length),
        "parallel": str(row.parallel),
        "flash attention": "on" if row.flash_attention else "off",
        "cache type": row.kv_type,
        "weights": _mebibytes(row.weights_bytes),
        "cache": _mebibytes(row.kv_bytes),
        "graph": _mebibytes(row.graph_bytes),
        "projector": _mebibytes(row.projector_bytes),
        "total": least + _mebibytes(row.total_bytes),
        "resident": least + _mebibytes(row.resident_bytes),
        "of that, schema": _mebibytes(row.structured_bytes),
        "ollama ps says": _mebibytes(row.reported_bytes),
        "tokens/s": f"{speed.expected:.1f} ({speed.low:.1f} to {speed.high:.1f})" if speed else "no bandwidth given",
        "verdict": row.verdict or "no limit given",
    }


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count else "none"
