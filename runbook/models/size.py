"""What `runbook size` prints: one row per model and setting, from whatever names a model.

A reference is a file, a name in an Ollama store, or a name in the catalogue, tried in this order.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runbook.errors import UsageError
from runbook.models.catalogue import CatalogueEntry, catalogue, find
from runbook.models.gguf import GgufHeader
from runbook.models.host import Host
from runbook.models.interval import Interval
from runbook.models.serving import Serving
from runbook.models.shards import read_model
from runbook.models.store import read_store, stored_names
from runbook.models.verdict import fits


@dataclass(frozen=True)
class SizeRow:
    """A model's size at one setting.

    Attributes:
        model: Its name.
        architecture: Its architecture.
        engine: Which engine runs it.
        context_length: Context that really applies, in tokens.
        context_source: Which setting decided it.
        kv_type: Type of the cache that really applies.
        kv_type_reason: Why.
        weights_bytes: The weights as allocated.
        kv_bytes: The cache.
        graph_bytes: The compute graph.
        projector_bytes: The projector, where it is a file of its own.
        total_bytes: All of it.
        resident_bytes: What the pod's memory has to hold.
        reported_bytes: What `/api/ps` will say.
        lower_bound: Whether something is unknown, so that more may be needed.
        verdict: Whether it fits below the limit; None without one.
        tokens_per_second: How fast it answers; None without a bandwidth.
        warnings: What the figures do not say.
    """

    model: str
    architecture: str
    engine: str
    context_length: int
    context_source: str
    kv_type: str
    kv_type_reason: str
    weights_bytes: int
    kv_bytes: int
    graph_bytes: int
    projector_bytes: int
    total_bytes: int
    resident_bytes: int
    reported_bytes: int
    lower_bound: bool
    verdict: str | None
    tokens_per_second: Interval | None
    warnings: tuple[str, ...]


def size_of(
    model: CatalogueEntry | GgufHeader,
    *,
    serving: Serving,
    context_length: int | None = None,
    parameter_context: int | None = None,
    limit_bytes: int | None = None,
    host: Host | None = None,
) -> SizeRow:
    """A model's size on a server.

    Args:
        model: An entry of the catalogue, or a header that was read.
        serving: The server's settings.
        context_length: `num_ctx` of the request, in tokens.
        parameter_context: `num_ctx` of the model's own parameters.
        limit_bytes: The pod's memory limit.
        host: The machine, for the speed.

    Raises:
        ModelFileError: A per-layer setting of the model makes no sense.
        UsageError: The catalogue does not know the model's tensors.
    """
    found = serving.estimate(model, request_context=context_length, parameter_context=parameter_context, host=host)
    return SizeRow(
        model=found.model,
        architecture=found.architecture,
        engine=found.engine,
        context_length=found.context_length,
        context_source=found.context_source,
        kv_type=found.kv_type,
        kv_type_reason=found.kv_type_reason,
        weights_bytes=found.weights_bytes,
        kv_bytes=found.kv_bytes,
        graph_bytes=found.graph_bytes,
        projector_bytes=found.projector_bytes,
        total_bytes=found.total_bytes,
        resident_bytes=found.resident_bytes,
        reported_bytes=found.reported_bytes,
        lower_bound=found.lower_bound,
        verdict=fits(found, limit_bytes=limit_bytes).verdict if limit_bytes else None,
        tokens_per_second=found.decode_tokens_per_second,
        warnings=found.warnings,
    )


def resolve(reference: str, *, store: Path | None = None) -> tuple[CatalogueEntry | GgufHeader, int | None]:
    """The model behind a reference, and the context that its publisher set.

    Args:
        reference: A file, a name in the store, or a name in the catalogue.
        store: An Ollama store.

    Raises:
        UsageError: It is none of them.
        ModelFileError: It is a file or a stored model that cannot be read.
    """
    if reference.endswith(".gguf") or Path(reference).is_file():
        return read_model(reference), None
    tagged = reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"
    if store is not None and tagged in stored_names(store):
        artifact = read_store(store, reference)
        return artifact.header, artifact.context_length
    entry = find(reference)
    if entry is None:
        raise UsageError(
            f"{reference!r} is no file and no model that is known",
            why=f"the catalogue has {', '.join(one.name for one in catalogue())}",
            next="name a GGUF file, or pull the model and name the store",
        )
    return entry, None
