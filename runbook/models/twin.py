"""Twins: files of exactly the tensor shapes, types and settings of a real model, with random weights.

A twin takes the same bytes, the same memory and the same time as the model it is a twin of, and means nothing. Its
name and its metadata say so. It has a vocabulary of its own that works, of the same size.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runbook.errors import UsageError
from runbook.models.catalogue import CatalogueEntry
from runbook.models.filling import can_fill, filled
from runbook.models.gguf import GgufHeader, LongArray
from runbook.models.shape import Shape, shape_of
from runbook.models.vocabulary import vocabulary
from runbook.models.writing import Writable, write_gguf

LEAST_VOCABULARY: Final = 300
# Which kind of vocabulary an architecture's published models have; the rest is byte-level.
KINDS: Final = {
    "bert": "bert",
    "gemma": "llama",
    "gemma2": "llama",
    "gemma3": "llama",
    "gemma3n": "llama",
    "llama": "llama",
    "nomic-bert": "bert",
}
TOKENIZER: Final = "tokenizer."
# What the engines ask for and a shape alone does not say: values of the published models.
EPSILON: Final = 1e-6
ROPE_BASE: Final = 10_000.0
FURTHER: Final[dict[str, dict[str, Writable]]] = {
    "gemma2": {"attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0},
    "command-r": {"logit_scale": 0.0625},
    "granite": {"attention.scale": 0.0156, "embedding_scale": 12.0, "residual_scale": 0.22, "logit_scale": 8.0},
    "granitemoe": {"attention.scale": 0.0156, "embedding_scale": 12.0, "residual_scale": 0.22, "logit_scale": 6.0},
    "phi2": {"rope.dimension_count": 32},
}


@dataclass(frozen=True)
class Twin:
    """A twin that was written.

    Attributes:
        name: What to call it: `twin-` and the name of the model it is a twin of.
        path: The file.
        bytes: Its size.
        seed: What its weights were made from.
    """

    name: str
    path: Path
    bytes: int
    seed: int


def write_twin(model: CatalogueEntry | GgufHeader, path: Path, *, seed: int = 0) -> Twin:
    """Write the twin of a model.

    Args:
        model: An entry of the catalogue, or a header that was read.
        path: The file to write.
        seed: Decides the weights.

    Raises:
        UsageError: The catalogue does not know the model's tensors, or one is of a type that cannot be made up.
    """
    header, name = (model.header, model.name) if isinstance(model, CatalogueEntry) else (model, model.source)
    if unmade := [one for one in header.tensors if not can_fill(one)]:
        raise UsageError(
            f"no twin of {name} can be made",
            why=f"random weights of {unmade[0].type_name} ({unmade[0].name}) are not known to be finite",
            next="choose a model in another quantisation",
        )
    metadata = twin_metadata(header, name)
    size = write_gguf(path, metadata, header.tensors, (filled(one, seed) for one in header.tensors))
    return Twin(twin_name(name), path, size, seed)


def twin_name(name: str) -> str:
    """What the twin of a model is called: a name that Ollama takes and nobody takes for the model."""
    return "twin-" + "".join(letter if letter.isalnum() or letter in ".-:" else "-" for letter in name.lower())


def twin_metadata(header: GgufHeader, name: str) -> dict[str, Writable]:
    """The settings of a twin: those of the model, a vocabulary of its own, and what it is."""
    shape = shape_of(header)
    kept: dict[str, Writable] = {
        key: value
        for key, value in header.metadata.items()
        if not key.startswith(TOKENIZER) and not isinstance(value, LongArray)
    }
    said = {
        "general.name": f"twin of {name}",
        "general.description": "random weights in the shapes of a real model: same size and speed, no meaning",
        "general.basename": "twin",
    }
    return _needed(shape) | kept | said | _words(header, shape)


def _needed(shape: Shape) -> dict[str, Writable]:
    values: dict[str, Writable] = {
        "attention.layer_norm_rms_epsilon": EPSILON,
        "attention.layer_norm_epsilon": EPSILON,
        "rope.freq_base": ROPE_BASE,
        "rope.dimension_count": shape.key_length,
        **FURTHER.get(shape.architecture, {}),
    }
    return {f"{shape.architecture}.{key}": value for key, value in values.items()}


def _words(header: GgufHeader, shape: Shape) -> dict[str, Writable]:
    if shape.vocabulary < LEAST_VOCABULARY:
        return {}
    stated = header.metadata.get("tokenizer.ggml.model")
    kind = stated if stated in KINDS.values() else KINDS.get(shape.architecture, "gpt2")
    words = vocabulary(str(kind), shape.vocabulary)
    # How a text is cut up decides which engine takes some models.
    cut = header.metadata.get(f"{TOKENIZER}ggml.pre")
    return words | ({f"{TOKENIZER}ggml.pre": cut} if isinstance(cut, str) else {})
