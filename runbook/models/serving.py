"""How a server is configured, as far as it decides memory and speed: read from its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from runbook.models.catalogue import CatalogueEntry
from runbook.models.context import effective_context
from runbook.models.estimate import Estimate, estimate
from runbook.models.gguf import GgufHeader
from runbook.models.host import Host
from runbook.models.shape import shape_of

# As Go's strconv.ParseBool has it, which is what Ollama reads them with.
TRUE_WORDS: Final = frozenset(("1", "t", "true"))
FALSE_WORDS: Final = frozenset(("0", "f", "false"))
DEFAULT_LOADED_MODELS: Final = 3


@dataclass(frozen=True)
class Serving:
    """The settings of a server.

    Attributes:
        kv_type: OLLAMA_KV_CACHE_TYPE.
        flash_attention: OLLAMA_FLASH_ATTENTION; None where it is not set.
        parallel: OLLAMA_NUM_PARALLEL.
        most_loaded: OLLAMA_MAX_LOADED_MODELS; unset it is 3 on a node without a GPU.
        context_length: OLLAMA_CONTEXT_LENGTH; None where it is not set.
    """

    kv_type: str = "f16"
    flash_attention: bool | None = None
    parallel: int = 1
    most_loaded: int = DEFAULT_LOADED_MODELS
    context_length: int | None = None

    def estimate(
        self,
        model: CatalogueEntry | GgufHeader,
        *,
        request_context: int | None = None,
        parameter_context: int | None = None,
        host: Host | None = None,
        structured: bool = False,
    ) -> Estimate:
        """What a model takes on this server.

        Args:
            model: An entry of the catalogue, or a header that was read.
            request_context: `num_ctx` of the request.
            parameter_context: `num_ctx` of the model's own parameters.
            host: The machine, for the speed.
            structured: Whether requests ask for a schema.

        Raises:
            ModelFileError: A per-layer setting of the model makes no sense.
            UsageError: The catalogue does not know the model's tensors.
        """
        shape = shape_of(model.header if isinstance(model, CatalogueEntry) else model)
        context = effective_context(
            trained=shape.context_length,
            has_vision=shape.has_vision,
            request=request_context,
            parameter=parameter_context,
            environment=self.context_length,
        )
        return estimate(
            model,
            context=context,
            kv_type=self.kv_type,
            flash_attention=self.flash_attention,
            parallel=self.parallel,
            host=host,
            structured=structured,
        )


def serving_from(environment: Mapping[str, str]) -> Serving:
    """The settings in a server's environment; what is unset or makes no sense takes its default, as in Ollama."""
    return Serving(
        kv_type=environment.get("OLLAMA_KV_CACHE_TYPE", "").strip().lower() or "f16",
        flash_attention=_flag(environment.get("OLLAMA_FLASH_ATTENTION", "")),
        parallel=_number(environment.get("OLLAMA_NUM_PARALLEL", "")) or 1,
        most_loaded=_number(environment.get("OLLAMA_MAX_LOADED_MODELS", "")) or DEFAULT_LOADED_MODELS,
        context_length=_number(environment.get("OLLAMA_CONTEXT_LENGTH", "")) or None,
    )


def _flag(text: str) -> bool | None:
    word = text.strip().strip("\"'").lower()
    if not word:
        return None
    # Ollama takes a word that is neither for true.
    return word not in FALSE_WORDS


def _number(text: str) -> int:
    word = text.strip().strip("\"'")
    return int(word) if word.isascii() and word.isdecimal() else 0
