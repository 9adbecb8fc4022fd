from __future__ import annotations

from runbook.kubernetes import Cluster, list_nodes, list_pods, list_storage_classes


def test_nodes_pods_and_storage_classes_come_as_the_api_spells_them(cluster: Cluster) -> None:
    (node,) = list_nodes(cluster)
    assert node["kind"] == "Node"
    assert node["status"]["nodeInfo"]["kubeletVersion"] == cluster.version
    assert any(pod["metadata"]["namespace"] == "kube-system" for pod in list_pods(cluster))
    assert any(one["provisioner"] for one in list_storage_classes(cluster))
