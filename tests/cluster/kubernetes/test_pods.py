from __future__ import annotations

import pytest

from runbook.errors import ClusterError
from runbook.kubernetes import Cluster, exec_in_pod, node_metrics, pod_memory, pod_metrics, run_once
from runbook.parameters import Parameters

from ..conftest import NewNamespace


@pytest.fixture
def pod(cluster: Cluster, deployed: Parameters) -> str:
    name: str = cluster.list("Pod", deployed.namespace, labels="app.kubernetes.io/name=ollama")[0]["metadata"]["name"]
    return name


def test_a_command_in_a_pod_returns_all_that_it_wrote(cluster: Cluster, deployed: Parameters, pod: str) -> None:
    script = "i=0; while [ $i -lt 3000 ]; do echo 'größer als ein Rahmen: 0123456789'; i=$((i+1)); done"
    output = exec_in_pod(cluster, deployed.namespace, pod, ["sh", "-c", script])
    assert output == "größer als ein Rahmen: 0123456789\n" * 3000


def test_a_command_that_fails_is_quoted(cluster: Cluster, deployed: Parameters, pod: str) -> None:
    with pytest.raises(ClusterError, match="failed in the pod") as caught:
        exec_in_pod(cluster, deployed.namespace, pod, ["sh", "-c", "echo no such model >&2; exit 4"])
    assert "exit code 4" in caught.value.why
    assert "no such model" in caught.value.why


def test_a_command_that_takes_too_long_is_not_waited_for(cluster: Cluster, deployed: Parameters, pod: str) -> None:
    with pytest.raises(ClusterError, match="did not end within 1 s"):
        exec_in_pod(cluster, deployed.namespace, pod, ["sleep", "30"], timeout_s=1.0)


def test_a_pod_that_is_not_there_is_named(cluster: Cluster, deployed: Parameters) -> None:
    with pytest.raises(ClusterError, match="404") as caught:
        exec_in_pod(cluster, deployed.namespace, "absent", ["true"])
    assert '"absent" not found' in caught.value.why


def test_a_pod_of_our_own_runs_restricted_and_is_gone_afterwards(
    cluster: Cluster, parameters: Parameters, new_namespace: NewNamespace
) -> None:
    there = new_namespace({"pod-security.kubernetes.io/enforce": "restricted"})
    result = run_once(cluster, there, parameters.image, ["sh", "-c", "id -u; echo $COLOUR; exit 3"], {"COLOUR": "blue"})
    assert (result.exit_code, result.output) == (3, "1000\nblue")
    assert cluster.list("Pod", there) == []


def test_a_pod_of_our_own_that_does_not_end_is_removed_too(
    cluster: Cluster, parameters: Parameters, namespace: str
) -> None:
    with pytest.raises(ClusterError, match="did not end in time"):
        run_once(cluster, namespace, parameters.image, ["sleep", "60"], {}, timeout_s=4.0)
    assert cluster.list("Pod", namespace) == []


def test_a_pod_whose_image_cannot_be_pulled_says_so(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(ClusterError) as caught:
        run_once(cluster, namespace, "no-such-registry.invalid/x:1", ["true"], {}, timeout_s=5.0)
    assert "Pull" in caught.value.why


def test_the_memory_of_a_pod_is_that_of_its_own_cgroup(cluster: Cluster, deployed: Parameters, pod: str) -> None:
    usage = pod_memory(cluster, deployed.namespace, pod)
    assert usage.limit_bytes == 2 << 30
    assert usage.current_bytes is not None
    assert usage.anon_bytes is not None
    assert 0 < usage.anon_bytes < usage.current_bytes < 2 << 30
    assert usage.peak_bytes is None or usage.peak_bytes >= usage.current_bytes


def test_the_metrics_api_reports_nodes_and_pods(cluster: Cluster) -> None:
    nodes = node_metrics(cluster)
    assert nodes is not None
    assert {one["metadata"]["name"] for one in nodes} == {one["metadata"]["name"] for one in cluster.list("Node")}
    reported = pod_metrics(cluster, "kube-system")
    assert any(one.memory_bytes > 1 << 20 for one in reported)
