"""Every parameter of a target: its type, unit, bounds, default and meaning; the one place.

A target file (`targets/<name>.yaml`) becomes a `Parameters` (see `runbook.targets`), which papermill injects into
the notebooks and the rooms take as an argument. `describe` is the same knowledge as a table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from runbook.forms import (
    AuditRule,
    Bytes,
    ClassName,
    Cores,
    Deviation,
    Environment,
    FullLine,
    GigabytesPerSecond,
    Image,
    LabelKey,
    LabelValue,
    Mirror,
    ModelName,
    Modules,
    Name,
    Seconds,
    Sentence,
    Tokens,
    Uid,
    amount,
    bounds,
    plain,
    unit,
)


class Parameters(BaseModel):
    """One cluster to rebuild, and how."""

    # Inputs are hidden in errors because a refused value may be a secret.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    target: Name = Field(description="name of the target, the file in targets/ without its ending")
    description: Sentence = Field("", description="whose cluster this is, in a sentence")

    context: FullLine = Field(description="kubeconfig context of the cluster; the current one is never used")
    kubeconfig: FullLine | None = Field(
        None, description="kubeconfig file, relative to the project; without it KUBECONFIG or ~/.kube/config"
    )
    cluster_uid: Uid | None = Field(
        None, description="UID of the cluster's kube-system namespace; when given, another cluster is refused"
    )

    namespace: Name = Field("ai", description="namespace of Ollama")
    consumer_namespace: Name = Field("karakeep", description="namespace of the consumer that must reach Ollama")
    image: Image = Field("ollama/ollama:0.15.6", description="container image of Ollama")
    probe_image: Image | None = Field(
        "python:3.13-slim",
        description="image with Python 3 for the pod that measures a node's memory; none measures nothing",
    )
    storage_class: ClassName | None = Field(
        None, description="StorageClass of the model volume; none takes the cluster's default"
    )
    storage_size: Bytes = Field("10Gi", description="size of the model volume")
    cpu_request: Cores = Field("1", description="CPU that the scheduler keeps free for the pod")
    cpu_limit: Cores = Field("4", description="CPU limit of the pod; Ollama starts as many threads")
    memory_request: Bytes = Field("2Gi", description="memory that the scheduler keeps free for the pod")
    memory_limit: Bytes = Field("6Gi", description="memory limit of the pod: one loaded model and its page cache")
    environment: Environment = Field(
        default_factory=dict, description="environment variables of Ollama, over those in the manifest; no secrets"
    )
    node_selector: dict[LabelKey, LabelValue] = Field(
        default_factory=dict, description="labels that the node must have"
    )
    accepted_deviations: dict[AuditRule, Deviation] = Field(
        default_factory=dict, description="rules of `runbook audit` that need not hold, until which day and why"
    )

    text_model: ModelName = Field("qwen3:1.7b", description="model that tags text")
    vision_model: ModelName | None = Field(None, description="model that tags images; none without images")
    fallback_models: tuple[ModelName, ...] = Field((), description="further models to pull")
    registry: Mirror | None = Field(
        None, description="private mirror that models are pulled from; none for Ollama's own"
    )
    registry_insecure: bool = Field(False, description="whether the mirror speaks plain HTTP")

    context_length: Tokens = Field(2048, ge=256, le=1_048_576, description="context the consumer asks for")
    max_output_tokens: Tokens = Field(2048, ge=16, le=131_072, description="longest answer the consumer takes")
    output_schema: Literal["structured", "json", "plain"] = Field(
        "structured", description="form of the answer that the consumer asks for"
    )
    job_timeout_s: Seconds = Field(180.0, gt=0, le=86_400, description="time the consumer gives one item")
    fetch_timeout_s: Seconds = Field(600.0, gt=0, le=86_400, description="time the consumer gives one request")

    memory_bandwidth_gb_per_s: GigabytesPerSecond | None = Field(
        None, gt=0, le=10_000, description="memory bandwidth of the node, where it is known"
    )
    memory_modules: Modules | None = Field(
        None, description="memory of the node, channels by transfers; with it the survey knows the most it can deliver"
    )
    repetitions: int = Field(5, ge=1, le=100, description="repetitions of each measurement")
    measured_tokens: Tokens = Field(64, ge=8, le=4096, description="tokens generated in each repetition")
    thorough: bool = Field(
        False, description="whether 06_measure also measures depths, cold starts, the consumer's work and a leak"
    )

    rollout_timeout_s: Seconds = Field(600.0, gt=0, le=86_400, description="longest wait for the rollout")
    pull_timeout_s: Seconds = Field(3600.0, gt=0, le=604_800, description="longest wait for one model")
    step_timeout_s: Seconds = Field(7200.0, gt=0, le=604_800, description="longest time one cell may run")

    @property
    def models(self) -> tuple[str, ...]:
        """Every model to pull, in order, each once."""
        wanted = [self.text_model, *([self.vision_model] if self.vision_model else []), *self.fallback_models]
        return tuple(dict.fromkeys(wanted))

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for name, _, problem in contradictions(dict(self)):
            raise ValueError(f"{name} {problem}")
        return self


def contradictions(values: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Parameters that are right alone and wrong together: the one, the other, and what is wrong with the one."""
    for request, limit in (("cpu_request", "cpu_limit"), ("memory_request", "memory_limit")):
        if request in values and limit in values and amount(values[request]) > amount(values[limit]):
            yield request, limit, f"is {values[request]}, which is above {limit}, {values[limit]}"


@dataclass(frozen=True)
class Row:
    """A parameter as `runbook parameters` prints it.

    Attributes:
        name: Its key in a target file.
        type: Its Python type, as in the parameters cell of a notebook.
        unit: What it counts; empty where it counts nothing.
        bounds: What values it takes.
        default: Its default as written in a target file; "required" where it has none.
        meaning: What it decides.
    """

    name: str
    type: str
    unit: str
    bounds: str
    default: str
    meaning: str

    @property
    def expected(self) -> str:
        """What is expected of a value, as the end of an error's sentence."""
        counted = self.bounds.replace("number", f"number of {self.unit}", 1) if self.unit else self.bounds
        return counted + (", or null" if is_optional(self.name) else "")


def describe() -> tuple[Row, ...]:
    """Every parameter, in the order of a target file."""
    return tuple(row(name) for name in Parameters.model_fields)


@cache
def row(name: str) -> Row:
    """One parameter as the table has it.

    Raises:
        KeyError: There is no such parameter.
    """
    field = Parameters.model_fields[name]
    default = "required" if field.is_required() else _yaml(field.get_default(call_default_factory=True))
    return Row(name, annotation_of(name), unit(field), bounds(field), default, field.description or "")


def annotation_of(name: str) -> str:
    """The plain Python type of a parameter, as source text: `str | None`, `dict[str, str]`, `tuple[str, ...]`.

    Raises:
        KeyError: There is no such parameter.
    """
    return plain(Parameters.model_fields[name].annotation)


def default_of(name: str) -> str:
    """The default of a parameter as Python source text; empty where it is required.

    Raises:
        KeyError: There is no such parameter.
    """
    field = Parameters.model_fields[name]
    if field.is_required():
        return ""
    value = field.get_default(call_default_factory=True)
    return json.dumps(value) if isinstance(value, str) else repr(value)


def is_optional(name: str) -> bool:
    """Whether a parameter may be null."""
    return annotation_of(name).endswith("| None")


def _yaml(value: Any) -> str:
    """A default as it would be written in a target file."""
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) and value else json.dumps(value)
