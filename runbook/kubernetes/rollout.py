"""Waiting for a rollout: what it waits for as it goes, and why it failed as soon as that is certain."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from runbook.errors import ClusterError, ClusterUnreachable, RolloutFailed
from runbook.kubernetes.api import Json, Refusal
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.diagnosis import judge, stage
from runbook.kubernetes.known import Diagnosis
from runbook.kubernetes.workload import Workload, container_statuses

POLL_S = 0.5
# A wait in which nothing changes still says so.
REPEAT_S = 10.0


@dataclass(frozen=True)
class Rollout:
    """A Deployment whose newest revision is available.

    Attributes:
        seconds: How long it was waited for.
        pod: Name of its pod.
        node: Node the pod runs on.
        image: Image as the manifest names it.
        image_id: Image as the node knows it, with its digest.
    """

    seconds: float
    pod: str
    node: str
    image: str
    image_id: str


def wait_for_rollout(
    cluster: Cluster,
    namespace: str,
    deployment: str,
    timeout_s: float,
    on_progress: Callable[[str], None] | None = None,
) -> Rollout:
    """Wait until the newest revision of a Deployment is available.

    Args:
        cluster: The cluster.
        namespace: Namespace of the Deployment.
        deployment: Its name.
        timeout_s: Longest wait, in seconds.
        on_progress: Told what is waited for, at each change and every ten seconds.

    Raises:
        RolloutFailed: It cannot succeed by itself, or did not in time; with the one root cause.
        ClusterUnreachable: The API server stayed away until the time was over.
        Refusal: The login may not read the Deployment, its ReplicaSets or its pods.
    """
    started = time.monotonic()
    progress = _Progress(on_progress or (lambda _: None), started)
    suspect: tuple[str, float] = ("", started)
    while True:
        elapsed = time.monotonic() - started
        try:
            workload = Workload(cluster, namespace, deployment)
            found = judge(workload)
        except (ClusterUnreachable, Refusal) as trouble:
            if elapsed >= timeout_s or not _passes(trouble):
                raise
            progress.say(f"the API server does not answer: {trouble.why}")
        else:
            if found is None:
                return _rollout(workload, time.monotonic() - started)
            suspect = suspect if suspect[0] == found.id else (found.id, time.monotonic())
            lasted = time.monotonic() - suspect[1]
            if found.patience_s is not None and lasted >= found.patience_s:
                raise _failed(deployment, elapsed, found, timed_out=False)
            if elapsed >= timeout_s:
                raise _failed(deployment, elapsed, found, timed_out=True)
            progress.say(found.cause if found.id != "D00" else stage(workload))
        time.sleep(POLL_S)


def _passes(trouble: ClusterError) -> bool:
    """Whether to ask again: a server that restarts comes back, and the rollout goes on without it."""
    return not isinstance(trouble, Refusal) or trouble.code == 429 or trouble.code >= 500


class _Progress:
    """Says a thing when it is new, and again when it has stayed the same for a while."""

    def __init__(self, tell: Callable[[str], None], started: float) -> None:
        self._tell = tell
        self._started = started
        self._said = ""
        self._at = started

    def say(self, text: str) -> None:
        now = time.monotonic()
        if text != self._said or now - self._at >= REPEAT_S:
            self._tell(f"{text} ({now - self._started:.0f} s)")
            self._said, self._at = text, now


def _failed(deployment: str, elapsed: float, found: Diagnosis, *, timed_out: bool) -> RolloutFailed:
    when = (
        f"did not become ready in {elapsed:.0f} s" if timed_out else f"cannot become ready (seen after {elapsed:.0f} s)"
    )
    return RolloutFailed(
        f"Deployment {deployment} {when}. {found.cause}",
        why=found.evidence,
        next=f"{found.remedy} See 91_troubleshoot, section {found.section}.",
        cause=found.id,
    )


def _rollout(workload: Workload, seconds: float) -> Rollout:
    pod: Json = workload.pod or {"metadata": {"name": ""}, "spec": {}}
    statuses = container_statuses(pod)
    containers = pod["spec"].get("containers") or [{}]
    return Rollout(
        seconds,
        pod["metadata"]["name"],
        pod["spec"].get("nodeName", ""),
        containers[0].get("image", ""),
        statuses[-1].get("imageID", "") if statuses else "",
    )
