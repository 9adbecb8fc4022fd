"""Long lists in pages: each object is cut down to what is kept as it arrives, so that no list is held whole.

A page is asked for by the token of the one before. The server forgets tokens after some minutes (410, reason
`Expired`); then the list begins anew, in one piece, which needs no token.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from runbook.kubernetes.api import Json, Refusal
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.kinds import KINDS

Kept = TypeVar("Kept")
PAGE: Final = 500
EXPIRED: Final = 410
TIMEOUT_S: Final = 60.0


def collect(cluster: Cluster, kind: str, keep: Callable[[Json], Kept], *, page: int = PAGE) -> list[Kept]:
    """What is kept of every object of a kind, in all namespaces.

    Args:
        cluster: Where.
        kind: Kind of the objects.
        keep: Makes of an object what is kept; it gets it as the API's list has it, without its kind.
        page: Objects asked for at a time.

    Raises:
        Refusal: The server answered with an error status.
        ClusterUnreachable: Nobody answered, or not in time.
    """
    try:
        return [keep(one) for one in _pages(cluster, kind, page)]
    except Refusal as refusal:
        if refusal.code != EXPIRED:
            raise
    return [keep(one) for one in _pages(cluster, kind, 0)]


def _pages(cluster: Cluster, kind: str, page: int) -> Iterator[Json]:
    query = {"limit": str(page)} if page else {}
    while True:
        reply = cluster.request("GET", KINDS[kind].path(), query=query, timeout_s=TIMEOUT_S)
        with _collector_at_rest():
            body = reply.body
        yield from body.get("items") or ()
        token = (body.get("metadata") or {}).get("continue")
        if not token:
            return
        query["continue"] = token


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Parsing makes many thousand objects and no cycle; each would bring a walk over all that is kept nearer."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
