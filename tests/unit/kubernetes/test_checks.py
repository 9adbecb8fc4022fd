from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from runbook.checks import Check
from runbook.kubernetes.checks import _probes_passing, reachability_check, rollout_checks
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.workload import Workload
from runbook.parameters import Parameters

from .stub import Stub

PATH = "/apis/apps/v1/namespaces/ai/deployments/ollama"
PROBE = {"httpGet": {"path": "/"}, "periodSeconds": 5, "failureThreshold": 6}


def checked(stub: Stub, cluster: Cluster, parameters: Parameters, **container: Any) -> dict[str, Check]:
    """The checks of a Deployment whose container is as given, by name."""
    template = {"spec": {"containers": [{"name": "ollama", **container}]}}
    body = {"metadata": {"name": "ollama", "uid": "1"}, "spec": {"template": template}}
    stub.answer(PATH, 200, body)
    for kind in ("apis/apps/v1/namespaces/ai/replicasets", "api/v1/namespaces/ai/pods"):
        stub.answer(f"/{kind}", 200, {"items": []})
    return {check.name: check for check in rollout_checks(cluster, parameters)}


@pytest.mark.parametrize(("minutes", "passes"), [(1, False), (9, False), (11, True), (600, True)])
def test_a_restart_counts_against_the_probes_while_it_is_recent(minutes: int, passes: bool) -> None:
    ended = datetime.now(UTC) - timedelta(minutes=minutes)
    state = {"terminated": {"finishedAt": ended.strftime("%Y-%m-%dT%H:%M:%SZ")}}
    status = {"ready": True, "restartCount": 2, "lastState": state}
    workload = SimpleNamespace(
        pod={"status": {"containerStatuses": [status]}},
        age_s=lambda time: (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds(),
    )
    check = _probes_passing(cast("Workload", workload))
    assert (check.status == "passed") is passes
    assert f"2 restarts, the last {minutes} min ago" in check.evidence


def probes(timeout_s: int) -> dict[str, Any]:
    return {f"{name}Probe": {**PROBE, "timeoutSeconds": timeout_s} for name in ("startup", "readiness", "liveness")}


def test_a_probe_with_the_default_timeout_fails_the_check(stub: Stub, cluster: Cluster, parameters: Parameters) -> None:
    check = checked(stub, cluster, parameters, **probes(1))["The probes are set, with patience"]
    assert (check.status, "timeout 1 s" in check.evidence) == ("failed", True)


def test_probes_with_patience_pass_it(stub: Stub, cluster: Cluster, parameters: Parameters) -> None:
    assert checked(stub, cluster, parameters, **probes(3))["The probes are set, with patience"].status == "passed"


@pytest.mark.parametrize(
    ("names", "status"),
    [
        ((), "passed"),
        (("HTTP_PROXY",), "failed"),
        (("HTTPS_PROXY",), "failed"),
        (("HTTPS_PROXY", "NO_PROXY"), "passed"),
    ],
)
def test_only_a_proxy_that_spares_local_calls_passes(
    stub: Stub, cluster: Cluster, parameters: Parameters, names: tuple[str, ...], status: str
) -> None:
    env = [{"name": name, "value": "x"} for name in names]
    assert checked(stub, cluster, parameters, env=env)["No proxy hijacks local calls"].status == status


def test_where_no_pod_may_be_started_the_reachability_is_not_decided(
    stub: Stub, cluster: Cluster, parameters: Parameters
) -> None:
    stub.answer("/api/v1/namespaces/karakeep", 200, {"metadata": {"name": "karakeep"}})
    refusal = {"kind": "Status", "reason": "Forbidden", "message": "pods is forbidden"}
    stub.answer("/api/v1/namespaces/karakeep/pods", 403, refusal)
    check = reachability_check(cluster, parameters)
    assert (check.status, "pods is forbidden" in check.evidence) == ("skipped", True)
