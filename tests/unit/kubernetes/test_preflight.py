from __future__ import annotations

from typing import Any

import pytest

from runbook.errors import ApplyRefused
from runbook.kubernetes.manifests import Manifest, load_manifests
from runbook.kubernetes.preflight import HELM_RELEASE, adoption, kept_by_helm, require_one_writer
from runbook.parameters import Parameters


@pytest.fixture
def manifests(parameters: Parameters) -> tuple[Manifest, ...]:
    return load_manifests(parameters)


def test_the_manifests_as_they_are_have_one_writer(manifests: tuple[Manifest, ...]) -> None:
    require_one_writer(manifests)


def test_two_replicas_on_a_volume_for_one_writer_are_refused(manifests: tuple[Manifest, ...]) -> None:
    manifests[-1].body["spec"]["replicas"] = 2
    with pytest.raises(ApplyRefused, match="has 2 replicas") as caught:
        require_one_writer(manifests)
    assert "ollama-models is ReadWriteOnce" in caught.value.why


@pytest.mark.parametrize("strategy", [{"type": "RollingUpdate"}, None])
def test_a_rolling_update_on_a_volume_for_one_writer_is_refused(manifests: tuple[Manifest, ...], strategy: Any) -> None:
    manifests[-1].body["spec"]["strategy"] = strategy
    with pytest.raises(ApplyRefused, match="RollingUpdate"):
        require_one_writer(manifests)


def test_a_volume_for_many_writers_may_have_many(manifests: tuple[Manifest, ...]) -> None:
    claim = next(one for one in manifests if one.kind == "PersistentVolumeClaim")
    claim.body["spec"]["accessModes"] = ["ReadWriteMany"]
    manifests[-1].body["spec"]["replicas"] = 2
    require_one_writer(manifests)


def test_an_object_of_a_helm_release_is_left_to_helm_and_the_way_out_keeps_the_models() -> None:
    manifest = Manifest("Deployment", "ollama", "ai", {}, "manifests/ai/x.yaml")
    refused = kept_by_helm(manifest, {"metadata": {"annotations": {HELM_RELEASE: "chat"}}})
    assert refused is not None
    assert "Helm release chat" in refused.what
    assert "resource-policy=keep" in refused.next
    assert kept_by_helm(manifest, {"metadata": {}}) is None


def test_an_object_that_was_there_before_is_said_to_be_adopted_once() -> None:
    writers = [{"manager": "kubectl-create"}, {"manager": "kube-controller-manager"}, {"manager": "ollama-runbook"}]
    live: dict[str, Any] = {"metadata": {"managedFields": writers}}
    assert adoption(live).startswith("it was made before by kubectl-create and is adopted")
    live["metadata"]["annotations"] = {"ollama-runbook/origin": "adopted"}
    assert adoption(live) == adoption(None) == ""
