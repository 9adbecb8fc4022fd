"""Bringing a model onto the server: looked for first, tried again where that can help, counted.

A model that is present needs no network: Ollama itself would ask the registry for the manifest even then. From a
mirror the model arrives under a long name; it is given its short one, and the long one goes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from runbook.errors import OllamaUnreachable, PullFailed
from runbook.ollama.client import Ollama
from runbook.ollama.names import mirror_name
from runbook.ollama.progress import Account, PullProgress, follow
from runbook.ollama.pull_causes import pull_cause, pull_failed
from runbook.ollama.stored import StoredModel, find_stored
from runbook.ollama.stream import StreamFault


@dataclass(frozen=True)
class Patience:
    """How often and how long to try.

    Attributes:
        tries: Attempts in a row that bring nothing new before we give up.
        first_wait_s: The wait after the first failure, in seconds; each further one is twice as long.
        longest_wait_s: The longest wait, in seconds.
        stall_s: How long a download may stand still before it is begun again, in seconds. The server itself waits
            for ever.
    """

    tries: int = 5
    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0
    stall_s: float = 120.0

    def wait_s(self, fruitless: int) -> float:
        """The wait after so many attempts in a row that brought nothing, in seconds."""
        return min(self.longest_wait_s, self.first_wait_s * 2.0 ** max(0, fruitless - 1))


@dataclass(frozen=True)
class Pulled:
    """A model that is on the server.

    Attributes:
        name: Its short name.
        digest: SHA-256 of its manifest.
        size_bytes: All its layers together.
        bytes_transferred: Bytes that arrived while we watched: 0 where it was present, and without what an earlier
            pull had left.
        attempts: How often the server was asked to pull: 0 where it was present.
        seconds: The time it took by our clock.
        already_present: Whether nothing had to be done.
    """

    name: str
    digest: str
    size_bytes: int
    bytes_transferred: int
    attempts: int
    seconds: float
    already_present: bool


def pull_model(
    ollama: Ollama,
    name: str,
    *,
    registry: str | None = None,
    insecure: bool = False,
    timeout_s: float = 3600.0,
    on_progress: Callable[[PullProgress], None] | None = None,
    expected_bytes: int = 0,
    patience: Patience | None = None,
) -> Pulled:
    """Bring a model onto the server, or find it there.

    Args:
        ollama: The server.
        name: The model's short name.
        registry: A mirror as `host:port/folder`; None for Ollama's own registry.
        insecure: Whether that registry speaks plain HTTP.
        timeout_s: The longest wait for all attempts together, in seconds.
        on_progress: Called with every line of the server.
        expected_bytes: The model's size, where it is known, for the percentage.
        patience: How often to try; None takes the default.

    Raises:
        PullFailed: It did not arrive: for a reason that no further attempt mends, or after all of them.
        OllamaUnreachable: The server itself does not answer, after all attempts.
    """
    started = time.monotonic()
    stored = ollama.tags()
    present = find_stored(name, stored)
    if present:
        return _pulled(present, 0, 0, time.monotonic() - started)
    source = mirror_name(registry, name) if registry else name
    account = Account(expected_bytes)
    pull = _Pull(ollama, source, insecure, started + timeout_s, account, on_progress, patience or Patience())
    attempts = pull.until_done() if find_stored(source, stored) is None else 0
    if source != name:
        _rename(ollama, source, name)
    arrived = _listed(ollama, name)
    return _pulled(arrived, account.arrived_bytes, attempts, time.monotonic() - started)


@dataclass(frozen=True)
class _Pull:
    """One model on its way, over as many attempts as it takes."""

    ollama: Ollama
    source: str
    insecure: bool
    deadline: float
    account: Account
    on_progress: Callable[[PullProgress], None] | None
    patience: Patience

    def until_done(self) -> int:
        """Pull until it succeeds, and return the number of attempts.

        Raises:
            PullFailed: A further attempt cannot help, or there is no patience or time left.
            OllamaUnreachable: The server stayed away.
        """
        attempts = fruitless = 0
        while True:
            attempts += 1
            before = self.account.completed_bytes
            try:
                self._once()
                return attempts
            except (StreamFault, OllamaUnreachable) as failure:
                fruitless = 0 if self.account.completed_bytes > before else fruitless + 1
                if not self._again(failure, fruitless):
                    raise _given_up(self.source, failure, attempts, self.account.arrived_bytes) from failure

    def _again(self, failure: StreamFault | OllamaUnreachable, fruitless: int) -> bool:
        """Wait for the next attempt, unless it cannot help or cannot end in time."""
        wait_s = self.patience.wait_s(fruitless)
        hopeless = isinstance(failure, StreamFault) and not pull_cause(failure).retry
        if hopeless or fruitless >= self.patience.tries or time.monotonic() + wait_s > self.deadline:
            return False
        self._show(self.account.add({"status": f"waiting {wait_s:g} s after: {str(failure).splitlines()[0]}"}))
        time.sleep(wait_s)
        return True

    def _once(self) -> None:
        """Ask the server to pull, and watch.

        Raises:
            StreamFault: It failed, stood still, or did not end in time.
        """
        moved_at, state = time.monotonic(), ("", 0)
        events = self.ollama.stream("/api/pull", {"model": self.source, "insecure": self.insecure})
        for progress in follow(events, self.account):
            self._show(progress)
            if self.account.succeeded:
                return
            now = time.monotonic()
            if (progress.status, progress.all_completed_bytes) != state:
                moved_at, state = now, (progress.status, progress.all_completed_bytes)
            if now > self.deadline:
                raise StreamFault("late", "the time for this pull is over")
            if now - moved_at > self.patience.stall_s:
                raise StreamFault("stalled", f"stalled: nothing new for {self.patience.stall_s:g} s")
        raise StreamFault("unfinished", "the stream ended without success")

    def _show(self, progress: PullProgress) -> None:
        if self.on_progress:
            self.on_progress(progress)


def _pulled(model: StoredModel, bytes_transferred: int, attempts: int, seconds: float) -> Pulled:
    """The result for a model that is listed: present already where nobody had to ask for it."""
    return Pulled(model.name, model.digest, model.size_bytes, bytes_transferred, attempts, seconds, attempts == 0)


def _given_up(source: str, failure: StreamFault | OllamaUnreachable, attempts: int, arrived: int) -> Exception:
    """The error of a pull that is not tried again."""
    if isinstance(failure, OllamaUnreachable):
        return OllamaUnreachable(failure.what, why=f"{failure.why} (attempt {attempts})", next=failure.next)
    plural = "s" if attempts > 1 else ""
    return pull_failed(source, failure, f"after {attempts} attempt{plural} and {arrived:,} bytes")


def _rename(ollama: Ollama, source: str, name: str) -> None:
    """Give what came from a mirror its short name. Without the short name the long one stays, so nothing is lost."""
    ollama.copy(source, name)
    if find_stored(name, ollama.tags()) is not None:
        ollama.delete(source)


def _listed(ollama: Ollama, name: str) -> StoredModel:
    """The model as the server lists it.

    Raises:
        PullFailed: It does not list it.
    """
    found = find_stored(name, ollama.tags())
    if found is None:
        raise PullFailed(
            f"{name} is not among the server's models although the pull ended in success.",
            why="/api/tags does not list it",
            next="Look at the server's log, and whether OLLAMA_MODELS lies on the claim.",
        )
    return found
