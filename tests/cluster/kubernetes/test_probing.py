from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest

from runbook.hardware import NodeFacts
from runbook.hardware import survey as facts
from runbook.kubernetes import Cluster, list_loads, list_nodes, probe_nodes, survey
from runbook.kubernetes.api import Refusal
from runbook.kubernetes.probing import DEADLINE_S, LABELS, sweep
from runbook.parameters import Parameters
from runbook.targets import PROJECT

from .accounts import as_account

Json = dict[str, Any]
Restricted = Callable[..., Cluster]
QUICK_S = 0.2
PODS: Json = {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "get", "list", "delete"]}
LOGS: Json = {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}
QUOTAS: Json = {"apiGroups": [""], "resources": ["resourcequotas"], "verbs": ["list"]}


@pytest.fixture(scope="module")
def nodes(cluster: Cluster) -> Sequence[NodeFacts]:
    return facts(list_nodes(cluster), list_loads(cluster), None, []).nodes


@pytest.fixture
def restricted(cluster: Cluster, namespace: str) -> Iterator[Restricted]:
    """Makes a connection of somebody who may do in the test's namespace what the rules say, and nothing elsewhere."""
    with ExitStack() as open_connections:

        def connection(*rules: Json) -> Cluster:
            meta = {"name": "somebody", "namespace": namespace}
            group = "rbac.authorization.k8s.io"
            root = f"/apis/{group}/v1/namespaces/{namespace}"
            account = open_connections.enter_context(as_account(cluster, namespace, "somebody"))
            cluster.request("POST", f"{root}/roles", body={"metadata": meta, "rules": list(rules)})
            reference = {"apiGroup": group, "kind": "Role", "name": "somebody"}
            binding = {"metadata": meta, "subjects": [{"kind": "ServiceAccount", **meta}], "roleRef": reference}
            cluster.request("POST", f"{root}/rolebindings", body=binding)
            return account

        yield connection


def left_behind(cluster: Cluster) -> list[str]:
    selector = ",".join(f"{key}={value}" for key, value in LABELS.items())
    found = cluster.list("Namespace", labels=selector)
    return [one["metadata"]["name"] for one in found if not one["metadata"].get("deletionTimestamp")]


def test_a_pod_measures_the_node_and_nothing_is_left(
    cluster: Cluster, parameters: Parameters, nodes: Sequence[NodeFacts]
) -> None:
    before = set(left_behind(cluster))
    told: list[str] = []
    probed = probe_nodes(cluster, parameters, nodes, progress=told.append, measure_s=QUICK_S)
    assert probed.unknown == ()
    machine = probed.machines[nodes[0].name]
    assert machine.threads == nodes[0].cpus
    assert machine.bandwidth is not None
    assert machine.bandwidth.threads == nodes[0].cpus
    assert machine.cgroup_version in (1, 2)
    assert told == [f"measuring the memory of {nodes[0].name}"]
    assert set(left_behind(cluster)) <= before


def test_who_may_make_no_namespace_measures_within_the_quota_of_the_target(
    cluster: Cluster, parameters: Parameters, nodes: Sequence[NodeFacts], namespace: str, restricted: Restricted
) -> None:
    hard = {"limits.cpu": "600m", "limits.memory": "128Mi", "requests.cpu": "1", "requests.memory": "1Gi"}
    body = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": namespace}}
    cluster.create(body | {"spec": {"hard": hard}})
    there = parameters.model_copy(update={"namespace": namespace})
    wait_until(lambda: bool((cluster.get("ResourceQuota", "q", namespace) or {})["status"].get("hard")))
    probed = probe_nodes(restricted(PODS, LOGS, QUOTAS), there, nodes, measure_s=QUICK_S)
    measured = probed.machines[nodes[0].name].bandwidth
    assert measured is not None
    assert measured.threads == 1
    assert measured.buffer_bytes <= 96 << 20
    assert any("as the pod's limit or cpuset allows" in doubt for doubt in measured.doubts)
    assert [pod for pod in cluster.list("Pod", namespace) if not pod["metadata"].get("deletionTimestamp")] == []


def test_a_quota_without_room_is_said_with_its_figures(
    cluster: Cluster, parameters: Parameters, nodes: Sequence[NodeFacts], namespace: str, restricted: Restricted
) -> None:
    body = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": namespace}}
    cluster.create(body | {"spec": {"hard": {"limits.memory": "64Mi"}}})
    there = parameters.model_copy(update={"namespace": namespace})
    wait_until(lambda: bool((cluster.get("ResourceQuota", "q", namespace) or {})["status"].get("hard")))
    (unknown,) = probe_nodes(restricted(PODS, LOGS, QUOTAS), there, nodes).unknown
    assert "left: 64 MiB" in unknown


def test_who_may_do_nothing_gets_a_survey_that_says_what_it_could_not_know(
    parameters: Parameters, namespace: str, restricted: Restricted
) -> None:
    there = parameters.model_copy(update={"namespace": namespace})
    found = survey(restricted(), there)
    assert found.nodes == found.storage_classes == ()
    for what in ("nodes", "pods", "storage classes", "memory really used"):
        assert any(what in one for one in found.unknown), found.unknown


def test_who_may_run_no_pods_is_told_so_and_by_which_right(
    parameters: Parameters, nodes: Sequence[NodeFacts], namespace: str, restricted: Restricted
) -> None:
    there = parameters.model_copy(update={"namespace": namespace})
    (unknown,) = probe_nodes(restricted(QUOTAS), there, nodes).unknown
    assert "cannot create resource" in unknown


@pytest.mark.parametrize(
    ("image", "words"),
    [("runbook.local/absent:1", "did not end in time"), ("runbook.local/pause:1", "python3")],
)
def test_an_image_that_is_missing_or_has_no_python_is_said_before_the_deadline(
    cluster: Cluster, parameters: Parameters, nodes: Sequence[NodeFacts], image: str, words: str
) -> None:
    began = time.monotonic()
    (unknown,) = probe_nodes(cluster, parameters.model_copy(update={"probe_image": image}), nodes).unknown
    assert words in unknown
    assert time.monotonic() - began < DEADLINE_S


def test_without_an_image_nothing_is_started(cluster: Cluster, parameters: Parameters, nodes: Any) -> None:
    (unknown,) = probe_nodes(cluster, parameters.model_copy(update={"probe_image": None}), nodes).unknown
    assert "names no probe_image" in unknown


def test_what_a_killed_survey_leaves_the_next_one_removes(cluster: Cluster, parameters: Parameters) -> None:
    before = set(left_behind(cluster))
    command = [sys.executable, "-m", "runbook", "survey", "local"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=PROJECT)
    wait_until(lambda: bool(set(left_behind(cluster)) - before))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    left = set(left_behind(cluster)) - before
    assert left
    sweep(cluster, parameters.namespace)
    assert left <= set(left_behind(cluster)), "what is young may belong to a survey that runs"
    assert sweep(cluster, parameters.namespace, older_than_s=0) >= 1
    assert not left & set(left_behind(cluster))


def test_an_interrupt_takes_the_pod_and_the_namespace_with_it(cluster: Cluster) -> None:
    before = set(left_behind(cluster))
    command = [sys.executable, "-m", "runbook", "survey", "local"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=PROJECT)
    wait_until(lambda: bool(set(left_behind(cluster)) - before))
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert set(left_behind(cluster)) <= before


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            if holds():
                return
        except (KeyError, Refusal):
            pass
        assert time.monotonic() < deadline
        time.sleep(0.05)
