"""The same real Ollama that the client's own tests use."""

from __future__ import annotations

from tests.cluster.ollama.conftest import local, ollama

__all__ = ["local", "ollama"]
