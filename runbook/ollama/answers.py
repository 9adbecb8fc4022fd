"""An answer: what a model said, and how long the server and we say it took.

The server's own durations leave something out (sampling, the grammar, the way), so both are kept. An answer exists
only whole: a stream without its last line is a failure, whatever had arrived by then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from runbook.ollama.stream import StreamFault

# The server gives up when it has seen one token, spaces aside, more often than this in a row.
REPEATS_UNTIL_STOPPED = 30

# A prompt that lies in the cache costs about one step of decoding, since one token is always evaluated; with noise
# up to three. A CPU reads eight to fifteen tokens in the time of a step, so a prompt that was read takes far more.
CACHED_STEPS = 3.0
CACHED_FROM_TOKENS = 128
# Where the answer is too short to know a step: no CPU reads a prompt at this rate.
IMPOSSIBLE_TOKENS_PER_SECOND = 10_000.0

# A loaded model costs about 0.2 s of looking up, a small one 0.9 s of loading.
LOADED_WITHIN_S = 0.5


@dataclass(frozen=True)
class Rate:
    """A speed, or why there is none.

    Attributes:
        tokens_per_second: The speed; None where it is undefined or not to be believed.
        reason: Why it is None; empty otherwise.
    """

    tokens_per_second: float | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A whole answer of a model.

    Attributes:
        text: The response, as the consumer reads it.
        thinking: What went to the thinking field instead.
        done_reason: `stop` (the model ended), `length` (it was cut at `num_predict`), `load`, `unload`.
        prompt_tokens: Tokens of the prompt, those in the cache included; None where the server does not say.
        output_tokens: Tokens generated, the first and the last included; None where the server does not say.
        prompt_s: The server's time for the prompt, in seconds.
        output_s: The server's time for the tokens after the first, without sampling, in seconds.
        load_s: The server's time until the model was there, in seconds; some 0.2 s even where it was loaded.
        total_s: The server's time for all, in seconds.
        first_byte_s: Our time from sending to the first line of the answer, in seconds.
        wall_s: Our time from sending to the last line, in seconds.
    """

    text: str
    thinking: str = ""
    done_reason: str = ""
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    prompt_s: float = 0.0
    output_s: float = 0.0
    load_s: float = 0.0
    total_s: float = 0.0
    first_byte_s: float = 0.0
    wall_s: float = 0.0

    @property
    def decode_tokens_per_second(self) -> float | None:
        """Tokens after the first per second of the server's decoding; None where that is undefined."""
        return decode_rate(self).tokens_per_second

    @property
    def prompt_tokens_per_second(self) -> float | None:
        """Tokens of the prompt per second; None where that is undefined or the prompt was cached."""
        return prompt_rate(self).tokens_per_second

    @property
    def includes_load(self) -> bool:
        """Whether the model had to be loaded, or loaded again, for this answer."""
        return self.load_s > LOADED_WITHIN_S


def decode_rate(answer: Answer) -> Rate:
    """The speed of decoding: the first token belongs to the prompt's time, so N tokens are N - 1 steps."""
    if answer.output_tokens is None:
        return Rate(None, "the server did not say how many tokens it generated")
    if answer.output_tokens < 2:
        return Rate(None, "one token has no time between tokens")
    if answer.output_s <= 0:
        return Rate(None, "the server reports no time for decoding")
    return Rate((answer.output_tokens - 1) / answer.output_s)


def prompt_rate(answer: Answer) -> Rate:
    """The speed of reading the prompt, unless it was not read but found in the cache."""
    if not answer.prompt_tokens:
        return Rate(None, "the server did not say how many tokens the prompt has")
    if answer.prompt_s <= 0:
        return Rate(None, "the server reports no time for the prompt")
    if was_cached(answer):
        return Rate(None, f"the prompt was cached: {answer.prompt_tokens:,} tokens in {1000 * answer.prompt_s:.0f} ms")
    return Rate(answer.prompt_tokens / answer.prompt_s)


def was_cached(answer: Answer) -> bool:
    """Whether the prompt was taken whole from the cache; a part taken from it cannot be seen."""
    if not answer.prompt_tokens or answer.prompt_s <= 0:
        return False
    if answer.prompt_tokens / answer.prompt_s > IMPOSSIBLE_TOKENS_PER_SECOND:
        return True
    decode = answer.decode_tokens_per_second
    if decode is None or answer.prompt_tokens < CACHED_FROM_TOKENS:
        return False
    return answer.prompt_s < CACHED_STEPS / decode


class Collector:
    """Puts an answer together from the lines of its stream.

    Args:
        clock: The time in seconds; tests have their own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sent_at = clock()
        self._first_at: float | None = None
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._token = ""
        self._repeats = 0
        self._last: Mapping[str, Any] | None = None

    @property
    def elapsed_s(self) -> float:
        """The time since the request was sent."""
        return self._clock() - self._sent_at

    @property
    def received_characters(self) -> int:
        """The characters that have come so far."""
        return sum(map(len, self._text)) + sum(map(len, self._thinking))

    def add(self, event: Mapping[str, Any]) -> str:
        """Take in one line; return what it adds to the text."""
        if self._first_at is None:
            self._first_at = self._clock()
        text, thinking = event.get("response") or "", event.get("thinking") or ""
        if text:
            self._text.append(text)
        if thinking:
            self._thinking.append(thinking)
        if event.get("done"):
            self._last = event
        else:
            self._count(text + thinking)
        return str(text)

    def whole(self) -> Answer:
        """The answer.

        Raises:
            StreamFault: The stream ended without the line that says the answer is whole.
        """
        last = self._last
        if last is None and self._repeats >= REPEATS_UNTIL_STOPPED:
            raise StreamFault("repeated", f"{self._token!r} came {self._repeats + 1} times in a row")
        if last is None:
            raise StreamFault("unfinished", "the stream ended without a line that says done")
        return Answer(
            text="".join(self._text),
            thinking="".join(self._thinking),
            done_reason=str(last.get("done_reason") or ""),
            prompt_tokens=last.get("prompt_eval_count"),
            output_tokens=last.get("eval_count"),
            prompt_s=_seconds(last, "prompt_eval_duration"),
            output_s=_seconds(last, "eval_duration"),
            load_s=_seconds(last, "load_duration"),
            total_s=_seconds(last, "total_duration"),
            first_byte_s=self.elapsed_s if self._first_at is None else self._first_at - self._sent_at,
            wall_s=self.elapsed_s,
        )

    def _count(self, piece: str) -> None:
        """Count repeated tokens as the server does, to know why it stopped."""
        token = piece.strip()
        self._repeats = self._repeats + 1 if token == self._token else 0
        self._token = token


def _seconds(event: Mapping[str, Any], key: str) -> float:
    return float(event.get(key) or 0) / 1e9
