"""Bringing a model onto the server: looked for first, tried again where that can help, counted.

A model that is present needs no network: Ollama itself would ask the registry for the manifest even then. From a
mirror the model arrives under a long name; it is given its short one, and the long one goes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from runbook.errors import PullFailed
from runbook.ollama.client import Ollama
from runbook.ollama.names import mirror_name
from runbook.ollama.progress import Account, PullProgress
from runbook.ollama.pull_causes import pull_failed
from runbook.ollama.stored import StoredModel, find_stored
from runbook.ollama.stream import StreamFault
from runbook.ollama.transfer import Patience, Transfer


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
    free_bytes: int | None = None,
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
        free_bytes: What the volume has free, where it is known: a pull that cannot fit is refused when the server
            has named the layer that is too large, and not when the volume is full.
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
    transfer = Transfer(
        ollama=ollama,
        endpoint="/api/pull",
        name=source,
        insecure=insecure,
        deadline=started + timeout_s,
        account=account,
        patience=patience or Patience(),
        on_progress=on_progress,
        free_bytes=free_bytes,
    )

    def given_up(fault: StreamFault, attempts: int) -> PullFailed:
        return pull_failed(source, fault, tried(attempts, account.arrived_bytes))

    attempts = transfer.until_done(given_up) if find_stored(source, stored) is None else 0
    if source != name:
        _rename(ollama, source, name)
    arrived = _listed(ollama, name)
    return _pulled(arrived, account.arrived_bytes, attempts, time.monotonic() - started)


def _pulled(model: StoredModel, bytes_transferred: int, attempts: int, seconds: float) -> Pulled:
    """The result for a model that is listed: present already where nobody had to ask for it."""
    return Pulled(model.name, model.digest, model.size_bytes, bytes_transferred, attempts, seconds, attempts == 0)


def tried(attempts: int, arrived_bytes: int) -> str:
    """What had been tried, as a clause of an error."""
    return f"after {attempts} attempt{'s' if attempts > 1 else ''} and {arrived_bytes:,} bytes"


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
