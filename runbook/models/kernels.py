"""What a weight of each type costs a processor, against one of Q4_K: the arithmetic of ggml's kernels.

Measured on Ollama 0.15.6 built for AVX2 (x86-64-v3) with one thread, on one model shape of 320 million weights in each
type (`benchmarks/speed_prediction.py --ladder`): time of a token less that of its layers' fixed cost, relative to
Q4_K. Types of 8 bits and more count as Q4_K does: a core waits for the memory with them, never for the arithmetic.
Other instruction sets shift these ratios; a calibration takes up what they have in common.
"""

from __future__ import annotations

from typing import Final

# An answer: one token at a time, each weight unpacked and multiplied once.
DECODE_COST: Final = {
    "Q2_K": 0.75,
    "Q3_K": 1.2,
    "Q4_0": 1.4,
    "Q4_1": 2.1,
    "Q5_0": 1.8,
    "Q5_1": 2.3,
    "Q5_K": 1.4,
    "Q6_K": 1.5,
    "IQ4_NL": 1.5,
    "IQ4_XS": 1.5,
    "MXFP4": 1.7,
}
# A prompt: many tokens share the unpacking; F16, Q8_0, Q4_0, Q5_0 and IQ4_NL have a matrix kernel of their own.
PROMPT_COST: Final = {
    "F16": 0.75,
    "Q8_0": 0.85,
    "Q2_K": 0.85,
    "Q3_K": 1.4,
    "Q4_1": 1.6,
    "Q5_0": 1.3,
    "Q5_1": 1.95,
    "Q5_K": 1.5,
    "Q6_K": 1.5,
    "IQ4_NL": 1.1,
    "IQ4_XS": 1.55,
    "MXFP4": 1.75,
}
USUAL: Final = 1.0
# A product of a query with a key or a value, the softmax's share included, f16 and q8_0 alike; and the key and value of
# one head and token, which lie rows apart in memory, so that a core waits about 100 ns for them. From two types at
# depths of 1024 and 3000 tokens and eight models with 1 to 8 heads per key, measured on a busy machine: provisional.
ATTENTION_COST: Final = 3.0
KV_ROW_COST: Final = 3000.0
PROMPT_ATTENTION_COST: Final = 8.0


def decode_cost(type_name: str) -> float:
    """What a weight of a type costs in an answer; unknown types as Q4_K."""
    return DECODE_COST.get(type_name, USUAL)


def prompt_cost(type_name: str) -> float:
    """What a weight of a type costs in a prompt; unknown types as Q4_K."""
    return PROMPT_COST.get(type_name, USUAL)
