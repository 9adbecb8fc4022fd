from __future__ import annotations

from typing import Any

import pytest

from runbook.errors import ClusterError
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.service import Endpoint, ready_endpoints, ready_pod

from .stub import Stub


@pytest.fixture
def service(stub: Stub) -> Stub:
    ports = [{"name": "http", "port": 80}, {"name": "metrics", "port": 90}]
    stub.answer("/api/v1/namespaces/ai/services/ollama", 200, {"spec": {"ports": ports}})
    return stub


def slices(stub: Stub, *endpoints: dict[str, Any]) -> None:
    ports = [{"name": "metrics", "port": 9000}, {"name": "http", "port": 11434}]
    body = {"items": [{"metadata": {}, "ports": ports, "endpoints": list(endpoints)}]}
    stub.answer("/apis/discovery.k8s.io/v1/namespaces/ai/endpointslices", 200, body)


def endpoint(pod: str, **conditions: bool) -> dict[str, Any]:
    return {"targetRef": {"kind": "Pod", "name": pod}, "conditions": conditions}


def test_the_port_of_the_pod_is_the_one_of_the_same_name(service: Stub, cluster: Cluster) -> None:
    slices(service, endpoint("a", ready=True))
    assert ready_endpoints(cluster, "ai", "ollama", 80) == (Endpoint("a", 11434),)
    assert ready_endpoints(cluster, "ai", "ollama", 90) == (Endpoint("a", 9000),)


def test_only_a_pod_that_is_ready_is_taken(service: Stub, cluster: Cluster) -> None:
    slices(service, endpoint("a", ready=False), endpoint("b", ready=True))
    assert ready_pod(cluster, "ai", "ollama", 80).pod == "b"


def test_a_readiness_that_is_not_stated_counts_as_ready(service: Stub, cluster: Cluster) -> None:
    slices(service, endpoint("a"))
    assert ready_pod(cluster, "ai", "ollama", 80).pod == "a"


def test_an_address_that_is_no_pod_is_not_forwarded_to(service: Stub, cluster: Cluster) -> None:
    slices(service, {"addresses": ["10.0.0.1"], "conditions": {"ready": True}})
    with pytest.raises(ClusterError, match="No pod behind the Service ollama"):
        ready_pod(cluster, "ai", "ollama", 80)
