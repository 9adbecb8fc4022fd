"""Refusals in the words of a real API server, 1.36.3."""

from __future__ import annotations

from typing import Any

import pytest

from runbook.kubernetes.api import Refusal
from runbook.kubernetes.manifests import Manifest
from runbook.kubernetes.refused import dying, refused


def manifest(kind: str, name: str = "ollama") -> Manifest:
    return Manifest(kind, name, "ai", {}, "manifests/ai/x.yaml")


def refusal(code: int, message: str, *, reason: str = "", causes: list[dict[str, str]] | None = None) -> Refusal:
    status: dict[str, Any] = {"message": message, "reason": reason, "details": {"causes": causes or []}}
    return Refusal("PATCH /apis/apps/v1/namespaces/ai/deployments/ollama", code, status)


MESSAGES = {
    "Quota": 'pods "ollama-1" is forbidden: exceeded quota: ollama, requested: limits.memory=8Gi, '
    "used: limits.memory=0, limited: limits.memory=4Gi",
    "Pod Security": 'pods "x" is forbidden: violates PodSecurity "restricted:latest": privileged',
    "Admission": 'admission webhook "guard.example" denied the request: not on a Friday',
    "Namespace": 'deployments.apps "ollama" is forbidden: unable to create new content in namespace ai because it is '
    "being terminated",
    "Configuration": 'pods "x" is forbidden: error looking up service account ai/robot: not found',
    "Storage": 'PersistentVolumeClaim "ollama-models" is invalid: spec.resources.requests.storage: Forbidden: '
    "field can not be less than status.capacity",
}


@pytest.mark.parametrize(("section", "message"), MESSAGES.items())
def test_a_known_refusal_names_its_section(section: str, message: str) -> None:
    error = refused(manifest("Deployment"), refusal(403, message, reason="Forbidden"))
    assert error.next.endswith(f"See 91_troubleshoot, section {section}.")
    assert message.split(":")[0] in error.why


def test_a_field_of_somebody_else_is_named_with_its_owner() -> None:
    cause = {
        "reason": "FieldManagerConflict",
        "message": 'conflict with "kubectl-set" using apps/v1',
        "field": '.spec.template.spec.containers[name="ollama"].image',
    }
    error = refused(manifest("Deployment"), refusal(409, "Apply failed", reason="Conflict", causes=[cause]))
    assert '.image (owned by "kubectl-set" using apps/v1)' in error.what


def test_a_deployment_made_by_hand_is_recreated_without_its_data() -> None:
    cause = {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl"', "field": ".spec.selector"}
    error = refused(manifest("Deployment"), refusal(409, "Apply failed", reason="Conflict", causes=[cause]))
    assert "Delete only the Deployment" in error.next


def test_a_stale_write_is_not_taken_for_a_conflict_of_owners() -> None:
    message = "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest"
    assert "Apply again; nothing is wrong." in refused(manifest("Deployment"), refusal(409, message)).next


def test_an_immutable_selector_keeps_the_models() -> None:
    message = (
        'Deployment.apps "ollama" is invalid: spec.selector: Invalid value: {"matchLabels":{}}: field is immutable'
    )
    error = refused(manifest("Deployment"), refusal(422, message, reason="Invalid"))
    assert "The field spec.selector of Deployment ollama" in error.what
    assert "keeps the claim and its models" in error.next


def test_an_immutable_claim_is_never_recreated_and_only_the_difference_is_quoted() -> None:
    message = (
        'PersistentVolumeClaim "ollama-models" is invalid: spec: Forbidden: spec is immutable after creation except '
        'resources.requests\n@@ -10,7 +10,7 @@\n  "VolumeName": "",\n'
        '- "StorageClassName": "a",\n+ "StorageClassName": "b",\n'
    )
    error = refused(manifest("PersistentVolumeClaim", "ollama-models"), refusal(422, message, reason="Invalid"))
    assert "deleting the claim deletes them" in error.next
    assert '- "StorageClassName": "a", + "StorageClassName": "b"' in error.why
    assert "VolumeName" not in error.why


def test_the_strategy_is_changed_in_one_step() -> None:
    message = (
        'Deployment.apps "ollama" is invalid: spec.strategy.rollingUpdate: Forbidden: may not be specified when '
        "strategy `type` is 'Recreate'"
    )
    error = refused(manifest("Deployment"), refusal(422, message))
    assert '{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}' in error.next


def test_a_missing_right_says_who_may_not_do_what() -> None:
    message = (
        'deployments.apps "ollama" is forbidden: User "robot" cannot patch resource "deployments" in API group "apps"'
    )
    assert "robot may not patch deployments" in refused(manifest("Deployment"), refusal(403, message)).what


def test_what_was_applied_before_is_said() -> None:
    error = refused(manifest("Deployment"), refusal(500, "boom"), ("Namespace ai", "Service ollama"))
    assert error.what.endswith("Applied before it: Namespace ai, Service ollama.")
    assert refused(manifest("Deployment"), refusal(500, "boom")).what.endswith("Nothing was changed.")


def test_an_object_that_stays_is_not_dying() -> None:
    assert dying(manifest("Service"), {"metadata": {"name": "ollama"}}) is None


def test_a_dying_claim_is_told_apart_with_the_way_to_keep_its_volume() -> None:
    live = {
        "metadata": {"deletionTimestamp": "2026-08-03T12:00:00Z", "finalizers": ["kubernetes.io/pvc-protection"]},
        "spec": {"volumeName": "pv-7"},
    }
    error = dying(manifest("PersistentVolumeClaim", "ollama-models"), live)
    assert error is not None
    assert "pvc-protection" in error.why
    assert "kubectl patch pv pv-7" in error.next
