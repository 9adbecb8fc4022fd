"""How fast a model answers on a processor, with the range that nine of ten machines fall into.

An answer is bound by the memory, which delivers all weights for each token, or, where cores are few or shared, by the
arithmetic; a prompt is worked on many tokens at once and is bound by the arithmetic. Each prediction is a middle and a
range: `runbook.models.host` says what is known of a machine beforehand, a calibration makes that narrower.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Final

from runbook.models.gguf import GgufHeader
from runbook.models.host import Host
from runbook.models.interval import NINE_IN_TEN, Guess, Interval
from runbook.models.kernels import PROMPT_ATTENTION_COST, prompt_cost
from runbook.models.shape import shape_of
from runbook.models.traffic import Work, decode_work, prompt_work

# By which factor a prompt's speed differs from what its machine's rate says: operations per second are constant to
# about 20 % on a machine (public rows).
PROMPT_ERROR: Final = Guess(1.0, 1.2)
# Operations per second and thread in a projector, whose weights are 16 bits wide: two shared cores did 10e9.
PROJECTOR_OPERATIONS: Final = Guess(20e9, 2.5)


def decode_speed(header: GgufHeader, host: Host, *, kv_type: str = "f16", depth: int = 0) -> Interval:
    """Tokens per second of an answer.

    Args:
        header: The model's header.
        host: The machine.
        kv_type: Type of the cache.
        depth: Tokens that came before, whose keys and values are read too.
    """
    return work_speed(decode_work(header, shape_of(header), kv_type=kv_type, depth=depth), host)


def work_speed(work: Work, host: Host) -> Interval:
    """Tokens per second of an answer of which one token costs so much.

    Args:
        work: What a token costs.
        host: The machine.
    """
    # numpy takes a tenth of a second to import, which a command that predicts nothing need not wait for.
    from runbook.models.token_time import Timed, token_seconds

    known = host.calibration.measured if host.calibration else ()
    timed = [Timed(one.work, 1 / one.tokens_per_second) for one in known]
    time = token_seconds(work, host.rates, timed, error=host.error)
    bound = "memory" if time.memory_share >= 0.5 else "compute"
    return Interval(1 / time.high, 1 / time.expected, 1 / time.low, bound, host.doubts)


def prompt_speed(header: GgufHeader, host: Host, *, depth: int = 0) -> Interval:
    """Prompt tokens per second.

    Args:
        header: The model's header.
        host: The machine.
        depth: Length of the prompt, in tokens; a token attends to half of it on average.
    """
    work = prompt_work(header, shape_of(header), tokens=max(1, depth))
    rate = _prompt_rate(host)
    cost = max(1.0, prompt_operations(work))
    middle, reach = rate.expected / cost, exp(NINE_IN_TEN * sqrt(rate.deviation**2 + PROMPT_ERROR.deviation**2))
    return Interval(middle / reach, middle, middle * reach, "compute", host.doubts)


def prompt_operations(work: Work) -> float:
    """What a token of a prompt costs, counted in weights of Q4_K."""
    weights = sum(part.weights * prompt_cost(part.type_name) for part in work.parts)
    return weights + work.attended * PROMPT_ATTENTION_COST


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
    middle, factor = work / (PROJECTOR_OPERATIONS.expected * host.threads), PROJECTOR_OPERATIONS.factor
    return Interval(middle / factor, middle, middle * factor, "compute", host.doubts)


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
        "compute" if before > expected / 2 else answer.bound,
        host.doubts,
    )


def _prompt_rate(host: Host) -> Guess:
    """Weights per second of a prompt: what is known beforehand and what was measured, each with its own weight."""
    known = host.calibration.measured if host.calibration else ()
    before = host.prompt_rate
    found = [(log(before.expected), before.deviation)]
    for one in known:
        if one.prompt_work is not None and one.prompt_tokens_per_second is not None:
            rate = prompt_operations(one.prompt_work) * one.prompt_tokens_per_second
            found.append((log(max(1.0, rate)), PROMPT_ERROR.deviation))
    precision = sum(deviation**-2 for _, deviation in found)
    middle = sum(value * deviation**-2 for value, deviation in found) / precision
    return Guess(exp(middle), exp(NINE_IN_TEN / sqrt(precision)))
