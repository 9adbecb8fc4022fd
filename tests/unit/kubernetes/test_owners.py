from __future__ import annotations

from typing import Any

from runbook.kubernetes.owners import foreign_fields, owner_of

CONTAINER = 'k:{"name":"ollama"}'
DEBUG = {"f:spec": {"f:containers": {CONTAINER: {"f:env": {'k:{"name":"DEBUG"}': {".": {}, "f:value": {}}}}}}}
IMAGE = {"f:spec": {"f:containers": {CONTAINER: {".": {}, "f:image": {}}}}}


def live(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"managedFields": list(entries)}}


def entry(manager: str, fields: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"manager": manager, "fieldsV1": fields, **more}


def test_a_field_that_only_somebody_else_owns_is_named_with_them() -> None:
    found = foreign_fields(live(entry("ollama-runbook", IMAGE), entry("kubectl-set", DEBUG, time="T")))
    (one,) = found
    assert str(one) == "spec.containers[name=ollama].env[name=DEBUG].value (set by kubectl-set at T)"


def test_a_field_that_is_shared_with_us_or_set_by_a_controller_is_not_foreign() -> None:
    controller = entry("kube-controller-manager", DEBUG)
    status = entry("kubectl", DEBUG, subresource="status")
    assert foreign_fields(live(entry("ollama-runbook", IMAGE), entry("kubectl", IMAGE), controller, status)) == ()


def test_the_owner_of_a_field_is_the_manager_of_its_nearest_part() -> None:
    whole = entry("kubectl-edit", {"f:spec": {"f:containers": {}}})
    owner = owner_of(live(whole, entry("kubectl-set", IMAGE)), "spec.containers[name=ollama].image")
    assert owner is not None
    assert owner.manager == "kubectl-set"
    assert owner_of(live(whole), "spec.replicas") is None


def test_a_key_with_dots_is_quoted_as_in_a_difference() -> None:
    fields = {"f:metadata": {"f:labels": {"f:team.example/owner": {}}}}
    (one,) = foreign_fields(live(entry("kubectl", fields)))
    assert one.path == 'metadata.labels."team.example/owner"'
