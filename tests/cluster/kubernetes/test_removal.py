from __future__ import annotations

from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import pytest

from runbook.errors import ApplyRefused
from runbook.kubernetes import (
    Cluster,
    Manifest,
    Removal,
    apply,
    load_manifests,
    rollback,
    rollback_plan,
    wait_for_rollout,
)
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
    assert with_data["Namespace"].kept_because == "it was not made by this project"
    rollback(cluster, applied, remove_data=True)
    assert cluster.get("PersistentVolumeClaim", "ollama-models", applied.namespace) is None
    assert cluster.get("ConfigMap", "mine", applied.namespace) is not None


@pytest.fixture
def made_here(cluster: Cluster, modest: Parameters) -> Iterator[Parameters]:
    """The manifests without the Deployment, applied into a namespace that the apply made."""
    there = modest.model_copy(update={"namespace": f"test-{token_hex(4)}"})
    apply(cluster, without_deployment(there))
    yield there
    cluster.delete("Namespace", there.namespace)


def without_deployment(there: Parameters) -> tuple[Manifest, ...]:
    return tuple(one for one in load_manifests(there) if one.kind != "Deployment")


def foreign(cluster: Cluster, namespace: str, kind: str = "ConfigMap", **more: Any) -> None:
    version = {"Job": "batch/v1"}.get(kind, "v1")
    cluster.create({"apiVersion": version, "kind": kind, "metadata": {"name": "mine", "namespace": namespace}, **more})


def test_a_namespace_made_here_stays_while_it_holds_anything_foreign_and_goes_when_it_is_named(
    cluster: Cluster, made_here: Parameters
) -> None:
    foreign(cluster, made_here.namespace, "ServiceAccount")
    (*_, space) = rollback_plan(cluster, made_here, remove_data=True)
    assert space.kept_because == "it also holds ServiceAccount mine"
    (*_, space) = rollback_plan(cluster, made_here, remove_data=True, with_foreign=True)
    assert (space.kept_because, space.data_lost) == ("", "goes with it: ServiceAccount mine")
    told: list[Removal] = []
    removed = rollback(cluster, made_here, remove_data=True, with_foreign=True, on_removed=told.append)
    assert tuple(told) == removed
    assert cluster.get("Namespace", made_here.namespace) is None


def test_an_object_that_was_there_before_is_adopted_said_to_be_and_left(
    cluster: Cluster, modest: Parameters, namespace: str
) -> None:
    there = modest.model_copy(update={"namespace": namespace})
    spec = {"ports": [{"name": "http", "port": 11434, "targetPort": "http"}]}
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "ollama", "namespace": namespace}, "spec": spec}
    cluster.request("POST", f"/api/v1/namespaces/{namespace}/services", query={"fieldManager": "by-hand"}, body=body)
    applied = {change.kind: change for change in apply(cluster, without_deployment(there))}
    assert applied["Service"].warnings == ("it was made before by by-hand and is adopted: a rollback leaves it",)
    again = {change.kind: change for change in apply(cluster, without_deployment(there))}
    assert (again["Service"].action, again["Service"].warnings) == ("unchanged", ())
    left = {one.kind: one.kept_because for one in rollback(cluster, there, remove_data=True)}
    assert left["Service"] == "it was there before this project"
    assert cluster.get("Service", "ollama", namespace) is not None


def test_an_apply_that_was_refused_half_way_is_rolled_back(
    cluster: Cluster, modest: Parameters, namespace: str
) -> None:
    there = modest.model_copy(update={"namespace": namespace})
    manifests = load_manifests(there)
    done = 0

    def give_out(_: object) -> None:
        nonlocal done
        done += 1
        if done == 3:
            raise ApplyRefused("the server goes away")

    with pytest.raises(ApplyRefused):
        apply(cluster, manifests, give_out)
    removed = [one.kind for one in rollback(cluster, there, remove_data=True) if not one.kept_because]
    assert removed == ["NetworkPolicy", "ResourceQuota"]
    assert rollback_plan(cluster, there, remove_data=True)[:-1] == ()


def test_with_nothing_foreign_in_it_the_namespace_goes_too(cluster: Cluster, parameters: Parameters) -> None:
    there = parameters.model_copy(update={"namespace": "test-rollback"})
    apply(cluster, tuple(one for one in load_manifests(there) if one.kind != "Deployment"))
    rollback(cluster, there, remove_data=True)
    assert cluster.get("Namespace", "test-rollback") is None


def test_a_namespace_that_somebody_else_made_stays(cluster: Cluster, parameters: Parameters, namespace: str) -> None:
    there = parameters.model_copy(update={"namespace": namespace})
    (only,) = rollback_plan(cluster, there, remove_data=True)
    assert only.kept_because == "it was not made by this project"
