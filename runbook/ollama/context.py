"""Which context length is in force: rarely the number that was set.

Ollama 0.15.6 takes the request's `num_ctx`, else the model's own parameter, else OLLAMA_CONTEXT_LENGTH, else 4096 on
a machine without a GPU. It raises a vision model to 2048, and clamps the result to what the model was trained for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from runbook import models
from runbook.models.context import DEFAULT_CONTEXT
from runbook.models.size import parameter_context

__all__ = ["DEFAULT_CONTEXT", "Context", "context_of", "effective_context"]

# The rule itself is that of the model math; here it is only said in words that follow "expected by".
WORDS: Final = {
    "request": "the request",
    "model": "the model's parameters",
    "server": "OLLAMA_CONTEXT_LENGTH",
    "default": "the server's default",
    "raised to the least there is": "the server's minimum",
    "raised for images": "the minimum for images",
    "cut to the length it was trained for": "the length the model was trained for",
}


@dataclass(frozen=True)
class Context:
    """A context length and where it comes from.

    Attributes:
        tokens: The context that the server allocates.
        source: What decided it.
    """

    tokens: int
    source: str


def effective_context(
    *,
    trained: int | None,
    request: int | None = None,
    parameter: int | None = None,
    environment: int | None = None,
    vision: bool = False,
) -> Context:
    """The context that the server will allocate, in tokens.

    Args:
        trained: The length the model was trained for; None where it is not known, and then nothing is clamped.
        request: `num_ctx` of the request.
        parameter: `num_ctx` of the model's own parameters.
        environment: OLLAMA_CONTEXT_LENGTH of the server; 0 counts as unset.
        vision: Whether the model takes images.
    """
    found = models.effective_context(
        trained=trained or 0, has_vision=vision, request=request, parameter=parameter, environment=environment
    )
    decided = found.source.rpartition(", ")[2]
    return Context(found.length, WORDS[decided])


def context_of(shown: Mapping[str, Any], *, request: int | None, environment: int | None = None) -> Context:
    """The context that a request will get from a model, by what `/api/show` says of it."""
    info = shown.get("model_info") or {}
    architecture = info.get("general.architecture", "")
    return effective_context(
        trained=info.get(f"{architecture}.context_length"),
        request=request,
        parameter=parameter_context(shown),
        environment=environment,
        vision="vision" in (shown.get("capabilities") or ()),
    )
