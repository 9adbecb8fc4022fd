"""The memory a model will take, part by part, and what Ollama will say it takes.

Weights, cache and graph are what the engine allocates; the projector is added where it is a file of its own; the
runtime is what the processes need beside. Page cache comes on top and is not the model's: see `runbook.models.verdict`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runbook.models.catalogue import CatalogueEntry
from runbook.models.context import Context, effective_context
from runbook.models.engine import Engine, EngineName, engine_of
from runbook.models.gguf import GgufHeader
from runbook.models.graph import graph_bytes, used_graph_bytes
from runbook.models.host import Host
from runbook.models.image import image_graph_bytes, is_planned, projector_graph_bytes
from runbook.models.interval import Interval
from runbook.models.kv import effective_parallel, kv_bytes
from runbook.models.reported import legacy_reported_bytes
from runbook.models.runtime import runtime_bytes, structured_bytes
from runbook.models.shape import Shape, shape_of
from runbook.models.speed import decode_speed
from runbook.models.weights import is_tied, weights_bytes

# Architectures whose graph was held against a server: exact, or within 8 MiB.
MEASURED: Final = frozenset(
    (
        *("bert", "command-r", "deepseek2", "gemma", "gemma2", "gemma3", "gpt-oss", "gptoss", "granite", "granitemoe"),
        *("lfm2", "llama", "nomic-bert", "olmo2", "phi2", "phi3", "qwen2", "qwen3", "qwen3moe", "starcoder2"),
    )
)
# Architectures whose weights and cache follow known rules; their graph is planned and was not held against a server.
PLANNED: Final = frozenset(
    (
        *("cohere2", "falcon", "gemma3n", "gptneox", "internlm2", "mistral3", "mllama", "olmo", "olmo3"),
        *("qwen2moe", "smollm3", "stablelm"),
    )
)


@dataclass(frozen=True)
class Estimate:
    """What a model takes, in bytes.

    Attributes:
        model: Its name.
        architecture: Its architecture.
        engine: Which engine runs it: `ollama` or `llama.cpp`.
        context_length: Context that really applies, in tokens.
        context_source: Which setting decided it.
        parallel: Slots that really apply.
        flash_attention: Whether flash attention is on.
        kv_type: Type of the cache that really applies.
        kv_type_reason: Why.
        weights_bytes: The weights as allocated.
        kv_bytes: The cache.
        graph_bytes: The compute graph.
        projector_bytes: The projector and its graph, where it is a file of its own.
        runtime_bytes: The processes beside the model.
        total_bytes: Weights, cache, graph and projector.
        resident_bytes: What the pod's memory has to hold: what is used of all that is allocated, and the processes.
        structured_bytes: How much of that the first request for a schema adds; 0 where none is asked for.
        reported_bytes: What `/api/ps` will say.
        lower_bound: Whether something is unknown, so that more may be needed.
        decode_tokens_per_second: How fast it answers; None without a bandwidth.
        warnings: What the figures do not say.
    """

    model: str
    architecture: str
    engine: EngineName
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
    runtime_bytes: int
    total_bytes: int
    resident_bytes: int
    structured_bytes: int
    reported_bytes: int
    lower_bound: bool
    decode_tokens_per_second: Interval | None
    warnings: tuple[str, ...]


def estimate(
    model: CatalogueEntry | GgufHeader,
    *,
    context_length: int | None = None,
    kv_type: str = "f16",
    flash_attention: bool | None = None,
    parallel: int = 1,
    structured: bool = False,
    bandwidth_gb_per_s: float | None = None,
    context: Context | None = None,
    host: Host | None = None,
) -> Estimate:
    """What a model will take when Ollama 0.15.6 loads it on a CPU.

    Args:
        model: An entry of the catalogue, or a header that was read.
        context_length: The request's `num_ctx`, in tokens; without it the default applies.
        kv_type: OLLAMA_KV_CACHE_TYPE.
        flash_attention: OLLAMA_FLASH_ATTENTION; None where it is not set.
        parallel: OLLAMA_NUM_PARALLEL.
        structured: Whether requests ask for a schema.
        bandwidth_gb_per_s: Memory bandwidth of the node, for the speed.
        context: The context that really applies, where it was worked out already.
        host: The machine, where more is known of it than its bandwidth.

    Raises:
        ModelFileError: A per-layer setting of the model makes no sense.
    """
    header, name = (model.header, model.name) if isinstance(model, CatalogueEntry) else (model, model.source)
    shape = shape_of(header)
    engine = engine_of(header, shape, kv_type, flash_attention)
    ctx = context or effective_context(
        trained=shape.context_length, has_vision=shape.has_vision, request=context_length
    )
    slots = effective_parallel(shape, parallel)
    # Without a cache there is no second batch: all tokens are computed at once.
    batch = ctx.length if shape.is_embedder else ctx.batch
    weights = weights_bytes(header, engine.name, shape.layers)
    cache = kv_bytes(shape, engine.name, context=ctx.length, batch=batch, parallel=slots, kv_type=engine.kv_type)
    settings = {"context": ctx.length, "batch": batch, "parallel": slots}
    graph = graph_bytes(shape, engine, **settings)
    used = used_graph_bytes(shape, engine, **settings)
    if engine.name == "ollama":
        graph = max(graph, image_graph_bytes(header, flash_attention=engine.flash_attention))
        used = graph
    projector = header.projector.tensor_bytes + projector_graph_bytes(header.projector) if header.projector else 0
    runtime = runtime_bytes(shape, engine.name)
    grammar = structured_bytes(shape, engine.name) if structured else 0
    total = weights + cache + graph + projector
    own = engine.name == "ollama"
    return Estimate(
        model=name,
        architecture=shape.architecture,
        engine=engine.name,
        context_length=ctx.length,
        context_source=ctx.source,
        parallel=slots,
        flash_attention=engine.flash_attention,
        kv_type=engine.kv_type,
        kv_type_reason=engine.kv_type_reason,
        weights_bytes=weights,
        kv_bytes=cache,
        graph_bytes=graph,
        projector_bytes=projector,
        runtime_bytes=runtime,
        total_bytes=total,
        resident_bytes=total - graph + used + runtime + grammar,
        structured_bytes=grammar,
        reported_bytes=weights + cache + graph
        if own
        else legacy_reported_bytes(header, shape, context=ctx.length * slots, kv_type=engine.kv_type),
        lower_bound=_is_lower_bound(header, shape),
        decode_tokens_per_second=_speed(header, engine, host, bandwidth_gb_per_s),
        warnings=tuple(_warnings(header, shape, engine, kv_type, parallel, slots)),
    )


def _speed(header: GgufHeader, engine: Engine, host: Host | None, bandwidth: float | None) -> Interval | None:
    machine = host or (Host(bandwidth) if bandwidth else None)
    return decode_speed(header, machine, kv_type=engine.kv_type) if machine else None


def _is_lower_bound(header: GgufHeader, shape: Shape) -> bool:
    is_known = shape.architecture in MEASURED or shape.architecture in PLANNED
    return bool(header.unknown_types) or not is_known or not shape.layers or _sees_by_itself(header)


def _sees_by_itself(header: GgufHeader) -> bool:
    """Whether the model's eyes are of a kind that was not held against a server."""
    if header.projector is not None:
        return not is_planned(header.projector)
    return any(one.name.startswith("v.") for one in header.tensors)


def _warnings(
    header: GgufHeader, shape: Shape, engine: Engine, kv_type: str, parallel: int, slots: int
) -> Iterator[str]:
    if header.unknown_types:
        yield f"tensors of {', '.join(header.unknown_types)}: size not known, the weights are a lower bound"
    if _sees_by_itself(header):
        yield "the graph of an image is a lower bound: eyes of this kind were not held against a server"
    if shape.architecture in PLANNED:
        yield f"the graph of {shape.architecture} was not held against a server: it may be off by some tens of MiB"
    elif shape.architecture not in MEASURED:
        yield f"architecture {shape.architecture or 'not stated'} is not known: all figures are lower bounds"
    if kv_type not in ("", "f16") and engine.kv_type == "f16":
        yield f"the cache stays f16: {engine.kv_type_reason}"
    if slots < parallel:
        yield f"{parallel} parallel requests were asked for, and this model is loaded with {slots}"
    if engine.name == "llama.cpp":
        yield "/api/ps leaves out the token embeddings, the graph and a projector: it says less than the model takes"
        if is_tied(header):
            yield "the tied embeddings may be held twice; not seen on a CPU so far"
