"""Which context length is really in force: the number people set is often not the one the server uses.

Ollama 0.15.6: the request's num_ctx goes before the model's PARAMETER, that before OLLAMA_CONTEXT_LENGTH, that before
the default of 4096 without a GPU. A model that takes images gets at least 2048. Then the length that the model was
trained for is the most (`server/routes.go`, `server/sched.go`, `llm/server.go`; ollama#10829, PR#11175).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DEFAULT_CONTEXT: Final = 4096
LEAST_CONTEXT: Final = 4
LEAST_VISION_CONTEXT: Final = 2048
DEFAULT_BATCH: Final = 512


@dataclass(frozen=True)
class Context:
    """The context that a model is loaded with.

    Attributes:
        length: Tokens of one conversation.
        source: Which setting decided, and what changed it.
        batch: Tokens that are computed at once (num_batch).
    """

    length: int
    source: str
    batch: int


def effective_context(
    *,
    trained: int,
    has_vision: bool = False,
    request: int | None = None,
    parameter: int | None = None,
    environment: int | None = None,
    batch: int = DEFAULT_BATCH,
) -> Context:
    """The context that Ollama 0.15.6 loads a model with on a node without a GPU.

    Args:
        trained: Context the model was trained for, in tokens; 0 where it is not known.
        has_vision: Whether the model takes images.
        request: `num_ctx` of the request.
        parameter: `num_ctx` of the model's own parameters.
        environment: OLLAMA_CONTEXT_LENGTH; 0 counts as unset.
        batch: `num_batch`.
    """
    length, source = next(
        (
            (value, name)
            for value, name in ((request, "request"), (parameter, "model"), (environment or None, "server"))
            if value is not None
        ),
        (DEFAULT_CONTEXT, "default"),
    )
    if length < LEAST_CONTEXT:
        length, source = LEAST_CONTEXT, f"{source}, raised to the least there is"
    if has_vision and length < LEAST_VISION_CONTEXT:
        length, source = LEAST_VISION_CONTEXT, f"{source}, raised for images"
    if 0 < trained < length:
        length, source = trained, f"{source}, cut to the length it was trained for"
    return Context(length, source, min(batch, length))
