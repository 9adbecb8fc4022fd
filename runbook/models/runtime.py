"""The memory of the processes beside the model: server, runner, vocabulary, the tensors that carry a batch in."""

from __future__ import annotations

from typing import Final

from runbook.models.engine import Engine
from runbook.models.shape import Shape

MIB: Final = 1 << 20
BASE_BYTES: Final = 50 * MIB
BYTES_PER_TOKEN: Final = 300


def runtime_bytes(shape: Shape, engine: Engine) -> int:
    """Bytes that the processes take beside what the model allocates."""
    vocabulary = shape.vocabulary * BYTES_PER_TOKEN if engine.name == "ollama" else 0
    return BASE_BYTES + vocabulary
