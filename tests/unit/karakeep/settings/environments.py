from __future__ import annotations

from collections.abc import Mapping

from runbook.karakeep import Finding, lint
from runbook.karakeep.settings.environment import of_mapping
from runbook.parameters import Parameters

# An environment in which nothing is wrong.
GOOD = {
    "OLLAMA_BASE_URL": "http://ollama.ai.svc.cluster.local:11434",
    "INFERENCE_TEXT_MODEL": "qwen2.5:3b",
    "INFERENCE_IMAGE_MODEL": "moondream",
    "INFERENCE_JOB_TIMEOUT_SEC": "180",
    "INFERENCE_FETCH_TIMEOUT_SEC": "300",
    "INFERENCE_MAX_OUTPUT_TOKENS": "256",
    "INFERENCE_ENABLE_AUTO_TAGGING": "true",
}


def found(changes: Mapping[str, str | None], target: Parameters | None = None, version: str = "") -> list[Finding]:
    """The findings of the good environment with changes; None takes a variable away."""
    values = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return list(lint(of_mapping(values), target, version=version).findings)
