"""A vocabulary that works: every byte is a token, and the rest of the tokens are there to fill it up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from runbook.models.writing import Writable

SPECIAL: Final = ("<unk>", "<s>", "</s>")
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6
WORD_PIECE_SPECIAL: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
# Bytes that the byte-level alphabet shows as themselves; the others are moved up beyond 255.
SHOWN: Final = frozenset((*range(33, 127), *range(161, 173), *range(174, 256)))


def vocabulary(kind: str, size: int) -> dict[str, Writable]:
    """The tokenizer's part of a header.

    Args:
        kind: `gpt2` (byte-level), `llama` (with byte tokens) or `bert` (word pieces).
        size: Number of tokens, at least 300.
    """
    return {"tokenizer.ggml.model": kind, **MAKERS[kind](size)}


def _byte_level(size: int) -> dict[str, Writable]:
    moved = iter(range(256, 512))
    letters = [chr(byte) if byte in SHOWN else chr(next(moved)) for byte in range(256)]
    words = [*SPECIAL, *letters, *(f"twin{number}" for number in range(size - 259))]
    return {
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.tokens": words,
        "tokenizer.ggml.token_type": [CONTROL] * 3 + [NORMAL] * (size - 3),
        # One merge, since llama.cpp refuses a byte-level vocabulary without any.
        "tokenizer.ggml.merges": ["t w"],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.add_bos_token": False,
    }


def _with_bytes(size: int) -> dict[str, Writable]:
    letters = [f"<0x{byte:02X}>" for byte in range(256)]
    words = [*SPECIAL, *letters, *(f"\u2581twin{number}" for number in range(size - 259))]
    return {
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.tokens": words,
        "tokenizer.ggml.scores": [-float(number) for number in range(size)],
        "tokenizer.ggml.token_type": [UNKNOWN, CONTROL, CONTROL] + [BYTE] * 256 + [NORMAL] * (size - 259),
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.unknown_token_id": 0,
    }


def _word_pieces(size: int) -> dict[str, Writable]:
    words = [*WORD_PIECE_SPECIAL, *(f"\u2581twin{number}" for number in range(size - 5))]
    return {
        "tokenizer.ggml.tokens": words,
        "tokenizer.ggml.scores": [0.0] * size,
        "tokenizer.ggml.token_type": [CONTROL] * 5 + [NORMAL] * (size - 5),
        "tokenizer.ggml.token_type_count": 2,
        **{f"tokenizer.ggml.{name}_token_id": place for place, name in enumerate(("padding", "unknown", "cls"))},
        "tokenizer.ggml.seperator_token_id": 3,
        "tokenizer.ggml.mask_token_id": 4,
        "tokenizer.ggml.bos_token_id": 2,
        "tokenizer.ggml.eos_token_id": 3,
    }


MAKERS: Final[dict[str, Callable[[int], dict[str, Writable]]]] = {
    "bert": _word_pieces,
    "gpt2": _byte_level,
    "llama": _with_bytes,
}
