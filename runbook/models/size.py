"""What `runbook size` prints: one row per model and setting, from whatever names a model."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from runbook.errors import UsageError
from runbook.models.artifact import Artifact
from runbook.models.catalogue import CatalogueEntry, catalogue, find
from runbook.models.gguf import GgufHeader
from runbook.models.host import Host
from runbook.models.interval import Interval
from runbook.models.names import DEFAULT_HOST, DEFAULT_NAMESPACE
from runbook.models.serving import Serving
from runbook.models.shards import read_model
from runbook.models.shown import header_from_show
from runbook.models.store import read_store, stored_names
from runbook.models.verdict import fits

Source = Literal["file", "server", "store", "catalogue", "registry"]


@dataclass(frozen=True)
class SizeRow:
    """A model's size at one setting.

    Attributes:
        model: Its name.
        source: Where its shape was read.
        architecture: Its architecture.
        engine: Which engine runs it.
        context_length: Context that really applies, in tokens.
        context_source: Which setting decided it.
        parallel: Slots that really apply.
        flash_attention: Whether flash attention is on.
        kv_type: Type of the cache that really applies.
        kv_type_reason: Why.
        weights_bytes: The weights as allocated.
        kv_bytes: The cache.
        graph_bytes: The compute graph.
        projector_bytes: The projector, where it is a file of its own.
        total_bytes: All of it.
        resident_bytes: What the pod's memory has to hold.
        structured_bytes: How much of that a request for a schema adds; 0 where none is asked for.
        reported_bytes: What `/api/ps` will say.
        lower_bound: Whether something is unknown, so that more may be needed.
        verdict: Whether it fits below the limit; None without one.
        tokens_per_second: How fast it answers; None without a bandwidth.
        warnings: What the figures do not say.
    """

    model: str
    source: Source
    architecture: str
    engine: str
    context_length: int
    context_source: str
    parallel: int
    flash_attention: bool
    kv_type: str
    kv_type_reason: str
    weights_bytes: int
    kv_bytes: int
    graph_bytes: int
    projector_bytes: int
    total_bytes: int
    resident_bytes: int
    structured_bytes: int
    reported_bytes: int
    lower_bound: bool
    verdict: str | None
    tokens_per_second: Interval | None
    warnings: tuple[str, ...]


def size_of(
    found: Found,
    *,
    serving: Serving,
    context_length: int | None = None,
    limit_bytes: int | None = None,
    host: Host | None = None,
    structured: bool = False,
) -> SizeRow:
    """A model's size on a server.

    Args:
        found: The model.
        serving: The server's settings.
        context_length: `num_ctx` of the request, in tokens.
        limit_bytes: The pod's memory limit.
        host: The machine, for the speed.
        structured: Whether requests ask for a schema.

    Raises:
        ModelFileError: A per-layer setting of the model makes no sense.
        UsageError: The catalogue does not know the model's tensors.
    """
    made = serving.estimate(
        found.model,
        request_context=context_length,
        parameter_context=found.parameter_context,
        host=host,
        structured=structured,
    )
    same = {field.name: getattr(made, field.name) for field in fields(SizeRow) if hasattr(made, field.name)}
    return SizeRow(
        **same
        | {
            "model": found.name,
            "source": found.source,
            "verdict": fits(made, limit_bytes=limit_bytes).verdict if limit_bytes else None,
            "tokens_per_second": made.decode_tokens_per_second,
        }
    )


@dataclass(frozen=True)
class Found:
    """A model behind a reference.

    Attributes:
        name: What to call it.
        model: An entry of the catalogue, or a header that was read.
        source: Where it was found: `file`, `server`, `store`, `catalogue` or `registry`.
        parameter_context: `num_ctx` that its publisher set; None where none is set.
    """

    name: str
    model: CatalogueEntry | GgufHeader
    source: Source
    parameter_context: int | None = None


@dataclass(frozen=True)
class Sources:
    """Where a reference is looked up, beside files and the catalogue. What reaches beyond this machine is handed in.

    Attributes:
        store: An Ollama store.
        show: Gives the answer of `/api/show` with its lists; None where the server does not have the model.
        read: Reads a model of a registry by its full name.
    """

    store: Path | None = None
    show: Callable[[str], Mapping[str, Any] | None] | None = None
    read: Callable[[str], Artifact] | None = None


def resolve(wanted: str, sources: Sources | None = None) -> Found:
    """The model behind a reference.

    A file goes first, then a server and a store that were named, then the catalogue; a name with a registry's host in
    it is read from that registry unless one of them has it.

    Args:
        wanted: The reference.
        sources: Where to look.

    Raises:
        UsageError: It is in none of them.
        ModelFileError: It is a file or a stored model that cannot be read.
    """
    places = sources or Sources()
    if wanted.endswith(".gguf") or Path(wanted).is_file():
        header = read_model(wanted)
        return Found(header.source, header, "file")
    found = _served(wanted, places) or _stored(wanted, places.store)
    if found is not None:
        return found
    if (entry := find(wanted)) is not None:
        return Found(entry.name, entry, "catalogue")
    if names_registry(wanted) and places.read is not None:
        artifact = places.read(wanted)
        return Found(wanted, artifact.header, "registry", artifact.context_length)
    raise _nowhere(wanted, places)


def names_registry(wanted: str) -> bool:
    """Whether a model's name begins with the host of a registry: `registry.lan:5000/library/qwen3:1.7b`."""
    host, slash, rest = wanted.partition("/")
    return bool(slash and rest) and ("." in host.strip(".") or ":" in host or host == "localhost")


def _served(wanted: str, places: Sources) -> Found | None:
    shown = places.show(wanted) if places.show else None
    if shown is None:
        return None
    return Found(wanted, header_from_show(shown, wanted), "server", parameter_context(shown))


def parameter_context(shown: Mapping[str, Any]) -> int | None:
    """`num_ctx` among the parameters that `/api/show` lists; None where it is not."""
    match = re.search(r"^num_ctx\s+(\d{1,9})\b", str(shown.get("parameters") or ""), re.MULTILINE)
    return int(match[1]) if match else None


def _stored(wanted: str, store: Path | None) -> Found | None:
    tagged = wanted if ":" in wanted.rpartition("/")[2] else f"{wanted}:latest"
    if store is None or tagged not in stored_names(store):
        return None
    artifact = read_store(store, wanted)
    return Found(tagged, artifact.header, "store", artifact.context_length)


def _nowhere(wanted: str, places: Sources) -> UsageError:
    looked = [
        "no file",
        *(["not on the server"] if places.show else []),
        *(["not in the store"] if places.store else []),
    ]
    return UsageError(
        f"{wanted!r} is {', '.join(looked)} and not in the catalogue",
        why=f"the catalogue has {', '.join(one.name for one in catalogue())}",
        next=f"name a GGUF file, or read the header where the model is published: {DEFAULT_HOST}/{_full(wanted)}",
    )


def _full(wanted: str) -> str:
    return wanted if "/" in wanted else f"{DEFAULT_NAMESPACE}/{wanted}"
