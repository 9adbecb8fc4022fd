"""What a block of a model computes, as far as it decides the memory of a batch: one row per architecture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Inner = Literal["gated", "fused", "plain"]


@dataclass(frozen=True)
class Blueprint:
    """The parts of a block.

    Attributes:
        inner: `gated` (two matrices and a product), `fused` (both in one matrix) or `plain`.
        normalises_heads: Whether queries and keys are normalised.
        normalises_after: Whether attention and inner layer are normalised before they are added.
        fuses_attention: Whether queries, keys and values come from one matrix.
        is_parallel: Whether attention and inner layer start from the same state.
        adds_attention_last: Whether a parallel block adds what attention found to the rest, and not the rest to it.
        scales_queries: Whether queries are scaled before attention.
        subtracts_mean: Whether the norm subtracts the mean, which is never done in place.
    """

    inner: Inner = "gated"
    normalises_heads: bool = False
    normalises_after: bool = False
    fuses_attention: bool = False
    is_parallel: bool = False
    adds_attention_last: bool = False
    scales_queries: bool = False
    subtracts_mean: bool = False


DEFAULT: Final = Blueprint()
BLUEPRINTS: Final = {
    "bert": Blueprint("plain", subtracts_mean=True),
    "command-r": Blueprint(is_parallel=True, adds_attention_last=True, subtracts_mean=True),
    "gemma": Blueprint(scales_queries=True),
    "gemma2": Blueprint(normalises_after=True, scales_queries=True),
    "gemma3": Blueprint(normalises_heads=True, normalises_after=True, scales_queries=True),
    "gemma3n": Blueprint(normalises_heads=True),
    "gptneox": Blueprint("plain", fuses_attention=True, is_parallel=True, subtracts_mean=True),
    "mistral3": Blueprint(scales_queries=True),
    "phi2": Blueprint("plain", fuses_attention=True, is_parallel=True, scales_queries=True, subtracts_mean=True),
    "phi3": Blueprint("fused", fuses_attention=True, scales_queries=True),
    "qwen3": Blueprint(normalises_heads=True),
    "qwen3moe": Blueprint(normalises_heads=True),
    "starcoder2": Blueprint("plain", subtracts_mean=True),
}


def blueprint(architecture: str) -> Blueprint:
    """The blueprint of an architecture; the common one where it has none of its own."""
    return BLUEPRINTS.get(architecture, DEFAULT)
