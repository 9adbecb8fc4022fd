"""The volume that Ollama's models lie on, as the pod itself sees it: what is free, and what broken pulls have left."""

from __future__ import annotations

from dataclasses import dataclass

from runbook.errors import ClusterError
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.pods import exec_in_pod

# The folder need not be there before the first pull; its parent then tells the same.
SCRIPT = (
    'cd "${OLLAMA_MODELS:-$HOME/.ollama/models}" 2>/dev/null || cd "${HOME:-/}"; '
    "df -P -k .; du -k blobs/*-partial 2>/dev/null; true"
)


@dataclass(frozen=True)
class Volume:
    """The volume of the models.

    Attributes:
        size_bytes: Its size.
        free_bytes: What an ordinary user may still write.
        partial_bytes: What broken pulls have left, which a new pull goes on from.
    """

    size_bytes: int
    free_bytes: int
    partial_bytes: int = 0


def model_volume(cluster: Cluster, namespace: str, pod: str) -> Volume | None:
    """The volume of the models of a pod; None where its image has no `df`."""
    try:
        return parse_volume(exec_in_pod(cluster, namespace, pod, ["sh", "-c", SCRIPT]))
    except ClusterError:
        return None


def parse_volume(text: str) -> Volume | None:
    """The volume from what `df -P -k` prints, then `du -k` of the parts of broken pulls; None if it is neither.

    The parts are sparse files of full length, so only the blocks they take say what has arrived.
    """
    rows = [line.split() for line in text.splitlines()]
    at = next((number for number, row in enumerate(rows) if len(row) >= 6 and row[1].isdigit()), None)
    if at is None or not rows[at][3].isdigit():
        return None
    partial = sum(int(row[0]) for row in rows[at + 1 :] if row and row[0].isdigit())
    return Volume(1024 * int(rows[at][1]), 1024 * int(rows[at][3]), 1024 * partial)
