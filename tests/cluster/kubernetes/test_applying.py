from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from runbook.errors import ApplyRefused
from runbook.kubernetes import Change, Cluster, Manifest, Refusal, apply, diagnose, load_manifests, plan
from runbook.parameters import Parameters

from ..conftest import NewNamespace
from .conftest import Deploy

RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}


@pytest.fixture
def target(parameters: Parameters, namespace: str) -> Parameters:
    """The local target in a namespace of this test, scaled so that nothing is started."""
    return parameters.model_copy(update={"namespace": namespace})


def asleep(parameters: Parameters, **values: Any) -> tuple[Manifest, ...]:
    """The manifests with a Deployment of no pods: what is applied is looked at, not run."""
    manifests = load_manifests(parameters.model_copy(update=values))
    manifests[-1].body["spec"]["replicas"] = 0
    return manifests


def actions(changes: tuple[Change, ...]) -> list[str]:
    return [change.action for change in changes]


def test_what_is_planned_for_a_namespace_that_is_not_there_is_its_creation_and_nothing_is_changed(
    cluster: Cluster, parameters: Parameters
) -> None:
    absent = parameters.model_copy(update={"namespace": "test-never-made"})
    planned = plan(cluster, load_manifests(absent))
    assert set(actions(planned.changes)) == {"create"}
    assert not planned.is_empty
    assert cluster.get("Namespace", "test-never-made") is None


def test_a_misspelt_field_is_refused_before_the_namespace_is_there(cluster: Cluster, parameters: Parameters) -> None:
    manifests = load_manifests(parameters.model_copy(update={"namespace": "test-never-made"}))
    manifests[-1].body["spec"]["replcas"] = 1
    with pytest.raises(ApplyRefused, match="replcas"):
        plan(cluster, manifests)


def test_a_second_apply_changes_nothing_and_says_so(cluster: Cluster, target: Parameters) -> None:
    first = apply(cluster, asleep(target))
    assert actions(first) == ["update", "create", "create", "create", "create", "create"]
    assert plan(cluster, asleep(target)).is_empty
    again = apply(cluster, asleep(target))
    assert set(actions(again)) == {"unchanged"}
    assert all(change.diff == () for change in again)


def test_a_change_is_planned_with_both_values_and_the_quota_that_follows(cluster: Cluster, target: Parameters) -> None:
    apply(cluster, asleep(target))
    planned = {change.kind: change for change in plan(cluster, asleep(target, memory_limit="3Gi")).changes}
    limit = 'spec.template.spec.containers[name=ollama].resources.limits.memory: "2Gi" -> "3Gi"'
    assert planned["Deployment"].diff == (limit,)
    assert planned["ResourceQuota"].action == "update"
    assert planned["Service"].action == "unchanged"


def test_each_change_is_told_as_it_happens(cluster: Cluster, target: Parameters) -> None:
    told: list[Change] = []
    changes = apply(cluster, asleep(target), told.append)
    assert tuple(told) == changes != ()


def test_what_others_added_is_left_alone(cluster: Cluster, target: Parameters) -> None:
    apply(cluster, asleep(target))
    path = f"/apis/apps/v1/namespaces/{target.namespace}/deployments/ollama"
    note = {"metadata": {"annotations": {"team.example/owner": "me"}}}
    cluster.request("PATCH", path, body=note, content_type="application/merge-patch+json")
    assert set(actions(apply(cluster, asleep(target)))) == {"unchanged"}
    live = cluster.get("Deployment", "ollama", target.namespace)
    assert live is not None
    assert live["metadata"]["annotations"]["team.example/owner"] == "me"


def test_a_field_that_somebody_else_set_is_named_with_them_and_nothing_is_changed(
    cluster: Cluster, target: Parameters
) -> None:
    apply(cluster, asleep(target))
    scale = {"spec": {"replicas": 3, "paused": True}}
    path = f"/apis/apps/v1/namespaces/{target.namespace}/deployments/ollama"
    cluster.request(
        "PATCH", path, body=scale, content_type="application/merge-patch+json", query={"fieldManager": "neighbour"}
    )
    with pytest.raises(ApplyRefused, match=r"\.spec\.replicas \(owned by \"neighbour\"") as caught:
        apply(cluster, asleep(target, memory_limit="3Gi"))
    assert caught.value.what.endswith("Nothing was changed.")
    quota = cluster.get("ResourceQuota", "ollama", target.namespace)
    assert quota is not None
    assert quota["spec"]["hard"]["limits.memory"] == "2304Mi"


def test_a_field_of_somebody_else_is_taken_only_when_that_is_said_and_is_named(
    cluster: Cluster, target: Parameters
) -> None:
    apply(cluster, asleep(target))
    path = f"/apis/apps/v1/namespaces/{target.namespace}/deployments/ollama"
    cluster.request(
        "PATCH",
        path,
        body={"spec": {"replicas": 3}},
        content_type="application/merge-patch+json",
        query={"fieldManager": "neighbour"},
    )
    planned = {change.kind: change for change in plan(cluster, asleep(target), force_conflicts=True).changes}
    assert planned["Deployment"].diff == ("spec.replicas: 3 -> 0",)
    assert planned["Deployment"].warnings[0].startswith('takes .spec.replicas (owned by "neighbour"')
    apply(cluster, asleep(target), force_conflicts=True)
    assert plan(cluster, asleep(target)).is_empty


def test_a_claim_that_asks_for_less_is_refused_and_its_size_is_to_be_kept(cluster: Cluster, target: Parameters) -> None:
    apply(cluster, asleep(target))
    with pytest.raises(ApplyRefused) as caught:
        apply(cluster, asleep(target, storage_size="1Gi"))
    assert "kubectl get pvc" in caught.value.next
    assert "Nothing was changed." in caught.value.what


def test_a_quota_of_somebody_else_without_room_is_seen_before_anything_is_sent(
    cluster: Cluster, target: Parameters
) -> None:
    hard = {"limits.memory": "1Gi"}
    body = {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": hard}}
    cluster.create({**body, "metadata": {"name": "tight", "namespace": target.namespace}})
    manifests = load_manifests(target)
    with pytest.raises(ApplyRefused, match=r"no room for it: limits\.memory") as caught:
        apply(cluster, manifests)
    assert "2.00 GiB needed + 0.00 GiB used by others, 1.00 GiB allowed by tight" in caught.value.why
    assert cluster.get("ResourceQuota", "ollama", target.namespace) is None


def test_a_deployment_of_a_helm_release_is_left_to_helm(cluster: Cluster, target: Parameters, deploy: Deploy) -> None:
    deploy(target.namespace, "ollama", lambda spec, pod, container: spec.update(replicas=0))
    path = f"/apis/apps/v1/namespaces/{target.namespace}/deployments/ollama"
    note = {"metadata": {"annotations": {"meta.helm.sh/release-name": "chat"}}}
    cluster.request("PATCH", path, body=note, content_type="application/merge-patch+json")
    with pytest.raises(ApplyRefused, match="belongs to the Helm release chat"):
        apply(cluster, asleep(target))


def test_another_storage_class_is_refused_without_losing_the_claim(cluster: Cluster, target: Parameters) -> None:
    apply(cluster, asleep(target))
    with pytest.raises(ApplyRefused, match="cannot be changed like this") as caught:
        apply(cluster, asleep(target, storage_class="elsewhere"))
    assert "deleting the claim deletes them" in caught.value.next


def test_another_selector_recreates_the_deployment_only(cluster: Cluster, target: Parameters) -> None:
    apply(cluster, asleep(target))
    manifests = asleep(target)
    manifests[-1].body["spec"]["selector"]["matchLabels"]["tier"] = "x"
    manifests[-1].body["spec"]["template"]["metadata"]["labels"]["tier"] = "x"
    with pytest.raises(ApplyRefused, match=r"spec\.selector") as caught:
        apply(cluster, manifests)
    assert "keeps the claim" in caught.value.next


def test_an_object_that_is_being_deleted_is_not_applied_onto(cluster: Cluster, target: Parameters) -> None:
    apply(cluster, asleep(target))
    path = f"/api/v1/namespaces/{target.namespace}/persistentvolumeclaims/ollama-models"
    hold = {"metadata": {"finalizers": ["example.com/hold"]}}
    cluster.request("PATCH", path, body=hold, content_type="application/merge-patch+json")
    cluster.delete("PersistentVolumeClaim", "ollama-models", target.namespace)
    with pytest.raises(ApplyRefused, match="is being deleted") as caught:
        apply(cluster, asleep(target))
    assert "example.com/hold" in caught.value.why
    free = {"metadata": {"finalizers": None}}
    cluster.request("PATCH", path, body=free, content_type="application/merge-patch+json")


@pytest.fixture
def dying(cluster: Cluster, namespace: str) -> Iterator[str]:
    """A namespace that is being deleted and held by a finalizer of one object in it."""
    held = {"name": "held", "namespace": namespace, "finalizers": ["example.com/hold"]}
    cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": held})
    cluster.delete("Namespace", namespace)
    yield namespace
    path = f"/api/v1/namespaces/{namespace}/configmaps/held"
    free = {"metadata": {"finalizers": None}}
    cluster.request("PATCH", path, body=free, content_type="application/merge-patch+json")


def test_a_namespace_that_is_being_deleted_is_recognised_by_apply_and_diagnosis(
    cluster: Cluster, parameters: Parameters, dying: str
) -> None:
    with pytest.raises(ApplyRefused, match="is being deleted"):
        apply(cluster, asleep(parameters, namespace=dying))
    found = diagnose(cluster, dying, "ollama")
    assert found is not None
    assert found.id == "D07"


@pytest.fixture
def unanswered_webhook(cluster: Cluster, namespace: str) -> Iterator[str]:
    """A namespace whose pods are judged by a webhook that nobody serves."""
    collection = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    hook = {
        "name": "guard.example.com",
        "clientConfig": {"service": {"name": "absent", "namespace": namespace}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
    cluster.request("POST", collection, body={**kind, "metadata": {"name": namespace}, "webhooks": [hook]})
    yield namespace
    cluster.request("DELETE", f"{collection}/{namespace}")


def test_a_webhook_that_does_not_answer_is_named(cluster: Cluster, unanswered_webhook: str, deploy: Deploy) -> None:
    # A webhook takes effect a moment after it was made.
    deadline = time.monotonic() + 20
    found, attempt = None, 0
    while (found is None or found.id != "D08") and time.monotonic() < deadline:
        if found is None or found.id == "D00":
            deploy(unanswered_webhook, f"judged-{attempt}")
        time.sleep(1)
        found = diagnose(cluster, unanswered_webhook, f"judged-{attempt}")
        attempt += found is None
    assert found is not None
    assert (found.id, "guard.example.com" in found.cause) == ("D08", True)


def test_the_product_is_admitted_where_restricted_is_enforced_and_nothing_is_warned_about(
    cluster: Cluster, parameters: Parameters, new_namespace: NewNamespace
) -> None:
    strict = parameters.model_copy(update={"namespace": new_namespace(RESTRICTED)})
    manifests = tuple(one for one in load_manifests(strict) if one.kind != "Namespace")
    assert all(change.warnings == () for change in plan(cluster, manifests).changes)
    pod = pod_of(manifests)
    cluster.apply(pod, dry_run=True)
    pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    with pytest.raises(Refusal, match="403") as caught:
        cluster.apply(pod, dry_run=True)
    assert "allowPrivilegeEscalation" in caught.value.message


def test_a_template_that_violates_is_warned_about_in_the_plan(
    cluster: Cluster, parameters: Parameters, new_namespace: NewNamespace
) -> None:
    strict = parameters.model_copy(update={"namespace": new_namespace(RESTRICTED)})
    manifests = tuple(one for one in load_manifests(strict) if one.kind == "Deployment")
    del manifests[0].body["spec"]["template"]["spec"]["securityContext"]["seccompProfile"]
    (change,) = plan(cluster, manifests).changes
    assert "seccompProfile" in change.warnings[0]


def pod_of(manifests: tuple[Manifest, ...]) -> dict[str, Any]:
    """The Deployment's pod as a pod of its own, which is judged at once."""
    template = manifests[-1].body["spec"]["template"]
    metadata = {**template["metadata"], "name": "bare", "namespace": manifests[-1].namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
