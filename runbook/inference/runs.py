"""One timed run: what it measured, or why it does not count."""

from __future__ import annotations

from dataclasses import dataclass

from runbook.ollama import Answer, decode_rate, prompt_rate, was_cached
from runbook.ollama.answers import LOADED_WITHIN_S

# What looking up a loaded model may take against the time it took just before: a busy machine is slow in bursts.
SLOWER, LATER_S = 2.0, 0.3


@dataclass(frozen=True)
class TimedRun:
    """A run that counts.

    Attributes:
        decode_tokens_per_second: Tokens after the first, by the server's time, which leaves out sampling.
        wall_tokens_per_second: The same tokens by our clock, from the first byte to the last: what a consumer sees.
        prompt_tokens_per_second: The prompt by the server's time; None where it did not say its length.
        prompt_tokens: Tokens of the prompt; None where the server did not say.
        output_tokens: Tokens generated.
        load_s: The server's time until the model was there, in seconds.
        first_byte_s: Our time from sending to the first byte, in seconds.
        wall_s: Our time from sending to the end, in seconds.
        server_s: The server's time for all of it, in seconds.
        prompt_s: The server's time for the prompt, in seconds.
        output_s: The server's time for the tokens after the first, in seconds.
        disturbed: Who else took CPU meanwhile; empty where nobody did, or where it was not watched.
    """

    decode_tokens_per_second: float
    wall_tokens_per_second: float | None
    prompt_tokens_per_second: float | None
    prompt_tokens: int | None
    output_tokens: int
    load_s: float
    first_byte_s: float
    wall_s: float
    server_s: float = 0.0
    prompt_s: float = 0.0
    output_s: float = 0.0
    disturbed: str = ""


@dataclass(frozen=True)
class InvalidRun:
    """A run that does not count.

    Attributes:
        reason: Why, with the figure that shows it.
    """

    reason: str


def reload_threshold_s(looking_up_s: float) -> float:
    """The load time above which a run includes a load, in seconds.

    Args:
        looking_up_s: What it took just before to find the model loaded, in seconds: 0.15 s on an idle machine, much
            more on a busy one.
    """
    return max(LOADED_WITHIN_S, SLOWER * looking_up_s + LATER_S)


def timed_run(answer: Answer, *, tokens: int, reload_above_s: float = LOADED_WITHIN_S) -> TimedRun | InvalidRun:
    """What a run measured, or why it does not count.

    Args:
        answer: The answer to a fresh prompt.
        tokens: How many tokens were asked for.
        reload_above_s: The load time from which on the model counts as loaded again, in seconds.
    """
    if answer.load_s > reload_above_s:
        return InvalidRun(f"includes a reload ({answer.load_s:.1f} s)")
    if was_cached(answer):
        return InvalidRun(prompt_rate(answer).reason)
    decode = decode_rate(answer)
    if decode.tokens_per_second is None or answer.output_tokens is None:
        return InvalidRun(f"decode speed unknown: {decode.reason}")
    if answer.output_tokens < tokens / 2:
        return InvalidRun(f"ended after {answer.output_tokens} of {tokens} tokens")
    answering_s = answer.wall_s - answer.first_byte_s
    return TimedRun(
        decode_tokens_per_second=decode.tokens_per_second,
        wall_tokens_per_second=(answer.output_tokens - 1) / answering_s if answering_s > 0 else None,
        prompt_tokens_per_second=prompt_rate(answer).tokens_per_second,
        prompt_tokens=answer.prompt_tokens,
        output_tokens=answer.output_tokens,
        load_s=answer.load_s,
        first_byte_s=answer.first_byte_s,
        wall_s=answer.wall_s,
        server_s=answer.total_s,
        prompt_s=answer.prompt_s,
        output_s=answer.output_s,
    )
