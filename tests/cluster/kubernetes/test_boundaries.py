from __future__ import annotations

from runbook.kubernetes import Cluster, policy_check, quota_check
from runbook.parameters import Parameters


def test_the_quotas_are_shown_used_against_hard(cluster: Cluster, deployed: Parameters) -> None:
    check = quota_check(cluster, deployed)
    assert check.status == "passed"
    assert "limits.memory 2Gi of 2304Mi" in check.evidence
    assert "pods 1 of 2" in check.evidence


def test_without_a_quota_the_check_fails(cluster: Cluster, parameters: Parameters, namespace: str) -> None:
    check = quota_check(cluster, parameters.model_copy(update={"namespace": namespace}))
    assert (check.status, check.evidence) == ("failed", "there is no ResourceQuota")


def test_a_network_that_enforces_no_policy_is_said_to_by_a_real_connection(
    cluster: Cluster, deployed: Parameters
) -> None:
    check = policy_check(cluster, deployed)
    assert check.status == "skipped"
    assert check.evidence.startswith("not enforced here: a pod that the policy does not let in was answered")


def test_where_nobody_is_ready_a_silence_says_nothing(cluster: Cluster, parameters: Parameters, namespace: str) -> None:
    check = policy_check(cluster, parameters.model_copy(update={"namespace": namespace}))
    assert check.status == "skipped"
    assert "There is no Service ollama" in check.evidence


def test_a_stranger_who_is_turned_away_was_kept_out(cluster: Cluster, parameters: Parameters, namespace: str) -> None:
    # An address that no packet reaches: to a stranger it is the same as a policy that keeps it out.
    ports = [{"name": "http", "port": 11434}]
    metadata = {"name": "ollama", "namespace": namespace}
    cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": ports}})
    endpoint = {"addresses": ["10.99.99.99"], "targetRef": {"kind": "Pod", "name": "elsewhere"}}
    labels = {"kubernetes.io/service-name": "ollama"}
    body = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {**metadata, "labels": labels}}
    cluster.create({**body, "addressType": "IPv4", "endpoints": [endpoint], "ports": ports})
    check = policy_check(cluster, parameters.model_copy(update={"namespace": namespace}))
    assert check.status == "passed", check
