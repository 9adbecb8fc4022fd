"""Causes of the image: it cannot be pulled, by the registry's or the network's own words."""

from __future__ import annotations

from runbook.kubernetes.known import Diagnosis, Known, recognise
from runbook.kubernetes.workload import Workload, container_statuses

WAITING = frozenset({"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError"})
NETWORK_PATIENCE_S = 120.0
# A pull that is under way for longer is worth a word.
SLOW_AFTER_S = 15.0

# The code word in front of these texts changes with the runtime, so none is anchored on it.
PULL: tuple[Known, ...] = (
    Known(
        "D39",
        "Image",
        r"ErrImageNeverPull|pull policy of Never",
        "The image {image} is not on the node, and the pod forbids pulling it.",
        "Import it on the node, or set imagePullPolicy to IfNotPresent.",
    ),
    Known(
        "D39",
        "Image",
        r"InvalidImageName|invalid reference format",
        "{image} is not the name of an image.",
        "Correct `image` in the target: registry/repository:tag.",
    ),
    Known(
        "D38",
        "Image",
        r"429 Too Many Requests|toomanyrequests",
        "The registry of {image} lets this address pull no more for now.",
        "Wait, each try counts; or log in to the registry, use a mirror, or import the image on the node.",
        patience_s=None,
    ),
    Known(
        "D35",
        "Image",
        r"no match for platform in manifest",
        "The image {image} does not exist for the CPU of this node{architecture}.",
        "Choose an image or tag that is built for it.",
    ),
    Known(
        "D36",
        "Image",
        r"x509: (?P<why>[^\n]+)",
        "The node does not trust the registry of {image}: {why}",
        "Give the node's container runtime the registry's CA; a certificate that is not yet valid points at the "
        "node's clock.",
    ),
    Known(
        "D36",
        "Image",
        r"server gave HTTP response to HTTPS client",
        "The registry of {image} speaks plain HTTP, and the node expects TLS.",
        "Allow plain HTTP for it in the node's container runtime, or give the registry a certificate.",
    ),
    Known(
        "D34",
        "Image",
        r"pull access denied|insufficient_scope|401 Unauthorized|403 Forbidden|failed to fetch anonymous token",
        "The registry does not give out {image}: it does not exist there, or it is private.",
        "Check the name in the target; for a private image create a pull secret in the namespace {namespace}.",
    ),
    Known(
        "D33",
        "Image",
        r"not found|manifest unknown|NAME_UNKNOWN",
        "The image {image} does not exist in its registry.",
        "Correct `image` in the target: the tag or the repository is wrong.",
    ),
    Known(
        "D37",
        "Image",
        r"lookup (?P<host>\S+?)(?: on (?P<dns>\S+))?: (?P<why>[^\n\"]+)",
        "The node cannot resolve the registry's name {host}: {why}",
        "Mend the node's own DNS, which is not the cluster's; or import the image on the node.",
        NETWORK_PATIENCE_S,
    ),
    Known(
        "D37",
        "Image",
        r"(?P<why>i/o timeout|connection refused|no route to host|network is unreachable|TLS handshake timeout)",
        "The node cannot reach the registry of {image}: {why}.",
        "Mend the node's network or proxy, or import the image on the node.",
        NETWORK_PATIENCE_S,
    ),
    Known(
        "D39",
        "Image",
        r"no space left on device",
        "The node has no room for the image {image}.",
        "Free space on the node: `kubectl describe node` shows DiskPressure; unused images go first.",
        NETWORK_PATIENCE_S,
    ),
)


def is_not_pulled(workload: Workload) -> Diagnosis | None:
    """D33 to D39: a container waits for its image."""
    for status in container_statuses(workload.pod):
        waiting = (status.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in WAITING:
            return _failed(workload, status.get("image", "?"), waiting)
    return _slow(workload)


def _failed(workload: Workload, image: str, waiting: dict[str, str]) -> Diagnosis:
    """The pull error; while the kubelet pauses between tries it stands in the state or in the last event."""
    reason, message = waiting["reason"], waiting.get("message", "")
    pulls = [event for event in workload.events(workload.pod, "Failed") if "ailed to pull image" in event.message]
    texts = [(f"{reason}: {message}", f"{reason}: {message}"), *((event.message, str(event)) for event in pulls[:1])]
    facts = {"image": image, "namespace": workload.namespace, "architecture": _architecture(workload)}
    for text, evidence in texts:
        if found := recognise(PULL, text, evidence=evidence, **facts):
            return found
    return Diagnosis(
        "D37",
        "Image",
        f"The image {image} cannot be pulled.",
        texts[-1][1],
        "Mend what the message names; `kubectl describe pod` shows every try.",
        NETWORK_PATIENCE_S,
    )


def _slow(workload: Workload) -> Diagnosis | None:
    """D39: the pull has begun and not ended; slow is not failed."""
    latest = workload.events(workload.pod, "Pulling", "Pulled", "Failed", "BackOff")
    if not latest or latest[0].reason != "Pulling" or latest[0].age_s < SLOW_AFTER_S:
        return None
    return Diagnosis(
        "D39",
        "Image",
        f"The image is still being pulled, for {latest[0].age_s:.0f} s so far.",
        str(latest[0]),
        "Wait: some 2 GB at the speed of the node's line. A pull without progress ends by itself after 5 minutes.",
        patience_s=None,
    )


def _architecture(workload: Workload) -> str:
    info = ((workload.node or {}).get("status") or {}).get("nodeInfo") or {}
    return f" ({info['architecture']})" if info.get("architecture") else ""
