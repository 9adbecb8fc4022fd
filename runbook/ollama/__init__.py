"""Ollama: a client of its API that tells what the server holds and says, and why something failed."""

from runbook.ollama.answers import Answer, Rate, decode_rate, prompt_rate, was_cached
from runbook.ollama.client import Ollama
from runbook.ollama.context import Context, context_of, effective_context
from runbook.ollama.identity import Identity, identities
from runbook.ollama.mirror import Mirrored, mirror_model
from runbook.ollama.names import ModelName, mirror_name, same_model
from runbook.ollama.progress import PullProgress
from runbook.ollama.pull import Pulled, pull_model
from runbook.ollama.registry import Registry
from runbook.ollama.room import expected_bytes, room_check, survives_restart
from runbook.ollama.stored import LoadedModel, StoredModel, find_loaded, find_stored, missing_models, presence_checks
from runbook.ollama.templates import is_base_model
from runbook.ollama.transfer import Patience

__all__ = [
    "Answer",
    "Context",
    "Identity",
    "LoadedModel",
    "Mirrored",
    "ModelName",
    "Ollama",
    "Patience",
    "PullProgress",
    "Pulled",
    "Rate",
    "Registry",
    "StoredModel",
    "context_of",
    "decode_rate",
    "effective_context",
    "expected_bytes",
    "find_loaded",
    "find_stored",
    "identities",
    "is_base_model",
    "mirror_model",
    "mirror_name",
    "missing_models",
    "presence_checks",
    "prompt_rate",
    "pull_model",
    "room_check",
    "same_model",
    "survives_restart",
    "was_cached",
]
