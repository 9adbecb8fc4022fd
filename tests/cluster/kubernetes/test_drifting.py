from __future__ import annotations

import pytest

from runbook.kubernetes import Cluster, apply, drift, drifted, live_objects, load_manifests
from runbook.parameters import Parameters

MERGE = "application/merge-patch+json"
DEPLOYMENT = "/apis/apps/v1/namespaces/{}/deployments/ollama"


@pytest.fixture
def there(cluster: Cluster, parameters: Parameters, namespace: str) -> Parameters:
    """The local target in a namespace of this test, applied and scaled so that nothing is started."""
    target = parameters.model_copy(update={"namespace": namespace})
    apply(cluster, asleep(target))
    return target


def asleep(target: Parameters):
    manifests = load_manifests(target)
    manifests[-1].body["spec"]["replicas"] = 0
    return manifests


def patch(cluster: Cluster, path: str, body: dict[str, object], manager: str = "neighbour") -> None:
    cluster.request("PATCH", path, body=body, content_type=MERGE, query={"fieldManager": manager})


def test_what_was_just_applied_has_not_drifted(cluster: Cluster, there: Parameters) -> None:
    manifests = asleep(there)
    found = drift(cluster, manifests, live_objects(cluster, manifests))
    assert {one.state for one in found} == {"same"}
    assert len(found) == len(manifests)


def test_a_field_that_was_set_to_another_value_is_named_with_who_set_it(cluster: Cluster, there: Parameters) -> None:
    patch(cluster, DEPLOYMENT.format(there.namespace), {"spec": {"paused": True, "replicas": 3}})
    (one,) = drifted(drift(cluster, asleep(there)))
    assert one.fields[0].startswith("spec.replicas: 3 -> 0 (set by neighbour at ")
    assert [line.split(" (")[0] for line in one.added] == ["spec.paused"]


def test_a_label_of_somebody_else_is_noted_and_is_no_drift(cluster: Cluster, there: Parameters) -> None:
    patch(cluster, DEPLOYMENT.format(there.namespace), {"metadata": {"labels": {"team": "a"}}})
    found = drift(cluster, asleep(there))
    assert drifted(found) == ()
    assert found[-1].noted[0].startswith("metadata.labels.team (set by neighbour")


def test_an_object_that_is_gone_and_one_that_is_too_many_are_drift(cluster: Cluster, there: Parameters) -> None:
    recorded = live_objects(cluster, asleep(there))
    cluster.delete("Service", "ollama", there.namespace)
    labels = {"app.kubernetes.io/managed-by": "ollama-runbook"}
    extra = {"name": "old", "namespace": there.namespace, "labels": labels}
    cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": extra})
    found = {(one.kind, one.state): one for one in drifted(drift(cluster, asleep(there), recorded))}
    assert set(found) == {("Service", "absent"), ("ConfigMap", "unexpected")}
    assert found["Service", "absent"].since_run == ("it was there when the run ended",)


def test_what_was_applied_anew_since_a_run_differs_from_the_run_and_not_from_the_manifests(
    cluster: Cluster, there: Parameters
) -> None:
    recorded = live_objects(cluster, asleep(there))
    larger = there.model_copy(update={"memory_limit": "3Gi"})
    apply(cluster, asleep(larger))
    found = {one.kind: one for one in drifted(drift(cluster, asleep(larger), recorded))}
    assert set(found) == {"Deployment", "ResourceQuota"}
    assert found["Deployment"].fields == ()
    assert any('limits.memory: "2Gi" -> "3Gi"' in line for line in found["Deployment"].since_run)


def test_a_field_that_cannot_be_taken_back_is_drift_with_the_servers_words(cluster: Cluster, there: Parameters) -> None:
    manifests = asleep(there)
    manifests[-1].body["spec"]["selector"]["matchLabels"]["tier"] = "x"
    manifests[-1].body["spec"]["template"]["metadata"]["labels"]["tier"] = "x"
    (one,) = drifted(drift(cluster, manifests))
    assert "spec.selector" in one.fields[0]
