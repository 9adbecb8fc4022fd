from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from runbook.kubernetes import missing_permissions, permission_check
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.permissions import RBAC, REVIEWS, Need, needs
from runbook.parameters import Parameters
from runbook.targets import PROJECT

from .stub import Stub

Grant = tuple[str, str, str, str | None, str]


def granted(file: Path) -> set[Grant]:
    """What the file grants: verb, group, resource, namespace, and the only name it is for."""
    roles: list[dict[str, Any]] = [one for one in YAML(typ="safe").load_all(file) if one["kind"].endswith("Role")]
    return {
        (verb, group, resource, role["metadata"].get("namespace"), name)
        for role in roles
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }


def test_the_file_grants_what_is_needed_and_nothing_else(parameters: Parameters) -> None:
    wanted = {(one.verb, one.group, one.resource, one.namespace, one.name) for one in needs(parameters)}
    assert granted(PROJECT / RBAC) == wanted


def test_no_right_is_a_wildcard_or_makes_roles(parameters: Parameters) -> None:
    for one in needs(parameters):
        assert "*" not in (one.verb, one.group, one.resource)
        assert one.verb not in ("bind", "escalate", "impersonate", "deletecollection")


def test_a_missing_right_is_named_with_the_step_that_needs_it(
    cluster: Cluster, stub: Stub, parameters: Parameters
) -> None:
    wanted = needs(parameters)
    lacking = next(number for number, one in enumerate(wanted) if not one.optional)
    answer_all_but(stub, lacking)
    assert missing_permissions(cluster, parameters) == (wanted[lacking],)
    answer_all_but(stub, lacking)
    check = permission_check(cluster, parameters)
    assert (check.status, check.evidence) == ("failed", "get namespaces in the whole cluster, for 03_apply")
    assert RBAC in check.hint


def test_a_right_that_a_rebuild_does_without_is_named_and_is_no_failure(
    cluster: Cluster, stub: Stub, parameters: Parameters
) -> None:
    answer_all_but(stub, 0)
    check = permission_check(cluster, parameters)
    assert check.status == "passed"
    assert "it goes on without: get nodes in the whole cluster, for 01_hardware" in check.evidence


def answer_all_but(stub: Stub, number: int) -> None:
    """Every right but one is there."""
    stub.answers[REVIEWS] = [(201, {"status": {"allowed": at != number}}, {}) for at in range(number + 2)]


def test_a_right_in_a_namespace_names_group_and_namespace() -> None:
    need = Need("create", "apps", "deployments", "ai", "03_apply")
    assert str(need) == "create deployments.apps in the namespace ai, for 03_apply"
