from __future__ import annotations

from runbook.kubernetes import Cluster, diagnose, wait_for_rollout
from runbook.parameters import Parameters

from .conftest import Deploy


def test_a_rollout_says_what_it_waits_for_and_what_came_of_it(
    cluster: Cluster, parameters: Parameters, namespace: str, deploy: Deploy
) -> None:
    deploy(namespace, "sound")
    said: list[str] = []
    rollout = wait_for_rollout(cluster, namespace, "sound", 60.0, said.append)
    assert rollout.pod.startswith("sound-")
    assert rollout.image == parameters.image
    assert rollout.image_id.startswith("sha256:")
    assert 0 < rollout.seconds < 60
    assert any("probes" in line or "volume" in line for line in said)
    assert diagnose(cluster, namespace, "sound") is None


def test_a_rollout_after_a_fault_was_mended_is_not_judged_by_the_fault(
    cluster: Cluster, namespace: str, deploy: Deploy
) -> None:
    deploy(namespace, "mended", lambda spec, pod, container: container.update(image="UPPER:case"))
    found = diagnose(cluster, namespace, "mended")
    assert found is not None
    deploy(namespace, "mended")
    assert wait_for_rollout(cluster, namespace, "mended", 60.0).pod
