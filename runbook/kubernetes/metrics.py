"""What pods and nodes use: the cgroup as the pod itself sees it, and the metrics API where there is one."""

from __future__ import annotations

from dataclasses import dataclass

from runbook.hardware import parse_quantity
from runbook.kubernetes.api import Json, Refusal
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.pods import exec_in_pod

# One round trip for both versions of cgroups: the files that exist, each under its name.
CGROUP_FILES = (
    "memory.current",
    "memory.max",
    "memory.peak",
    "memory.stat",
    "memory/memory.usage_in_bytes",
    "memory/memory.limit_in_bytes",
    "memory/memory.max_usage_in_bytes",
    "memory/memory.stat",
)
SCRIPT = (
    f"cd /sys/fs/cgroup; for f in {' '.join(CGROUP_FILES)}; do "
    'if [ -r "$f" ]; then echo "@ $f"; while read -r l; do echo "$l"; done < "$f"; fi; done'
)
# cgroup v1 states "no limit" as the largest number of pages that fits.
NO_LIMIT_BYTES = 1 << 62
# The aggregated API is not registered, or nobody serves it.
NO_METRICS = frozenset({404, 503})


@dataclass(frozen=True)
class MemoryUsage:
    """Memory of a pod's container, in bytes; None where the kernel does not say.

    Attributes:
        current_bytes: Everything that counts against the limit.
        limit_bytes: The limit, None where there is none.
        anon_bytes: Memory of the processes themselves, which cannot be taken back.
        file_bytes: Page cache.
        inactive_file_bytes: Page cache that the kernel takes back first.
        peak_bytes: The most it ever was.
    """

    current_bytes: int | None
    limit_bytes: int | None
    anon_bytes: int | None
    file_bytes: int | None
    inactive_file_bytes: int | None
    peak_bytes: int | None


@dataclass(frozen=True)
class PodMetrics:
    """What the metrics API reports of one container.

    Attributes:
        pod: Name of the pod.
        container: Name of the container.
        cpu_cores: CPU in use, in cores.
        memory_bytes: Working set, in bytes.
        measured_at: When, as an RFC 3339 timestamp.
    """

    pod: str
    container: str
    cpu_cores: float
    memory_bytes: int
    measured_at: str


def pod_memory(cluster: Cluster, namespace: str, pod: str) -> MemoryUsage:
    """Memory of a pod's first container as its own cgroup counts it.

    Raises:
        ClusterError: The pod does not run, or has no shell.
    """
    return parse_cgroup(exec_in_pod(cluster, namespace, pod, ["sh", "-c", SCRIPT]))


def parse_cgroup(text: str) -> MemoryUsage:
    """The usage from the files of a memory cgroup, version 1 or 2, each after a line `@ name`."""
    files = {
        name.strip(): content.strip()
        for name, _, content in (part.partition("\n") for part in f"\n{text}".split("\n@ ")[1:])
    }
    second = "memory.current" in files
    stat = dict(
        line.split()[:2] for line in files.get("memory.stat" if second else "memory/memory.stat", "").splitlines()
    )
    limit = _number(files.get("memory.max" if second else "memory/memory.limit_in_bytes"))
    return MemoryUsage(
        current_bytes=_number(files.get("memory.current" if second else "memory/memory.usage_in_bytes")),
        limit_bytes=None if limit is None or limit >= NO_LIMIT_BYTES else limit,
        anon_bytes=_number(stat.get("anon", stat.get("total_rss", stat.get("rss")))),
        file_bytes=_number(stat.get("file", stat.get("total_cache", stat.get("cache")))),
        inactive_file_bytes=_number(stat.get("total_inactive_file", stat.get("inactive_file"))),
        peak_bytes=_number(files.get("memory.peak" if second else "memory/memory.max_usage_in_bytes")),
    )


def pod_metrics(cluster: Cluster, namespace: str) -> tuple[PodMetrics, ...]:
    """What the metrics API reports of the containers of a namespace; empty where the cluster has none."""
    found = _metrics(cluster, "PodMetrics", namespace) or []
    return tuple(
        PodMetrics(
            pod["metadata"]["name"],
            container["name"],
            float(parse_quantity(container["usage"]["cpu"])),
            int(parse_quantity(container["usage"]["memory"])),
            pod.get("timestamp", ""),
        )
        for pod in found
        for container in pod.get("containers") or ()
    )


def node_metrics(cluster: Cluster) -> list[Json] | None:
    """What the metrics API reports of the nodes, as it does; None where the cluster has no such API."""
    return _metrics(cluster, "NodeMetrics")


def _metrics(cluster: Cluster, kind: str, namespace: str | None = None) -> list[Json] | None:
    try:
        return cluster.list(kind, namespace)
    except Refusal as refusal:
        if refusal.code in NO_METRICS or refusal.code == 403:
            return None
        raise


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
