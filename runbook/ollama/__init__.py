"""Ollama: a client of its API that tells what the server holds and says, and why something failed."""

from runbook.ollama.answers import Answer, Rate, decode_rate, prompt_rate, was_cached
from runbook.ollama.client import Ollama
from runbook.ollama.context import Context, context_of, effective_context
from runbook.ollama.names import ModelName, mirror_name, same_model
from runbook.ollama.progress import PullProgress
from runbook.ollama.pull import Patience, Pulled, pull_model
from runbook.ollama.stored import LoadedModel, StoredModel, find_loaded, find_stored, missing_models, presence_checks
from runbook.ollama.templates import is_base_model

__all__ = [
    "Answer",
    "Context",
    "LoadedModel",
    "ModelName",
    "Ollama",
    "Patience",
    "PullProgress",
    "Pulled",
    "Rate",
    "StoredModel",
    "context_of",
    "decode_rate",
    "effective_context",
    "find_loaded",
    "find_stored",
    "is_base_model",
    "mirror_name",
    "missing_models",
    "presence_checks",
    "prompt_rate",
    "pull_model",
    "same_model",
    "was_cached",
]
