from __future__ import annotations

import pytest

from runbook.errors import ContextError
from runbook.kubernetes import Cluster, connect, exec_in_pod
from runbook.parameters import Parameters


def test_the_title_names_the_context_and_the_identity(cluster: Cluster, parameters: Parameters) -> None:
    assert cluster.title.startswith(f"context {parameters.context}, server https://")
    assert f"Kubernetes {cluster.version}, UID {cluster.uid}" in cluster.title
    assert len(cluster.uid) == 36


def test_the_cluster_that_a_target_names_by_its_uid_is_taken_and_no_other(
    cluster: Cluster, parameters: Parameters
) -> None:
    assert connect(parameters.model_copy(update={"cluster_uid": cluster.uid})).uid == cluster.uid
    with pytest.raises(ContextError, match="another cluster"):
        connect(parameters.model_copy(update={"cluster_uid": "00000000-0000-0000-0000-000000000000"}))


def test_proxies_of_the_environment_lead_neither_calls_nor_streams_away(
    deployed: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    fresh = connect(deployed)
    pod = fresh.list("Pod", deployed.namespace, labels="app.kubernetes.io/name=ollama")[0]["metadata"]["name"]
    assert exec_in_pod(fresh, deployed.namespace, pod, ["echo", "here"]) == "here\n"
    fresh.close()


def test_the_typed_clients_of_the_package_speak_to_the_same_cluster(cluster: Cluster) -> None:
    system = cluster.core.read_namespace(name="kube-system")
    assert system.metadata is not None
    assert system.metadata.uid == cluster.uid
    assert cluster.apps.list_namespaced_deployment(namespace="kube-system").items
