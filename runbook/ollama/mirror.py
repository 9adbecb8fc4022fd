"""Filling a mirror from what a server has, so that a rebuild needs no internet.

Ollama pushes to the registry in a model's name, so the model gets a second name for as long as that takes. It sends
the manifest it holds: what is pulled from the mirror later has the same digest.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from runbook.errors import OllamaError, PullFailed
from runbook.ollama.client import Ollama
from runbook.ollama.names import mirror_name
from runbook.ollama.progress import Account, PullProgress
from runbook.ollama.pull import tried
from runbook.ollama.pull_causes import pull_failed
from runbook.ollama.stored import StoredModel, find_stored
from runbook.ollama.stream import StreamFault
from runbook.ollama.transfer import Patience, Transfer


@dataclass(frozen=True)
class Mirrored:
    """A model that is on a mirror.

    Attributes:
        name: Its short name.
        mirrored_as: Its name with the mirror.
        digest: SHA-256 of its manifest, which it has on every server that pulls it from there.
        size_bytes: All its layers together.
        attempts: How often the server was asked to push.
        seconds: The time it took by our clock.
    """

    name: str
    mirrored_as: str
    digest: str
    size_bytes: int
    attempts: int
    seconds: float


def mirror_model(
    ollama: Ollama,
    name: str,
    registry: str,
    *,
    insecure: bool = False,
    timeout_s: float = 3600.0,
    on_progress: Callable[[PullProgress], None] | None = None,
    patience: Patience | None = None,
) -> Mirrored:
    """Put a model of the server onto a mirror; layers that the mirror has are not sent again.

    Args:
        ollama: The server.
        name: The model's short name.
        registry: The mirror as `host:port/folder`, as the server reaches it.
        insecure: Whether it speaks plain HTTP.
        timeout_s: The longest wait for all attempts together, in seconds.
        on_progress: Called with every line of the server.
        patience: How often to try; None takes the default.

    Raises:
        OllamaError: The server does not have the model.
        PullFailed: It did not get there: for a reason that no further attempt mends, or after all of them.
        OllamaUnreachable: The server itself does not answer, after all attempts.
    """
    started = time.monotonic()
    stored = ollama.tags()
    model = _held(name, stored)
    there = mirror_name(registry, name)
    account = Account(model.size_bytes)
    transfer = Transfer(
        ollama=ollama,
        endpoint="/api/push",
        name=there,
        insecure=insecure,
        deadline=started + timeout_s,
        account=account,
        patience=patience or Patience(),
        on_progress=on_progress,
    )

    def given_up(fault: StreamFault, attempts: int) -> PullFailed:
        return pull_failed(there, fault, tried(attempts, account.completed_bytes), verb="pushed")

    ollama.copy(name, there)
    try:
        attempts = transfer.until_done(given_up)
    finally:
        if find_stored(there, stored) is None:
            # The failure itself is worth more than that a second name stays.
            with suppress(OllamaError):
                ollama.delete(there)
    return Mirrored(model.name, there, model.digest, model.size_bytes, attempts, time.monotonic() - started)


def _held(name: str, stored: tuple[StoredModel, ...]) -> StoredModel:
    found = find_stored(name, stored)
    if found is None:
        raise OllamaError(
            f"{name} cannot be mirrored: the server does not have it.",
            why=f"it has {', '.join(one.name for one in stored) or 'none'}",
            next="Run 04_pull, or `runbook pull`.",
        )
    return found
