"""Which context length is in force: rarely the number that was set.

Ollama 0.15.6 takes the request's `num_ctx`, else the model's own parameter, else OLLAMA_CONTEXT_LENGTH, else 4096 on
a machine without a GPU. It raises a vision model to 2048, and clamps the result to what the model was trained for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT_CONTEXT = 4096
VISION_MINIMUM = 2048
MINIMUM = 4


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
    tokens, source = next(
        (value, source)
        for value, source in (
            (request, "the request"),
            (parameter, "the model's parameters"),
            (environment or None, "OLLAMA_CONTEXT_LENGTH"),
            (DEFAULT_CONTEXT, "the server's default"),
        )
        if value is not None
    )
    if tokens < MINIMUM:
        tokens, source = MINIMUM, "the server's minimum"
    if vision and tokens < VISION_MINIMUM:
        tokens, source = VISION_MINIMUM, "the minimum for images"
    if trained is not None and tokens > trained:
        tokens, source = trained, "the length the model was trained for"
    return Context(tokens, source)


def context_of(shown: Mapping[str, Any], *, request: int | None, environment: int | None = None) -> Context:
    """The context that a request will get from a model, by what `/api/show` says of it."""
    info = shown.get("model_info") or {}
    architecture = info.get("general.architecture", "")
    written = re.search(r"^num_ctx\s+(\d+)", shown.get("parameters") or "", re.MULTILINE)
    return effective_context(
        trained=info.get(f"{architecture}.context_length"),
        request=request,
        parameter=int(written[1]) if written else None,
        environment=environment,
        vision="vision" in (shown.get("capabilities") or ()),
    )
