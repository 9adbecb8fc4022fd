"""How fast a model answers on a processor, with the range that nine of ten machines fall into.

Decoding reads all weights for each token: tok/s = share * bandwidth / bytes per token, so the memory is the bound. A
prompt is computed many tokens at once, so there the arithmetic is: 2 * weights * tok/s is about constant on a machine.
"""

from __future__ import annotations

from typing import Final

from runbook.models.gguf import GgufHeader
from runbook.models.host import SPREAD_ONCE, Host
from runbook.models.interval import Interval
from runbook.models.shape import Shape, shape_of
from runbook.models.traffic import kv_read_bytes_per_token, read_bytes_per_token, weights_per_token

# Operations per second and thread on a prompt, from the rows that state a prompt speed: x86 with AVX2.
COLD_OPERATIONS: Final = (50e9, 80e9, 110e9)
# Operations per second and thread in a projector, whose weights are 16 bits wide: two shared cores did 10e9.
PROJECTOR_OPERATIONS: Final = (8e9, 20e9, 50e9)


def decode_speed(header: GgufHeader, host: Host, *, kv_type: str = "f16", depth: int = 0) -> Interval:
    """Tokens per second of an answer.

    Args:
        header: The model's header.
        host: The machine.
        kv_type: Type of the cache.
        depth: Tokens that came before, whose keys and values are read too.
    """
    shape = shape_of(header)
    read = max(1, read_bytes_per_token(header, shape) + kv_read_bytes_per_token(shape, kv_type, depth))
    rate = host.rate
    if rate is not None:
        expected = 1 / rate.seconds(read, shape.layers)
        is_fixed = shape.layers * rate.seconds_per_layer > read / rate.bytes_per_second
        return _around(expected, rate.spread, "compute" if is_fixed else "memory", host)
    ceiling = host.bandwidth_gb_per_s * 1e9 / read
    share = host.share
    return Interval(share.low * ceiling, share.expected * ceiling, share.high * ceiling, "memory", host.doubts)


def prompt_speed(header: GgufHeader, host: Host, *, depth: int = 0) -> Interval:
    """Prompt tokens per second.

    Args:
        header: The model's header.
        host: The machine.
        depth: Length of the prompt, in tokens; a token attends to half of it on average.
    """
    shape = shape_of(header)
    work = 2 * max(1, weights_per_token(header, shape)) + _attention(shape, depth // 2)
    known = next((one for one in host.measured if one.prompt_tokens_per_second and one.weights), None)
    if known is not None and known.prompt_tokens_per_second:
        return _around(2 * known.weights * known.prompt_tokens_per_second / work, SPREAD_ONCE, "compute", host)
    low, expected, high = (operations * host.threads / work for operations in COLD_OPERATIONS)
    return Interval(low, expected, high, "compute", host.doubts)


def image_seconds(header: GgufHeader, host: Host, *, patches: int) -> Interval:
    """Seconds that the projector takes for one image; nothing where the model has no projector of its own.

    Args:
        header: The model's header.
        host: The machine.
        patches: Patches that the image is cut into, about its prompt tokens.
    """
    if header.projector is None:
        return Interval(0.0, 0.0, 0.0, "compute")
    # Weights of 16 bits: each is multiplied once per patch.
    work = 2 * (header.projector.tensor_bytes // 2) * patches
    low, expected, high = (work / (operations * host.threads) for operations in reversed(PROJECTOR_OPERATIONS))
    return Interval(low, expected, high, "compute", host.doubts)


def item_seconds(
    header: GgufHeader, host: Host, *, prompt_tokens: int, output_tokens: int, kv_type: str = "f16", patches: int = 0
) -> Interval:
    """Seconds from the consumer's request to the end of the answer, of a model that is loaded.

    Args:
        header: The model's header.
        host: The machine.
        prompt_tokens: Tokens of the prompt, those of an image included.
        output_tokens: Tokens of the answer.
        kv_type: Type of the cache.
        patches: Patches of an image; 0 without one.
    """
    prompt = prompt_speed(header, host, depth=prompt_tokens)
    answer = decode_speed(header, host, kv_type=kv_type, depth=prompt_tokens + output_tokens // 2)
    image = image_seconds(header, host, patches=patches)
    before = prompt_tokens / prompt.expected + image.expected
    expected = before + output_tokens / answer.expected
    return Interval(
        prompt_tokens / prompt.high + output_tokens / answer.high + image.low,
        expected,
        prompt_tokens / prompt.low + output_tokens / answer.low + image.high,
        "compute" if before > expected / 2 else "memory",
        host.doubts,
    )


def _around(expected: float, spread: float, bound: str, host: Host) -> Interval:
    return Interval(expected * (1 - spread), expected, expected * (1 + spread), bound, host.doubts)


def _attention(shape: Shape, depth: int) -> int:
    """Operations of one token that attends to so many others."""
    return sum(2 * heads * (shape.key_length + shape.value_length) * depth for heads in shape.heads)
