"""Prompts for measuring: as long as wanted, and new from the first token on.

The server keeps the last prompt's tokens and reads only what differs, from the first difference to the end. A nonce
at the start makes all of it different; at the end it would change nothing.
"""

from __future__ import annotations

import secrets

NONCE_BYTES = 12
# Measured on gemma3: a nonce of 24 hexadecimal digits is up to 24 tokens, a word of this text 1.2.
NONCE_TOKENS = 24
TOKENS_PER_WORD = 1.3

TEXT = (
    "A small cluster stands on a shelf and does the work of a household. Each node keeps a part of every volume, so "
    "that a broken disk costs an evening and not a memory. Requests come in through one address and find a pod that "
    "is ready; a pod that is not ready gets none. When a node goes away the others take over what it did, and the "
    "people in the next room notice nothing but a slower page. Models lie on a volume of their own. They are read "
    "once, kept in memory for some minutes, and forgotten when nobody asks. What limits them is how fast the memory "
    "can be read, for every token needs all the weights again."
)
WORDS = TEXT.split()


def fresh_prompt(tokens: int) -> str:
    """A prompt of about so many tokens that shares no beginning with any other."""
    words = max(1, round((tokens - NONCE_TOKENS) / TOKENS_PER_WORD))
    text = (WORDS * (1 + words // len(WORDS)))[:words]
    return f"{secrets.token_hex(NONCE_BYTES)} {' '.join(text)}"
