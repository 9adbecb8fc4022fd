from __future__ import annotations

import pytest

from runbook.kubernetes import Cluster, apply, load_manifests, rollback, rollback_plan, wait_for_rollout
from runbook.parameters import Parameters

OURS = ["Deployment", "Service", "PersistentVolumeClaim", "NetworkPolicy", "ResourceQuota", "Namespace"]


@pytest.fixture
def applied(cluster: Cluster, modest: Parameters, namespace: str) -> Parameters:
    there = modest.model_copy(update={"namespace": namespace})
    apply(cluster, load_manifests(there))
    wait_for_rollout(cluster, namespace, "ollama", 120.0)
    return there


def test_of_a_namespace_that_is_not_there_nothing_is_removed(cluster: Cluster, parameters: Parameters) -> None:
    assert rollback_plan(cluster, parameters.model_copy(update={"namespace": "test-never-made"})) == ()


def test_a_rollback_removes_what_was_made_and_keeps_data_and_what_is_foreign(
    cluster: Cluster, applied: Parameters
) -> None:
    metadata = {"name": "mine", "namespace": applied.namespace}
    cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})

    planned = rollback_plan(cluster, applied)
    assert [one.kind for one in planned] == OURS
    assert {one.kind for one in planned if one.kept_because} == {"PersistentVolumeClaim", "Namespace"}
    assert cluster.get("Deployment", "ollama", applied.namespace) is not None

    assert rollback(cluster, applied) == planned
    assert cluster.get("Deployment", "ollama", applied.namespace) is None
    assert cluster.list("Pod", applied.namespace) == []
    claim = cluster.get("PersistentVolumeClaim", "ollama-models", applied.namespace)
    assert claim is not None
    assert claim["status"]["phase"] == "Bound"

    with_data = {one.kind: one for one in rollback_plan(cluster, applied, remove_data=True)}
    assert "deleted with every model on it" in with_data["PersistentVolumeClaim"].data_lost
    assert with_data["Namespace"].kept_because == "it also holds ConfigMap mine"
    rollback(cluster, applied, remove_data=True)
    assert cluster.get("PersistentVolumeClaim", "ollama-models", applied.namespace) is None
    assert cluster.get("ConfigMap", "mine", applied.namespace) is not None


def test_with_nothing_foreign_in_it_the_namespace_goes_too(cluster: Cluster, parameters: Parameters) -> None:
    there = parameters.model_copy(update={"namespace": "test-rollback"})
    apply(cluster, tuple(one for one in load_manifests(there) if one.kind != "Deployment"))
    rollback(cluster, there, remove_data=True)
    assert cluster.get("Namespace", "test-rollback") is None


def test_a_namespace_that_somebody_else_made_stays(cluster: Cluster, parameters: Parameters, namespace: str) -> None:
    there = parameters.model_copy(update={"namespace": namespace})
    (only,) = rollback_plan(cluster, there, remove_data=True)
    assert only.kept_because == "it was not made by this project"
