"""The common causes of a failed rollout, each produced for real, all at once, and told apart."""

from __future__ import annotations

import time

import pytest

from runbook.errors import RolloutFailed
from runbook.kubernetes import Cluster, Diagnosis, diagnose, wait_for_rollout

from ..conftest import NewNamespace
from .conftest import Deploy
from .faults import FAULTS, Fault

PATIENCE_S = 60.0
CLASSLESS = {
    "storageClassName": "tape-robot",
    "accessModes": ["ReadWriteOnce"],
    "resources": {"requests": {"storage": "1Gi"}},
}


@pytest.fixture(scope="module")
def spoilt(cluster: Cluster, new_namespace: NewNamespace, deploy: Deploy) -> dict[str, str]:
    """Every fault, begun at the same time, and a sound Deployment beside them: the namespace of each."""
    shared = new_namespace({})
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": CLASSLESS}
    cluster.create({**claim, "metadata": {"name": "classless", "namespace": shared}})
    deploy(shared, "sound")
    where = {"sound": shared}
    for name, fault in FAULTS.items():
        own = fault.rule or fault.labels
        where[name] = new_namespace(fault.labels) if own else shared
        if fault.rule:
            cluster.create({**fault.rule, "metadata": {"name": "rule", "namespace": where[name]}})
        deploy(where[name], name, fault.spoil)
    return where


def is_explained(found: Diagnosis | None, fault: Fault) -> bool:
    return found is not None and found.id == fault.cause and fault.words.lower() in str(found).lower()


def eventually(cluster: Cluster, namespace: str, name: str, fault: Fault) -> Diagnosis | None:
    """The diagnosis once it is the expected one, or the last one when the time is over."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = diagnose(cluster, namespace, name)
        if is_explained(found, fault) or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_recognised_and_explained(cluster: Cluster, spoilt: dict[str, str], name: str) -> None:
    found = eventually(cluster, spoilt[name], name, FAULTS[name])
    assert is_explained(found, FAULTS[name]), found


def test_the_sound_one_beside_them_has_no_cause(cluster: Cluster, spoilt: dict[str, str]) -> None:
    wait_for_rollout(cluster, spoilt["sound"], "sound", 60.0)
    assert diagnose(cluster, spoilt["sound"], "sound") is None


def test_a_rollout_that_cannot_succeed_is_not_waited_for(cluster: Cluster, spoilt: dict[str, str]) -> None:
    started = time.monotonic()
    with pytest.raises(RolloutFailed, match="cannot become ready") as caught:
        wait_for_rollout(cluster, spoilt["claim-without-its-class"], "claim-without-its-class", 600.0)
    assert time.monotonic() - started < 30
    assert "91_troubleshoot, section Storage" in caught.value.next


def test_a_rollout_that_might_still_succeed_is_waited_for_as_long_as_was_said(
    cluster: Cluster, spoilt: dict[str, str]
) -> None:
    said: list[str] = []
    with pytest.raises(RolloutFailed, match=r"did not become ready in \d s") as caught:
        wait_for_rollout(cluster, spoilt["listens-on-loopback"], "listens-on-loopback", 2.0, said.append)
    assert "connection refused" in caught.value.why
    assert said
