"""The selection: which model to choose for what the consumer asks, ranked, each place with its reason.

What is asked (text or images, a schema, seconds per item) and what the machine has (memory, bandwidth, threads)
decide in this order: whether the model can do the task at all, whether it fits, whether it answers the consumer's own
request, whether it is in time, then its place in the catalogue and its size: of two models that pass, the larger one
knows more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from runbook.hardware import Survey, parse_quantity
from runbook.models.catalogue import CatalogueEntry, PlanFigures, catalogue
from runbook.models.estimate import Estimate
from runbook.models.interval import Interval
from runbook.models.serving import Serving, serving_from
from runbook.models.speed import item_seconds
from runbook.models.verdict import Verdict, fits
from runbook.parameters import Parameters

Task = Literal["text", "vision"]
# What Karakeep's prompt and answer come to: 3 to 5 tags for a page, 10 to 15 for an image.
ANSWER_TOKENS: Final = {"text": 60, "vision": 120}
TEMPLATE_TOKENS: Final = 450
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
    estimate: Estimate | None
    verdict: Verdict | None
    seconds: Interval | None
    asked: Parameters
    task: Task

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
        return (
            self.is_out,
            not self.answers,
            not self.in_time,
            self.verdict is not None and self.verdict.verdict != "fits",
            _role_rank(self),
            -(self.entry.parameters or 0),
        )


def select(
    parameters: Parameters,
    available: Survey | int,
    *,
    task: Task = "text",
    bandwidth_gb_per_s: float | None = None,
    threads: int | None = None,
    page_cache_bytes: int = 0,
    serving: Serving | None = None,
    entries: Iterable[CatalogueEntry] | None = None,
) -> tuple[Candidate, ...]:
    """The catalogue ranked for what a target asks.

    Args:
        parameters: The target.
        available: A survey, of which the node with most free memory counts, or bytes that are free.
        task: `text` or `vision`.
        bandwidth_gb_per_s: Memory bandwidth of the node; without it the target's, and without that no speeds.
        threads: Threads that Ollama starts; without it the target's CPU limit, rounded down.
        page_cache_bytes: Page cache that counts against the pod's limit.
        serving: The server's settings; without them those in the target's environment.
        entries: The models to rank; without them the whole catalogue.
    """
    settings = serving or serving_from(parameters.environment)
    bandwidth = bandwidth_gb_per_s or parameters.memory_bandwidth_gb_per_s
    cores = threads or max(1, int(parse_quantity(parameters.cpu_limit)))
    limit = min(int(parse_quantity(parameters.memory_limit)), _free(available))
    judged = [
        _judge(entry, parameters, task, settings, bandwidth, cores, limit, page_cache_bytes)
        for entry in (catalogue() if entries is None else entries)
        if task in entry.task
    ]
    return tuple(_candidate(place, one) for place, one in enumerate(sorted(judged, key=lambda one: one.order), start=1))


def _free(available: Survey | int) -> int:
    if isinstance(available, int):
        return available
    return available.best_node.memory_free_for_model_bytes if available.best_node else 0


def _judge(
    entry: CatalogueEntry,
    parameters: Parameters,
    task: Task,
    serving: Serving,
    bandwidth: float | None,
    threads: int,
    limit: int,
    page_cache: int,
) -> _Judged:
    if entry.stored is None:
        return _Judged(entry, None, None, None, parameters, task)
    found = serving.estimate(entry, request_context=parameters.context_length, bandwidth_gb_per_s=bandwidth)
    seconds = (
        item_seconds(
            entry.header,
            found.decode_tokens_per_second,
            threads=threads,
            prompt_tokens=entry.image_tokens or TEMPLATE_TOKENS
            if task == "vision"
            else max(TEMPLATE_TOKENS, parameters.context_length - ANSWER_TOKENS[task]),
            output_tokens=min(ANSWER_TOKENS[task], parameters.max_output_tokens),
        )
        if found.decode_tokens_per_second
        else None
    )
    return _Judged(entry, found, fits(found, limit_bytes=limit, page_cache_bytes=page_cache), seconds, parameters, task)


def _role_rank(one: _Judged) -> int:
    if one.entry.name in one.asked.models and one.entry.role == "local":
        return 0
    return ROLE_ORDER.index(one.entry.role)


def _candidate(place: int, one: _Judged) -> Candidate:
    reason, remedy = _reason(one)
    return Candidate(
        rank=0 if one.is_out else place,
        model=one.entry.name,
        role=one.entry.role,
        verdict=one.verdict.verdict if one.verdict else "not known",
        resident_bytes=one.estimate.resident_bytes if one.estimate else None,
        reported_bytes=one.estimate.reported_bytes if one.estimate else None,
        tokens_per_second=one.estimate.decode_tokens_per_second if one.estimate else None,
        seconds_per_item=one.seconds,
        reason=reason,
        remedy=remedy,
        plan=one.entry.plan,
        differs=tuple(_differences(one)),
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
    role = f"; the plan: {one.entry.plan.reason}" if one.entry.plan else ""
    return f"it fits{time}, and it answers the consumer's own request{role}", ""


def _differences(one: _Judged) -> Iterable[str]:
    plan, found = one.entry.plan, one.estimate
    if plan is None or found is None:
        return
    if plan.ram_gb and not plan.ram_gb[0] <= found.resident_bytes / 1e9 <= plan.ram_gb[1]:
        yield (
            f"memory: the plan says {plan.ram_gb[0]:g} to {plan.ram_gb[1]:g} GB, we compute "
            f"{found.resident_bytes / 1e9:.1f} GB at a context of {found.context_length}: "
            f"weights {found.weights_bytes / 1e9:.2f}, cache {found.kv_bytes / 1e9:.2f}, graph "
            f"{found.graph_bytes / 1e9:.2f}, projector {found.projector_bytes / 1e9:.2f}"
        )
    speed = found.decode_tokens_per_second
    if (
        plan.tokens_per_second
        and speed
        and not plan.tokens_per_second[0] <= speed.expected <= plan.tokens_per_second[1]
    ):
        yield (
            f"speed: the plan says {plan.tokens_per_second[0]:g} to {plan.tokens_per_second[1]:g} tokens/s, we "
            f"compute {speed.expected:.0f} ({speed.low:.0f} to {speed.high:.0f}); the plan's figure was never measured"
        )
    if (
        plan.seconds_per_item
        and one.seconds
        and not (plan.seconds_per_item[0] <= one.seconds.expected <= plan.seconds_per_item[1])
    ):
        yield (
            f"time: the plan says {plan.seconds_per_item[0]:g} to {plan.seconds_per_item[1]:g} s per item, we compute "
            f"{one.seconds.expected:.0f} s: the plan leaves out the time that the prompt takes"
        )
