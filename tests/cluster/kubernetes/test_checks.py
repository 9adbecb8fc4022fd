from __future__ import annotations

from runbook.kubernetes import Cluster, reachability_check, rollout_checks
from runbook.parameters import Parameters


def test_every_check_of_a_sound_rollout_passes_with_its_evidence(cluster: Cluster, deployed: Parameters) -> None:
    checks = rollout_checks(cluster, deployed)
    assert [check for check in checks if check.status != "passed"] == []
    assert len(checks) == 6
    assert all(check.evidence for check in checks)


def test_every_check_of_a_namespace_that_is_not_there_fails_with_a_hint(
    cluster: Cluster, parameters: Parameters
) -> None:
    checks = rollout_checks(cluster, parameters.model_copy(update={"namespace": "test-never-made"}))
    assert {check.status for check in checks[:5]} == {"failed"}
    assert all(check.hint for check in checks[:5])


def test_ollama_is_reachable_from_the_namespace_of_its_consumer(
    cluster: Cluster, deployed: Parameters, namespace: str
) -> None:
    check = reachability_check(cluster, deployed.model_copy(update={"consumer_namespace": namespace}))
    assert check.status == "passed", check
    assert f"from the namespace {namespace}" in check.evidence
    assert cluster.list("Pod", namespace) == []


def test_where_the_consumer_is_not_there_yet_a_namespace_stands_in_and_goes(
    cluster: Cluster, deployed: Parameters
) -> None:
    check = reachability_check(cluster, deployed.model_copy(update={"consumer_namespace": "test-never-made"}))
    assert check.status == "passed", check
    assert "test-never-made does not exist yet" in check.evidence
    left = cluster.list("Namespace", labels="ollama-runbook/consumer=true")
    assert all("deletionTimestamp" in one["metadata"] for one in left)


def test_an_ollama_that_is_not_there_is_not_reachable_and_the_client_is_quoted(
    cluster: Cluster, parameters: Parameters, namespace: str
) -> None:
    absent = parameters.model_copy(update={"namespace": "test-never-made", "consumer_namespace": namespace})
    check = reachability_check(cluster, absent)
    assert (check.status, "no such host" in check.evidence) == ("failed", True)
