"""A model on its way to or from a registry: watched, tried again where that can help, given up where it cannot.

Ollama fetches a large layer in up to 16 parts at once, and writes down how far a part is only when the part ends or
the pull is broken off. A pod that is killed would lose what had arrived of all of them. So a long pull is broken off
now and then on purpose, and goes on at once: see `Patience.checkpoint_s`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from runbook.errors import OllamaUnreachable
from runbook.ollama.client import Ollama
from runbook.ollama.progress import Account, PullProgress, follow
from runbook.ollama.pull_causes import AWAY, pull_cause
from runbook.ollama.room import room_words
from runbook.ollama.stream import StreamFault

# A server that has just been left needs a moment before it takes up the same layer again.
SETTLING_S = 0.3

Endpoint = Literal["/api/pull", "/api/push"]
OnProgress = Callable[[PullProgress], None]


@dataclass(frozen=True)
class Patience:
    """How often and how long to try.

    Attributes:
        tries: Attempts in a row that bring nothing new before we give up.
        first_wait_s: The wait after the first failure, in seconds; each further one is twice as long.
        longest_wait_s: The longest wait, in seconds.
        stall_s: How long a download may stand still before it is begun again, in seconds. The server itself waits
            for ever.
        away_s: How long the server itself may be away, in seconds, while its pod is replaced: such attempts do not
            count among `tries`.
        checkpoint_s: How often the server is made to write down how far a download is, in seconds: what a killed pod
            loses is less than what arrived in that time.
    """

    tries: int = 5
    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0
    stall_s: float = 120.0
    away_s: float = 300.0
    checkpoint_s: float = 60.0

    def wait_s(self, fruitless: int) -> float:
        """The wait after so many attempts in a row that brought nothing, in seconds."""
        return min(self.longest_wait_s, self.first_wait_s * 2.0 ** max(0, fruitless - 1))


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One model on its way, over as many attempts as it takes.

    Attributes:
        ollama: The server.
        endpoint: Which way.
        name: The model, with its registry.
        insecure: Whether the registry speaks plain HTTP.
        deadline: When to give up, by the monotonic clock, in seconds.
        account: What has been transferred.
        patience: How often to try.
        on_progress: Called with every line of the server.
        free_bytes: What the volume had free; None where it is not known or does not matter.
    """

    ollama: Ollama
    endpoint: Endpoint
    name: str
    insecure: bool
    deadline: float
    account: Account
    patience: Patience
    on_progress: OnProgress | None = None
    free_bytes: int | None = None

    def until_done(self, given_up: Callable[[StreamFault, int], Exception]) -> int:
        """Transfer until it succeeds, and return the number of attempts.

        Args:
            given_up: Makes the error of the last fault and the number of attempts.

        Raises:
            Exception: That error, where a further attempt cannot help, or there is no patience or time left.
            OllamaUnreachable: The server stayed away.
        """
        attempts, luck = 0, _Luck(self.patience)
        while True:
            attempts += 1
            before = self.account.completed_bytes
            try:
                while not self._once():
                    time.sleep(SETTLING_S)
                return attempts
            except (StreamFault, OllamaUnreachable) as failure:
                wait_s = luck.wait_s(failure, moved=self.account.completed_bytes > before)
                if wait_s is None or time.monotonic() + wait_s > self.deadline:
                    if isinstance(failure, StreamFault):
                        raise given_up(failure, attempts) from failure
                    why = f"{failure.why} (attempt {attempts})"
                    raise OllamaUnreachable(failure.what, why=why, next=failure.next) from failure
                self._show(self.account.add({"status": f"waiting {wait_s:g} s after: {str(failure).splitlines()[0]}"}))
                time.sleep(wait_s)

    def _once(self) -> bool:
        """Ask the server, and watch; False where it was broken off to make it write down how far it is.

        Raises:
            StreamFault: It failed, stood still, cannot fit, or did not end in time.
        """
        began = moved_at = time.monotonic()
        before, state = self.account.completed_bytes, ("", 0)
        with closing(self.ollama.stream(self.endpoint, {"model": self.name, "insecure": self.insecure})) as events:
            for progress in follow(events, self.account):
                self._show(progress)
                if self.account.succeeded:
                    return True
                now = time.monotonic()
                if (progress.status, progress.all_completed_bytes) != state:
                    moved_at, state = now, (progress.status, progress.all_completed_bytes)
                self._judge(now, moved_at)
                is_long = now - began > self.patience.checkpoint_s and self.endpoint == "/api/pull"
                if is_long and progress.is_on_its_way and progress.all_completed_bytes > before:
                    return False
        raise StreamFault("unfinished", "the stream ended without success")

    def _judge(self, now: float, moved_at: float) -> None:
        """Return if it is of use to wait on.

        Raises:
            StreamFault: It is not.
        """
        if now > self.deadline:
            raise StreamFault("late", "the time for this is over")
        if now - moved_at > self.patience.stall_s:
            raise StreamFault("stalled", f"stalled: nothing new for {self.patience.stall_s:g} s")
        needed = self.account.needed_bytes
        if self.free_bytes is not None and needed > self.free_bytes:
            raise StreamFault("no room", room_words(needed, self.free_bytes))

    def _show(self, progress: PullProgress) -> None:
        if self.on_progress:
            self.on_progress(progress)


class _Luck:
    """Whether it is worth another attempt, by what became of those before."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._fruitless = 0
        self._away_since: float | None = None

    def wait_s(self, failure: StreamFault | OllamaUnreachable, *, moved: bool) -> float | None:
        """The wait before the next attempt, in seconds; None where a further one is of no use."""
        cause = pull_cause(failure) if isinstance(failure, StreamFault) else None
        if moved:
            self._fruitless, self._away_since = 0, None
        if cause is None or cause.name == AWAY:
            now = time.monotonic()
            self._away_since = self._away_since or now
            return self._patience.wait_s(2) if now - self._away_since < self._patience.away_s else None
        self._away_since = None
        self._fruitless += not moved
        if not cause.retry or self._fruitless >= self._patience.tries:
            return None
        return self._patience.wait_s(self._fruitless)
