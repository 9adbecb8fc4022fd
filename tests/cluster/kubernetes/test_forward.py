from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from runbook.errors import ClusterError
from runbook.kubernetes import Cluster, exec_in_pod, port_forward, wait_for_rollout
from runbook.parameters import Parameters

from .conftest import Deploy

MIB = 1 << 20


@pytest.fixture(scope="module")
def url(cluster: Cluster, deployed: Parameters) -> Iterator[str]:
    with port_forward(cluster, deployed.namespace, "ollama", 11434) as address:
        yield address


def pieces(block: bytes, count: int) -> Iterator[bytes]:
    return (block for _ in range(count))


def test_many_requests_over_one_connection_and_over_many(url: str) -> None:
    with httpx.Client(trust_env=False) as client:
        assert all(client.get(f"{url}/api/version").status_code == 200 for _ in range(100))
    assert all(httpx.get(f"{url}/api/version", trust_env=False).status_code == 200 for _ in range(10))


def test_many_connections_at_once(url: str) -> None:
    def ask(_: int) -> str:
        return str(httpx.get(f"{url}/api/version", trust_env=False, timeout=30).json()["version"])

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(48))) == {"0.15.6"}


def test_a_large_body_arrives_whole(url: str) -> None:
    block, count = bytes(range(256)) * 4096, 64
    digest = hashlib.sha256(block * count).hexdigest()
    # The server checks the digest of what it received.
    sent = httpx.post(f"{url}/api/blobs/sha256:{digest}", content=pieces(block, count), trust_env=False, timeout=60)
    assert sent.status_code == 201


def test_a_large_answer_arrives_whole_though_the_reader_is_slow(
    cluster: Cluster, namespace: str, deploy: Deploy
) -> None:
    serve = "cd /tmp; head -c 67108864 /dev/urandom > big; touch ready; httpd -f -p 8080"
    deploy(namespace, "files", lambda spec, pod, container: _files(container, serve))
    spec = {"selector": {"app": "files"}, "ports": [{"port": 80, "targetPort": 8080}]}
    metadata = {"name": "files", "namespace": namespace}
    cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    pod = wait_for_rollout(cluster, namespace, "files", 60.0).pod
    expected = exec_in_pod(cluster, namespace, pod, ["sha256sum", "/tmp/big"]).split()[0]  # noqa: S108
    digest = hashlib.sha256()
    with (
        port_forward(cluster, namespace, "files", 80) as address,
        httpx.stream("GET", f"{address}/big", trust_env=False, timeout=60) as answer,
    ):
        for number, block in enumerate(answer.iter_raw(256 << 10)):
            digest.update(block)
            if number % 50 == 0:
                time.sleep(0.01)
    assert digest.hexdigest() == expected


def _files(container: dict[str, Any], script: str) -> None:
    """A server of one large file instead of Ollama."""
    container |= {"command": ["sh", "-c", script], "ports": [{"name": "http", "containerPort": 8080}]}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        container[probe]["httpGet"] = {"path": "/ready", "port": "http"}


def test_a_pod_that_is_replaced_costs_no_later_connection(cluster: Cluster, namespace: str, deploy: Deploy) -> None:
    deploy(namespace, "server")
    spec = {"selector": {"app": "server"}, "ports": [{"port": 11434}]}
    metadata = {"name": "server", "namespace": namespace}
    cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    first = wait_for_rollout(cluster, namespace, "server", 60.0).pod
    with port_forward(cluster, namespace, "server", 11434) as address:
        assert httpx.get(address, trust_env=False).text == "Ollama is running"
        cluster.delete("Pod", first, namespace, grace_s=0)
        deadline = time.monotonic() + 30
        answer = httpx.get(address, trust_env=False)
        while answer.status_code != 200 and time.monotonic() < deadline:
            assert answer.status_code == 502
            assert answer.json()["error"].startswith("port-forward: ")
            time.sleep(0.3)
            answer = httpx.get(address, trust_env=False)
        assert answer.text == "Ollama is running"
    assert wait_for_rollout(cluster, namespace, "server", 60.0).pod != first


def test_a_port_that_nobody_listens_on_is_said_in_the_answer(cluster: Cluster, deployed: Parameters) -> None:
    spec = {"selector": {"app.kubernetes.io/name": "ollama"}, "ports": [{"port": 81, "targetPort": 9999}]}
    metadata = {"name": "deaf", "namespace": deployed.namespace}
    cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    _until_ready(cluster, deployed.namespace, "deaf")
    with port_forward(cluster, deployed.namespace, "deaf", 81) as address:
        answer = httpx.get(address, trust_env=False)
    assert answer.status_code == 502
    assert "refused" in answer.json()["error"]


def _until_ready(cluster: Cluster, namespace: str, service: str) -> None:
    """A slice of endpoints follows its Service a moment later."""
    deadline = time.monotonic() + 10
    labels = f"kubernetes.io/service-name={service}"
    while not any(one.get("endpoints") for one in cluster.list("EndpointSlice", namespace, labels=labels)):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_service_without_a_ready_pod_is_refused_at_once(cluster: Cluster, namespace: str) -> None:
    metadata = {"name": "empty", "namespace": namespace}
    spec = {"selector": {"app": "nobody"}, "ports": [{"port": 80}]}
    cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    for service, port, words in (
        ("empty", 80, "No pod behind the Service empty"),
        ("empty", 81, "has no port 81"),
        ("absent", 80, "no Service absent"),
    ):
        with pytest.raises(ClusterError, match=words), port_forward(cluster, namespace, service, port):
            pass


def test_afterwards_nothing_listens_and_no_thread_is_left(cluster: Cluster, deployed: Parameters) -> None:
    before = set(threading.enumerate())
    with port_forward(cluster, deployed.namespace, "ollama", 11434) as address:
        client = httpx.Client(trust_env=False)
        client.get(address)
    assert set(threading.enumerate()) <= before
    with pytest.raises(httpx.TransportError):
        client.get(address)
    client.close()
