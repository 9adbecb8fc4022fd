"""How fast a model answers on a processor, with the range that the figure is good for.

Decoding reads all weights for each token: tok/s = share * bandwidth / bytes per token. The share of the peak that a
machine reaches belongs to the machine, hardly to the model: median 0.64 on x86 homelab machines with DDR4 or older,
0.54 with DDR5 (110 public rows). A prompt is computed many tokens at once, so there the arithmetic is the bound:
2 * weights * tok/s is about constant on a machine.
"""

from __future__ import annotations

from typing import Final

from runbook.models.engine import Engine
from runbook.models.gguf import GgufHeader
from runbook.models.interval import Interval
from runbook.models.shape import Shape, shape_of
from runbook.models.traffic import read_bytes_per_token, weights_per_token

# Share of the peak bandwidth: fifth percentile, median, ninety-fifth percentile.
COLD_SHARE: Final = (0.46, 0.63, 0.78)
# Operations per second and thread on a prompt: x86 with AVX2, from the rows that state a prompt speed.
COLD_OPERATIONS: Final = (50e9, 80e9, 110e9)


def decode_speed(header: GgufHeader, shape: Shape, engine: Engine, bandwidth_gb_per_s: float) -> Interval:
    """Tokens per second at the begin of a conversation, from nothing but the memory's bandwidth."""
    del engine
    rate = bandwidth_gb_per_s * 1e9 / max(1, read_bytes_per_token(header, shape))
    low, expected, high = (share * rate for share in COLD_SHARE)
    return Interval(low, expected, high, reasons=("cold: the machine was not measured",))


def prompt_speed(header: GgufHeader, threads: int) -> Interval:
    """Prompt tokens per second, from nothing but the number of threads."""
    work = 2 * max(1, weights_per_token(header, shape_of(header)))
    low, expected, high = (operations * threads / work for operations in COLD_OPERATIONS)
    return Interval(low, expected, high, "compute", ("cold: the machine was not measured",))


def item_seconds(
    header: GgufHeader, decode: Interval, *, threads: int, prompt_tokens: int, output_tokens: int
) -> Interval:
    """Seconds from the consumer's request to the end of the answer, of a model that is loaded.

    Args:
        header: The model's header.
        decode: How fast it answers.
        threads: Threads that Ollama starts.
        prompt_tokens: Tokens of the prompt.
        output_tokens: Tokens of the answer.
    """
    prompt = prompt_speed(header, threads)
    expected = prompt_tokens / prompt.expected + output_tokens / decode.expected
    low = prompt_tokens / prompt.high + output_tokens / decode.high
    high = prompt_tokens / prompt.low + output_tokens / decode.low
    return Interval(low, expected, high, "compute" if prompt_tokens / prompt.expected > expected / 2 else "memory")
