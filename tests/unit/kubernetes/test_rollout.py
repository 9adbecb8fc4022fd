from __future__ import annotations

from typing import Any

import pytest

from runbook.kubernetes.api import Refusal
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.rollout import wait_for_rollout

from .stub import Stub

APPS = "/apis/apps/v1/namespaces/ai"


def deployment(available: int) -> dict[str, Any]:
    status = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": available}
    metadata = {"name": "ollama", "uid": "1", "generation": 1}
    return {"metadata": metadata, "spec": {"replicas": 1}, "status": status}


@pytest.fixture
def rolling(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> Stub:
    monkeypatch.setattr("runbook.kubernetes.rollout.POLL_S", 0.01)
    for path in (f"{APPS}/replicasets", "/api/v1/namespaces/ai/pods", "/api/v1/namespaces/ai/events"):
        stub.answer(path, 200, {"items": []})
    return stub


def test_a_server_that_restarts_in_the_middle_is_waited_for(rolling: Stub, cluster: Cluster) -> None:
    path = f"{APPS}/deployments/ollama"
    rolling.answer(path, 200, deployment(0))
    rolling.answer(path, 500, {"kind": "Status", "reason": "InternalError", "message": "etcd is not there"})
    rolling.answer(path, 200, deployment(1))
    said: list[str] = []
    wait_for_rollout(cluster, "ai", "ollama", 20.0, said.append)
    assert any("the API server does not answer: etcd is not there" in line for line in said)


def test_a_login_that_may_not_look_is_not_waited_for(rolling: Stub, cluster: Cluster) -> None:
    rolling.answer(f"{APPS}/deployments/ollama", 403, {"kind": "Status", "reason": "Forbidden"})
    with pytest.raises(Refusal, match="403"):
        wait_for_rollout(cluster, "ai", "ollama", 20.0)


def test_the_same_thing_is_said_once_and_not_at_every_look(rolling: Stub, cluster: Cluster) -> None:
    path = f"{APPS}/deployments/ollama"
    for _ in range(5):
        rolling.answer(path, 200, deployment(0))
    rolling.answer(path, 200, deployment(1))
    said: list[str] = []
    wait_for_rollout(cluster, "ai", "ollama", 20.0, said.append)
    assert said == ["waiting for its pod to be created (0 s)"]
