"""Which of Ollama's two engines runs a model, and with which attention and cache type.

Ollama 0.15.6 runs some architectures in its own engine and the rest, and every model whose projector is a file of its
own, in llama.cpp (`llm/server.go`, `fs/ggml/ggml.go`, `model/models/`). A quantised cache needs flash attention: the
own engine has it on by default for most of its models, llama.cpp only takes the type when the server was told so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from runbook.models.gguf import GgufHeader
from runbook.models.shape import Shape

EngineName = Literal["ollama", "llama.cpp"]

OWN_ENGINE: Final = frozenset(
    (
        "bert",
        "deepseek2",
        "deepseekocr",
        "gemma3",
        "gemma3n",
        "glm4moelite",
        "glmocr",
        "gpt-oss",
        "gptoss",
        "lfm2",
        "llama4",
        "mistral3",
        "mllama",
        "nomic-bert",
        "olmo3",
        "qwen25vl",
        "qwen3",
        "qwen3moe",
        "qwen3next",
        "qwen3vl",
        "qwen3vlmoe",
    )
)
# Those whose embedding form is registered too.
OWN_ENGINE_EMBEDDERS: Final = frozenset(("bert", "gemma3", "nomic-bert", "nomic-bert-moe", "qwen3"))
FLASH_BY_DEFAULT: Final = frozenset(
    (
        "bert",
        "gemma3",
        "glm4moelite",
        "glmocr",
        "gpt-oss",
        "gptoss",
        "lfm2",
        "mistral3",
        "olmo3",
        "qwen3",
        "qwen3moe",
        "qwen3next",
        "qwen3vl",
        "qwen3vlmoe",
    )
)
NO_FLASH: Final = frozenset(("gemma2",))
# llama.cpp decides by itself where the server was told nothing, and on a CPU it decides for flash attention.
LEGACY_NO_FLASH: Final = frozenset(("grok",))
CACHE_TYPES: Final = ("f16", "q8_0", "q4_0")
BYTES_PER_ELEMENT: Final = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32, "f32": 4.0}


@dataclass(frozen=True)
class Engine:
    """How a model is run.

    Attributes:
        name: `ollama` or `llama.cpp`.
        flash_attention: Whether flash attention is on.
        kv_type: Type of the cache that really applies.
        kv_type_reason: Why.
    """

    name: EngineName
    flash_attention: bool
    kv_type: str
    kv_type_reason: str


def engine_of(header: GgufHeader, shape: Shape, kv_type: str, flash_attention: bool | None) -> Engine:
    """How Ollama 0.15.6 runs a model on a CPU.

    Args:
        header: The model's header.
        shape: Its shape.
        kv_type: OLLAMA_KV_CACHE_TYPE; empty or `f16` is the default.
        flash_attention: OLLAMA_FLASH_ATTENTION; None where it is not set.
    """
    wanted = kv_type.lower() or "f16"
    if runs_in_own_engine(header, shape):
        on = (shape.architecture in FLASH_BY_DEFAULT if flash_attention is None else flash_attention) and _can(shape)
        return Engine("ollama", on, *_own_cache(wanted, on))
    on = _legacy_flash(shape, flash_attention)
    return Engine("llama.cpp", on, *_legacy_cache(wanted, flash_attention is True and _can(shape)))


def runs_in_own_engine(header: GgufHeader, shape: Shape) -> bool:
    """Whether Ollama's own engine takes a model; llama.cpp gets what it does not."""
    if shape.architecture not in OWN_ENGINE or header.projector is not None:
        return False
    if shape.is_embedder and shape.architecture not in OWN_ENGINE_EMBEDDERS:
        return False
    if shape.architecture == "deepseek2":
        return header.metadata.get("tokenizer.ggml.pre", "deepseek-v3") == "deepseek-v3"
    if shape.architecture == "lfm2":
        return not shape.experts and header.metadata.get("tokenizer.ggml.model", "gpt2") == "gpt2"
    return True


def _can(shape: Shape) -> bool:
    """Whether Ollama thinks that the model supports flash attention."""
    if shape.is_embedder or shape.architecture in NO_FLASH:
        return False
    return shape.key_length == shape.value_length != 0


def _legacy_flash(shape: Shape, setting: bool | None) -> bool:
    if shape.key_length != shape.value_length or shape.architecture in LEGACY_NO_FLASH:
        return False
    return setting is None or (setting and _can(shape))


def _own_cache(wanted: str, flash: bool) -> tuple[str, str]:
    if wanted == "f16":
        return "f16", "the default"
    if not flash:
        return "f16", f"{wanted} needs flash attention, which is off for this model"
    if wanted not in CACHE_TYPES:
        return "f16", f"{wanted} is not a type that Ollama takes"
    return wanted, "as asked: flash attention is on"


def _legacy_cache(wanted: str, told: bool) -> tuple[str, str]:
    if wanted == "f16":
        return "f16", "the default"
    if wanted not in CACHE_TYPES:
        return "f16", f"{wanted} is not a type that Ollama takes"
    if not told:
        return "f16", f"{wanted} is dropped: llama.cpp takes it only with OLLAMA_FLASH_ATTENTION=1"
    return wanted, "as asked: OLLAMA_FLASH_ATTENTION=1"
