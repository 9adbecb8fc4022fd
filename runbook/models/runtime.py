"""The memory of the processes beside the model: server, runner, and what both keep of the vocabulary.

Measured on 0.15.6 after prompts of more than a batch, memory that no file backs. It grows with the vocabulary: both
server and runner hold all words. The first request for a schema adds more, once: Ollama's own engine makes a grammar
that holds a copy of every word and a decoded form of each candidate (`sample/samplers.go`, `llama.NewGrammar`,
`llama-grammar.cpp`), and the heap keeps what that took.
"""

from __future__ import annotations

from typing import Final

from runbook.models.engine import EngineName
from runbook.models.shape import Shape

# A fixed part, and bytes for each word.
PROCESSES: Final[dict[EngineName, tuple[int, int]]] = {"ollama": (30 << 20, 320), "llama.cpp": (10 << 20, 680)}
GRAMMAR: Final[dict[EngineName, tuple[int, int]]] = {"ollama": (0, 1560), "llama.cpp": (0, 200)}


def runtime_bytes(shape: Shape, engine: EngineName) -> int:
    """Bytes that the processes take beside what the model allocates."""
    base, per_word = PROCESSES[engine]
    return base + shape.vocabulary * per_word


def structured_bytes(shape: Shape, engine: EngineName) -> int:
    """Bytes that the first request for a schema adds, and that stay."""
    if shape.is_embedder:
        return 0
    base, per_word = GRAMMAR[engine]
    return base + shape.vocabulary * per_word
