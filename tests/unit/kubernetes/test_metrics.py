from __future__ import annotations

from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.metrics import MemoryUsage, node_metrics, parse_cgroup, pod_metrics

from .stub import Stub

SECOND = """@ memory.current
1500
@ memory.max
2000
@ memory.peak
1800
@ memory.stat
anon 700
file 600
inactive_file 500
"""
FIRST = """@ memory/memory.usage_in_bytes
1500
@ memory/memory.limit_in_bytes
9223372036854771712
@ memory/memory.max_usage_in_bytes
1800
@ memory/memory.stat
cache 1
rss 2
inactive_file 3
total_cache 600
total_rss 700
total_inactive_file 500
"""


def test_version_two_of_cgroups_is_read() -> None:
    assert parse_cgroup(SECOND) == MemoryUsage(1500, 2000, 700, 600, 500, 1800)


def test_version_one_of_cgroups_is_read_with_its_children_and_without_its_endless_limit() -> None:
    assert parse_cgroup(FIRST) == MemoryUsage(1500, None, 700, 600, 500, 1800)


def test_no_limit_of_version_two_is_none() -> None:
    assert parse_cgroup(SECOND.replace("2000", "max")).limit_bytes is None


def test_a_kernel_that_says_nothing_leaves_everything_unknown() -> None:
    assert parse_cgroup("") == MemoryUsage(None, None, None, None, None, None)


def test_a_cluster_without_the_metrics_api_has_no_metrics(cluster: Cluster) -> None:
    assert node_metrics(cluster) is None
    assert pod_metrics(cluster, "ai") == ()


def test_the_metrics_of_a_pod_are_cores_and_bytes(stub: Stub, cluster: Cluster) -> None:
    usage = {"name": "ollama", "usage": {"cpu": "1500000000n", "memory": "2048Ki"}}
    items = [{"metadata": {"name": "a"}, "timestamp": "2026-08-03T12:00:00Z", "containers": [usage]}]
    stub.answer("/apis/metrics.k8s.io/v1beta1/namespaces/ai/pods", 200, {"items": items})
    (metrics,) = pod_metrics(cluster, "ai")
    assert (metrics.cpu_cores, metrics.memory_bytes) == (1.5, 2 << 20)
