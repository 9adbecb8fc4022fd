from __future__ import annotations

from typing import Any

import pytest

from runbook.kubernetes.api import Refusal
from runbook.kubernetes.diagnosis import judge
from runbook.kubernetes.workload import event_time, parse_time

from .recorded import TEMPLATE, Scene, ago, thing


def test_the_newest_replica_set_is_the_one_of_the_present_template(scene: Scene) -> None:
    other = {"metadata": {}, "spec": {"containers": [{"name": "x"}]}}
    newer = {"annotations": {"deployment.kubernetes.io/revision": "2"}}
    scene.add(thing("ReplicaSet", "ollama-2", owner=scene.deployment, metadata=newer, spec={"template": other}))
    assert scene.workload.newest == scene.replica_set


def test_a_replica_set_of_another_deployment_is_not_ours(scene: Scene) -> None:
    scene.add(thing("ReplicaSet", "web-1", spec={"template": TEMPLATE}))
    assert scene.workload.replica_sets == [scene.replica_set]


def test_the_pod_to_judge_is_the_youngest(scene: Scene) -> None:
    younger = thing("Pod", "b", owner=scene.replica_set, metadata={"creationTimestamp": ago(1)}, spec={}, status={})
    scene.add(younger)
    assert scene.workload.pod == younger


def test_an_event_of_an_earlier_object_of_the_same_name_is_not_read(scene: Scene) -> None:
    scene.event({"metadata": {"uid": "gone"}}, "Failed", "old news")
    assert scene.workload.events(scene.pod, "Failed") == []


def test_the_time_of_an_event_is_the_last_one_it_states() -> None:
    scheduler: dict[str, Any] = {"eventTime": ago(9), "firstTimestamp": None, "lastTimestamp": None, "metadata": {}}
    assert event_time(scheduler) == parse_time(ago(9))
    assert event_time({**scheduler, "series": {"lastObservedTime": ago(2)}}) == parse_time(ago(2))
    assert event_time({"metadata": {}}) is None


def test_what_may_not_be_read_outside_the_namespace_counts_as_not_there(scene: Scene) -> None:
    scene.recorded.forbidden = {"Node", "StorageClass"}
    scene.pod["spec"]["nodeName"] = "n1"
    assert (scene.workload.node, scene.workload.nodes, scene.workload.storage_classes) == (None, [], [])


def test_a_deployment_that_may_not_be_read_is_not_taken_for_absent(scene: Scene) -> None:
    scene.recorded.forbidden = {"Deployment"}
    with pytest.raises(Refusal):
        judge(scene.workload)


def test_an_event_shows_its_age(scene: Scene) -> None:
    scene.event(scene.pod, "Pulling", "Pulling image", 12)
    assert str(scene.workload.events(scene.pod)[0]) == "event Pulling, 12 s ago: Pulling image"
