"""The selection: which model to choose for what the consumer asks, ranked, each place with its reason.

What is asked (text or images, a schema, seconds per item) and what the machine has (memory, bandwidth, threads)
decide in this order: whether the model fits at all, whether it answers the consumer's own request, whether it is in
time, whether Ollama will load it, then its place in the catalogue and its size: of two models that pass, the larger
one knows more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from runbook.hardware import Machine, Survey, parse_quantity
from runbook.models.catalogue import CatalogueEntry, PlanFigures, catalogue, find
from runbook.models.estimate import Estimate
from runbook.models.host import Host, host_on
from runbook.models.interval import Interval
from runbook.models.plan import differences
from runbook.models.serving import Serving, serving_from
from runbook.models.speed import item_seconds
from runbook.models.verdict import Verdict, fits
from runbook.parameters import Parameters

Task = Literal["text", "vision"]
# What Karakeep's prompt and answer come to: 3 to 5 tags for a page, 10 to 15 for an image.
ANSWER_TOKENS: Final = {"text": 60, "vision": 120}
TEMPLATE_TOKENS: Final = 450
# What an image costs where the catalogue does not say.
IMAGE_TOKENS: Final = 700
ROLE_ORDER: Final = ("recommended", "fallback", "alternative", "rejected", "local")


@dataclass(frozen=True)
class Candidate:
    """A model and its place.

    Attributes:
        rank: Its place, 1 is the best; 0 where it is out.
        model: Its name.
        role: Its place in the catalogue.
        verdict: Whether it fits.
        resident_bytes: Memory it takes; None where its tensors are not known.
        reported_bytes: What `/api/ps` will say of it.
        tokens_per_second: How fast it answers; None without a bandwidth.
        seconds_per_item: Time for one bookmark or image; None without a bandwidth.
        reason: Why it has this place.
        remedy: What would move it up; empty where nothing has to.
        plan: What the plan says of it.
        differs: Where the plan's figures differ from ours, and why.
    """

    rank: int
    model: str
    role: str
    verdict: str
    resident_bytes: int | None
    reported_bytes: int | None
    tokens_per_second: Interval | None
    seconds_per_item: Interval | None
    reason: str
    remedy: str
    plan: PlanFigures | None
    differs: tuple[str, ...]


@dataclass(frozen=True)
class _Judged:
    entry: CatalogueEntry
    asked: Parameters
    estimate: Estimate | None = None
    verdict: Verdict | None = None
    seconds: Interval | None = None

    @property
    def answers(self) -> bool:
        return self.asked.output_schema == "plain" or "thinking" not in self.entry.capabilities

    @property
    def in_time(self) -> bool:
        return self.seconds is None or self.seconds.expected <= self.asked.job_timeout_s

    @property
    def is_out(self) -> bool:
        return self.verdict is None or self.verdict.verdict == "does not fit"

    @property
    def order(self) -> tuple[bool, bool, bool, bool, int, int]:
        is_local_target = self.entry.role == "local" and self.entry.name in self.asked.models
        refused = self.verdict is not None and self.verdict.verdict != "fits"
        role = 0 if is_local_target else ROLE_ORDER.index(self.entry.role)
        return self.is_out, not self.answers, not self.in_time, refused, role, -(self.entry.parameters or 0)


def select(
    parameters: Parameters,
    available: Survey | int,
    *,
    task: Task = "text",
    host: Host | None = None,
    page_cache_bytes: int = 0,
    serving: Serving | None = None,
    entries: Iterable[CatalogueEntry] | None = None,
) -> tuple[Candidate, ...]:
    """The catalogue ranked for what a target asks.

    Args:
        parameters: The target.
        available: A survey, of which the node with most free memory counts, or bytes that are free.
        task: `text` or `vision`.
        host: The machine; without it the target's bandwidth and CPU limit, and without a bandwidth no speeds.
        page_cache_bytes: Page cache that counts against the pod's limit.
        serving: The server's settings; without them those in the target's environment.
        entries: The models to rank; without them the whole catalogue.
    """
    settings = serving or serving_from(parameters.environment)
    machine = host or host_of(parameters)
    limit = min(int(parse_quantity(parameters.memory_limit)), free_bytes(available))
    judged = [
        _judge(entry, parameters, task, settings, machine, limit, page_cache_bytes)
        for entry in (catalogue() if entries is None else entries)
        if task in entry.task
    ]
    return tuple(_candidate(place, one) for place, one in enumerate(sorted(judged, key=lambda one: one.order), start=1))


def host_of(parameters: Parameters, machine: Machine | None = None) -> Host | None:
    """The machine as far as a target describes it, else as it was surveyed; None where no bandwidth is known.

    Args:
        parameters: The target.
        machine: The node's machine, where a survey looked at it.
    """
    if parameters.memory_bandwidth_gb_per_s is None:
        return host_on(machine, float(parse_quantity(parameters.cpu_limit))) if machine else None
    return Host(parameters.memory_bandwidth_gb_per_s, threads=threads_of(parameters))


def threads_of(parameters: Parameters) -> int:
    """Threads that Ollama starts under a target's CPU limit, where nobody looked at the machine."""
    return max(1, int(parse_quantity(parameters.cpu_limit)))


def free_bytes(available: Survey | int) -> int:
    """Memory that a model could have on the best node, in bytes; 0 where no node takes pods."""
    if isinstance(available, int):
        return available
    return available.best_node.memory_free_for_model_bytes if available.best_node else 0


@dataclass(frozen=True)
class Budget:
    """Text and image model side by side.

    Attributes:
        models: The models.
        resident_bytes: Memory they take together; None where one is not known.
        limit_bytes: What they may take.
        stay_loaded: Whether all stay loaded: they fit, and the server is allowed to keep them.
        reason: Why, or why not.
    """

    models: tuple[str, ...]
    resident_bytes: int | None
    limit_bytes: int
    stay_loaded: bool
    reason: str


def budget(parameters: Parameters, available: Survey | int, *, serving: Serving | None = None) -> Budget:
    """The combined memory of a target's text and image model.

    Args:
        parameters: The target.
        available: A survey, of which the node with most free memory counts, or bytes that are free.
        serving: The server's settings; without them those in the target's environment.
    """
    settings = serving or serving_from(parameters.environment)
    names = tuple(name for name in (parameters.text_model, parameters.vision_model) if name)
    limit = min(int(parse_quantity(parameters.memory_limit)), free_bytes(available))
    entries = [find(name) for name in names]
    known = [entry for entry in entries if entry is not None and entry.stored is not None]
    if len(known) < len(names):
        return Budget(names, None, limit, False, "the tensors of one of them are not known to the catalogue")
    schema, context = _asks_for_a_schema(parameters), parameters.context_length
    found = [settings.estimate(entry, request_context=context, structured=schema) for entry in known]
    together = sum(one.resident_bytes for one in found)
    size = f"{together / 1e9:.1f} of {limit / 1e9:.1f} GB"
    if len(names) == 1:
        return Budget(
            names, together, limit, together <= limit, f"{size}: {'it fits' if together <= limit else 'too much'}"
        )
    if together > limit:
        return Budget(names, together, limit, False, f"{size}: they take turns, each change pays a whole load")
    if settings.most_loaded < len(names):
        reason = f"{size}, but OLLAMA_MAX_LOADED_MODELS={settings.most_loaded} makes them take turns all the same"
        return Budget(names, together, limit, False, reason)
    return Budget(names, together, limit, True, f"{size}: both fit; page cache may still make Ollama evict one")


def _asks_for_a_schema(parameters: Parameters) -> bool:
    return parameters.output_schema != "plain"


def _judge(
    entry: CatalogueEntry,
    parameters: Parameters,
    task: Task,
    serving: Serving,
    host: Host | None,
    limit: int,
    page_cache: int,
) -> _Judged:
    if entry.stored is None:
        return _Judged(entry, parameters)
    schema, context = _asks_for_a_schema(parameters), parameters.context_length
    found = serving.estimate(entry, request_context=context, host=host, structured=schema)
    verdict = fits(found, limit_bytes=limit, page_cache_bytes=page_cache)
    seconds = _seconds(entry, parameters, task, host, found.kv_type) if host else None
    return _Judged(entry, parameters, found, verdict, seconds)


def _seconds(entry: CatalogueEntry, parameters: Parameters, task: Task, host: Host, kv_type: str) -> Interval:
    """Time of one item at the fullest prompt that the consumer sends."""
    patches = (entry.image_tokens or IMAGE_TOKENS) if task == "vision" else 0
    filled = TEMPLATE_TOKENS + patches if patches else parameters.context_length - ANSWER_TOKENS[task]
    return item_seconds(
        entry.header,
        host,
        prompt_tokens=max(TEMPLATE_TOKENS, filled),
        output_tokens=min(ANSWER_TOKENS[task], parameters.max_output_tokens),
        kv_type=kv_type,
        patches=patches,
    )


def _candidate(place: int, one: _Judged) -> Candidate:
    reason, remedy = _reason(one)
    found = one.estimate
    return Candidate(
        rank=0 if one.is_out else place,
        model=one.entry.name,
        role=one.entry.role,
        verdict=one.verdict.verdict if one.verdict else "not known",
        resident_bytes=found.resident_bytes if found else None,
        reported_bytes=found.reported_bytes if found else None,
        tokens_per_second=found.decode_tokens_per_second if found else None,
        seconds_per_item=one.seconds,
        reason=reason,
        remedy=remedy,
        plan=one.entry.plan,
        differs=tuple(differences(one.entry.plan, found, one.seconds)) if one.entry.plan and found else (),
    )


def _reason(one: _Judged) -> tuple[str, str]:
    if one.verdict is None:
        return "its tensors are not known here, so nothing can be computed", "read its header before it is pulled"
    if one.is_out:
        return one.verdict.reason, one.verdict.remedy
    if not one.answers:
        fault = next(iter(one.entry.faults), None)
        return (
            "it thinks first, and the consumer asks for a schema without turning that off: an empty or broken answer",
            fault.remedy if fault else "a model that does not think",
        )
    if not one.in_time and one.seconds:
        return (
            f"it fits, but an item takes about {one.seconds.expected:.0f} of {one.asked.job_timeout_s:.0f} s allowed",
            "a longer INFERENCE_JOB_TIMEOUT_SEC, a shorter context or a smaller model",
        )
    if one.verdict.verdict != "fits":
        return one.verdict.reason, one.verdict.remedy
    time = f", an item takes about {one.seconds.expected:.0f} s" if one.seconds else ""
    plan = f"; the plan: {one.entry.plan.reason}" if one.entry.plan else ""
    return f"it fits{time}, and it answers the consumer's own request{plan}", ""
