"""The table of quantisations, computed for a model instead of copied: size, memory and speed of each mixture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from runbook.models.catalogue import CatalogueEntry
from runbook.models.estimate import estimate
from runbook.models.layout import Types, header_of
from runbook.models.shape import shape_of
from runbook.models.traffic import read_bytes_per_token

# What each mixture stores a model in, as llama.cpp's quantiser does: default, output and embeddings, and the kinds
# that the _M mixtures store better in some layers.
MIXTURES: Final[dict[str, dict[str, Types]]] = {
    "F16": {"default": "F16"},
    "Q8_0": {"default": "Q8_0"},
    "Q6_K": {"default": "Q6_K"},
    "Q5_K_M": {"default": "Q5_K", "output": "Q6_K", "attn_v": ("Q5_K", "Q6_K"), "ffn_down": ("Q5_K", "Q6_K")},
    "Q4_K_M": {"default": "Q4_K", "output": "Q6_K", "attn_v": ("Q4_K", "Q6_K"), "ffn_down": ("Q4_K", "Q6_K")},
    "Q4_0": {"default": "Q4_0", "output": "Q6_K"},
    "Q2_K": {"default": "Q2_K", "output": "Q6_K", "attn_v": "Q3_K", "attn_output": "Q3_K", "ffn_down": "Q3_K"},
}


@dataclass(frozen=True)
class QuantisationRow:
    """A model stored in one mixture.

    Attributes:
        mixture: Name of the mixture.
        bits_per_weight: Bits that a weight takes on average.
        disk_bytes: Size of its tensors.
        resident_bytes: Memory it takes.
        read_bytes: Bytes that are read for each token.
        speed_against_f16: Speed of decoding, against 16 bits on the same machine.
    """

    mixture: str
    bits_per_weight: float
    disk_bytes: int
    resident_bytes: int
    read_bytes: int
    speed_against_f16: float


def quantisations(entry: CatalogueEntry, *, context_length: int, kv_type: str = "f16") -> tuple[QuantisationRow, ...]:
    """A model in every mixture.

    Args:
        entry: The model.
        context_length: Context it is loaded with, in tokens.
        kv_type: OLLAMA_KV_CACHE_TYPE.

    Raises:
        UsageError: The catalogue does not know the model's tensors.
    """
    rows = []
    for mixture, types in MIXTURES.items():
        # Tied embeddings are the output too, and stored like one.
        kinds = types | ({"token_embd": types["output"]} if entry.layout.tied and "output" in types else {})
        header = header_of(replace(entry.layout, types=kinds), entry.name)
        found = estimate(header, context_length=context_length, kv_type=kv_type)
        read = read_bytes_per_token(header, shape_of(header))
        bits = 8 * header.tensor_bytes / header.parameters
        rows.append((mixture, bits, header.tensor_bytes, found.resident_bytes, read))
    full = rows[0][4]
    return tuple(QuantisationRow(*row, speed_against_f16=full / row[4]) for row in rows)
