"""An account with exactly the rights of manifests/rebuild/rbac.yaml does everything; without one it says which."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import pytest
from ruamel.yaml import YAML

from runbook import kubernetes
from runbook.kubernetes import Cluster, missing_permissions
from runbook.kubernetes.permissions import RBAC, Need
from runbook.parameters import Parameters
from runbook.targets import PROJECT

from ..conftest import MADE_BY_TESTS, NewNamespace
from .accounts import as_account
from .surroundings import MERGE, eventually

Json = dict[str, Any]
RBAC_API = "/apis/rbac.authorization.k8s.io/v1"
ROLES: list[Json] = [one for one in YAML(typ="safe").load_all(PROJECT / RBAC) if one["kind"].endswith("Role")]
RULES = [
    pytest.param(role, number, id=f"{role['kind']}-{role['metadata'].get('namespace', 'cluster')}-{number}")
    for role in ROLES
    for number in range(len(role["rules"]))
]


class Granted:
    """The file's account and roles under names and in namespaces of the tests."""

    def __init__(self, cluster: Cluster, target: Parameters, home: str) -> None:
        self.cluster, self.target, self.home = cluster, target, home
        self.name = f"test-{token_hex(4)}"
        self.spaces = {"ai": target.namespace, "karakeep": target.consumer_namespace}

    def path(self, role: Json, plural: str = "") -> str:
        space = self.spaces.get(role["metadata"].get("namespace", ""))
        middle = f"/namespaces/{space}" if space else ""
        return f"{RBAC_API}{middle}/{plural or role['kind'].lower() + 's'}"

    def rules(self, role: Json, without: int | None = None) -> list[Json]:
        rules: list[Json] = copy.deepcopy([rule for number, rule in enumerate(role["rules"]) if number != without])
        for rule in rules:
            if "resourceNames" in rule:
                rule["resourceNames"] = [self.spaces[name] for name in rule["resourceNames"]]
        return rules

    def grant(self) -> None:
        account = {"kind": "ServiceAccount", "name": self.name, "namespace": self.home}
        metadata = {"name": self.name, "labels": MADE_BY_TESTS}
        for role in ROLES:
            self.cluster.request("POST", self.path(role), body={"metadata": metadata, "rules": self.rules(role)})
            reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": role["kind"], "name": self.name}
            binding = {"metadata": metadata, "roleRef": reference, "subjects": [account]}
            self.cluster.request("POST", self.path(role, f"{role['kind'].lower()}bindings"), body=binding)

    def leave_out(self, role: Json, number: int | None) -> None:
        body = {"rules": self.rules(role, without=number)}
        self.cluster.request("PATCH", f"{self.path(role)}/{self.name}", body=body, content_type=MERGE)

    def revoke(self) -> None:
        for plural in ("clusterrolebindings", "clusterroles"):
            self.cluster.request("DELETE", f"{RBAC_API}/{plural}/{self.name}")


@pytest.fixture(scope="module")
def granted(cluster: Cluster, modest: Parameters, new_namespace: NewNamespace) -> Iterator[Granted]:
    spaces = {"namespace": new_namespace(), "consumer_namespace": new_namespace()}
    found = Granted(cluster, modest.model_copy(update=spaces), new_namespace())
    found.grant()
    yield found
    found.revoke()


@pytest.fixture(scope="module")
def account(cluster: Cluster, granted: Granted) -> Iterator[Cluster]:
    """The cluster as the account sees it, once its rights take effect."""
    with as_account(cluster, granted.home, granted.name) as one:
        eventually(lambda: missing_permissions(one, granted.target) == ())
        yield one


def test_the_account_has_all_rights_and_cannot_do_more(account: Cluster, granted: Granted) -> None:
    assert missing_permissions(account, granted.target) == ()
    with pytest.raises(kubernetes.Refusal, match="403"):
        account.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "test-not-allowed"}})
    with pytest.raises(kubernetes.Refusal, match="403"):
        account.list("Secret", granted.target.namespace)


def test_the_account_does_everything_that_a_rebuild_does(account: Cluster, granted: Granted) -> None:
    target = granted.target
    nodes, pods = kubernetes.list_nodes(account), kubernetes.list_pods(account)
    assert nodes
    assert pods
    assert kubernetes.list_storage_classes(account)
    assert kubernetes.node_metrics(account) is not None
    manifests = kubernetes.load_manifests(target)
    assert not kubernetes.plan(account, manifests).is_empty
    kubernetes.apply(account, manifests)
    rollout = kubernetes.wait_for_rollout(account, target.namespace, kubernetes.DEPLOYMENT, 120.0)
    assert {check.status for check in kubernetes.rollout_checks(account, target)} == {"passed"}
    with kubernetes.port_forward(account, target.namespace, "ollama", 11434) as address:
        assert address.startswith("http://127.0.0.1:")
    assert kubernetes.exec_in_pod(account, target.namespace, rollout.pod, ["echo", "here"]) == "here\n"
    assert kubernetes.pod_memory(account, target.namespace, rollout.pod).limit_bytes
    assert kubernetes.reachability_check(account, target).status == "passed"
    assert kubernetes.drifted(kubernetes.drift(account, manifests)) == ()
    assert kubernetes.security_check(account, target).status == "passed"
    assert kubernetes.diagnose(account, target.namespace, kubernetes.DEPLOYMENT) is None
    left = kubernetes.rollback(account, target, remove_data=True)
    assert [one.kind for one in left if one.kept_because] == ["Namespace"]


@pytest.mark.parametrize(("role", "number"), RULES)
def test_without_a_rule_exactly_its_rights_are_named(
    account: Cluster, granted: Granted, role: Json, number: int
) -> None:
    rule = role["rules"][number]
    expected = {(verb, resource) for verb in rule["verbs"] for resource in rule["resources"]}
    missing: tuple[Need, ...] = ()

    def as_expected() -> bool:
        nonlocal missing
        missing = missing_permissions(account, granted.target)
        return {(one.verb, one.resource) for one in missing} == expected

    # What was left out takes effect a moment later, and so does what was put back.
    granted.leave_out(role, number)
    try:
        eventually(as_expected, 20.0)
    finally:
        granted.leave_out(role, None)
    assert all(one.step for one in missing)
