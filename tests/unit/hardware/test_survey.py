import pytest

from runbook.hardware import hardware_checks, load_of, machine, survey, with_machines
from runbook.hardware.requests import MANAGED_BY
from runbook.hardware.survey import UNPROBED
from runbook.parameters import Parameters

from .test_machine import SAID

GIB = 1 << 30


def node(name="n1", *, memory="16Gi", allocatable="15Gi", ready=True, **spec):
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    if spec.pop("pressed", False):
        conditions.append({"type": "MemoryPressure", "status": "True"})
    architecture, labels = spec.pop("architecture", "amd64"), spec.pop("labels", {})
    extra = spec.pop("extra", {})
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {
            "capacity": {"cpu": "12", "memory": memory},
            "allocatable": {"cpu": "12", "memory": allocatable, **extra},
            "conditions": conditions,
            "nodeInfo": {
                "architecture": architecture,
                "kernelVersion": "6.1",
                "osImage": "Debian 12",
                "containerRuntimeVersion": "containerd://1.7",
                "kubeletVersion": "v1.36.3",
            },
        },
    }


def pod(where="n1", memory="1Gi", *, own=False, phase="Running", **spec):
    labels = dict([MANAGED_BY]) if own else {}
    containers = [{"resources": {"requests": {"memory": memory, "cpu": "500m"}}}]
    return {
        "metadata": {"labels": labels},
        "spec": {"nodeName": where, "containers": containers, **spec},
        "status": {"phase": phase},
    }


def metrics(name="n1", memory="4Gi"):
    return {"metadata": {"name": name}, "usage": {"memory": memory, "cpu": "1"}}


def storage(name="longhorn", *, default=True):
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return {"metadata": {"name": name, "annotations": annotations}, "provisioner": "driver.longhorn.io"}


def one(pods=(), used=None, **values):
    return survey([node(**values)], pods, None if used is None else [metrics(memory=used)], [storage()]).nodes[0]


def test_facts_of_a_node_are_those_of_the_api():
    found = one([pod()], "4Gi")
    assert (found.name, found.architecture, found.cpus, found.kubelet_version) == ("n1", "amd64", 12, "v1.36.3")
    assert found.memory_installed_bytes == 16 * GIB
    assert found.memory_allocatable_bytes == 15 * GIB
    assert found.memory_requested_bytes == GIB
    assert found.memory_used_bytes == 4 * GIB
    assert found.ready
    assert found.schedulable


def test_free_is_what_remains_of_the_larger_of_requests_and_use():
    assert one([pod(memory="6Gi")], "4Gi").memory_free_for_model_bytes == 9 * GIB
    assert one([pod(memory="1Gi")], "4Gi").memory_free_for_model_bytes == 11 * GIB
    assert "more than others requested" in one([pod()], "4Gi").memory_free_reason


def test_a_pod_of_this_project_leaves_its_place_to_a_model():
    found = one([pod(memory="2Gi", own=True), pod()], "1Gi")
    assert found.memory_requested_bytes == 3 * GIB
    assert found.memory_free_for_model_bytes == 14 * GIB
    assert found.memory_schedulable_bytes == 14 * GIB


def test_ended_pods_and_pods_elsewhere_request_nothing():
    pods = [pod(phase="Succeeded"), pod(phase="Failed"), pod("n2"), pod("", phase="Pending")]
    assert one(pods).memory_requested_bytes == 0


def test_init_containers_count_where_they_need_more_and_sidecars_add_up():
    init = {"resources": {"requests": {"memory": "3Gi"}}}
    sidecar = {"restartPolicy": "Always", "resources": {"requests": {"memory": "1Gi"}}}
    assert one([pod(initContainers=[init])]).memory_requested_bytes == 3 * GIB
    assert one([pod(initContainers=[sidecar])]).memory_requested_bytes == 2 * GIB
    assert one([pod(initContainers=[sidecar, init])]).memory_requested_bytes == 4 * GIB


def test_overhead_limits_and_requests_of_the_whole_pod_count():
    assert one([pod(overhead={"memory": "1Gi"})]).memory_requested_bytes == 2 * GIB
    assert one([pod(resources={"requests": {"memory": "5Gi"}})]).memory_requested_bytes == 5 * GIB
    only_limit = pod(containers=[{"resources": {"limits": {"memory": "2Gi"}}}, {}])
    assert one([only_limit]).memory_requested_bytes == 2 * GIB


def test_without_a_metrics_api_use_is_unknown_and_said_so():
    found = survey([node()], [], None, [])
    assert found.nodes[0].memory_used_bytes is None
    assert "no metrics API" in found.unknown[0]


def test_a_node_that_the_metrics_leave_out_is_named():
    found = survey([node("a"), node("b")], [], [metrics("a")], [])
    assert "memory really used on b" in found.unknown[0]


def test_taints_and_accelerators_are_shown():
    taint = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
    found = one(taints=[taint], extra={"nvidia.com/gpu": "1", "amd.com/gpu": "0", "hugepages-2Mi": "0"})
    assert found.taints == ("gpu=yes:NoSchedule",)
    assert found.accelerators == ("nvidia.com/gpu: 1",)
    assert not found.schedulable


def test_a_node_that_pods_only_prefer_to_avoid_takes_them():
    assert one(taints=[{"key": "old", "effect": "PreferNoSchedule"}]).schedulable


def test_the_best_node_has_most_memory_among_those_that_take_pods():
    large = node("large", allocatable="60Gi", unschedulable=True)
    found = survey([large, node("small", allocatable="4Gi"), node("mid", allocatable="8Gi")], [], None, [])
    assert found.best_node.name == "mid"
    assert survey([], [], None, []).best_node is None


def test_a_storage_class_is_read_with_its_defaults():
    found = survey([], [], None, [storage()]).storage_classes[0]
    assert (found.name, found.is_default, found.binding_mode, found.reclaim_policy) == (
        "longhorn", True, "Immediate", "Delete",
    )  # fmt: skip


def checks(nodes=None, pods=(), classes=None, **values):
    found = survey(nodes or [node()], pods, None, [storage()] if classes is None else classes)
    parameters = Parameters.model_validate({"target": "t", "context": "c"} | values)
    return {check.name: check for check in hardware_checks(found, parameters)}


def test_a_healthy_cluster_passes_every_check():
    assert {check.status for check in checks().values()} == {"passed"}


@pytest.mark.parametrize(
    ("spoiled", "why"),
    [
        (node(ready=False), "not Ready"),
        (node(unschedulable=True), "cordoned"),
        (node(taints=[{"key": "a", "effect": "NoSchedule"}]), "taints a:NoSchedule"),
        (node(architecture="riscv64"), "architecture riscv64"),
    ],
)
def test_a_node_that_takes_no_pod_is_named_with_the_reason(spoiled, why):
    found = checks([spoiled])
    assert found["A node takes the pod"].status == "failed"
    assert why in found["A node takes the pod"].evidence
    assert found["A node has room for the pod"].status == "skipped"


def test_a_label_that_no_node_has_is_named():
    found = checks(node_selector={"disk": "ssd"})["A node takes the pod"]
    assert "has no label disk=ssd" in found.evidence
    assert (
        checks([node(labels={"disk": "ssd"})], node_selector={"disk": "ssd"})["A node takes the pod"].status == "passed"
    )


def test_requests_that_no_node_has_room_for_fail_with_what_is_left():
    found = checks(pods=[pod(memory="14Gi")])["A node has room for the pod"]
    assert found.status == "failed"
    assert "n1: 1.0 GiB" in found.evidence


def test_cpus_that_others_requested_are_gone():
    busy = [pod(memory="0") for _ in range(23)]
    assert checks(pods=busy)["A node has room for the pod"].status == "failed"


def test_a_limit_above_the_node_fails():
    assert checks(memory_limit="32Gi")["The memory limit lies within a node"].status == "failed"


def test_pressure_fails():
    assert "n1: MemoryPressure" in checks([node(pressed=True)])["No node is short of memory or disk"].evidence


def test_a_storage_class_that_is_missing_fails_with_those_that_are_there():
    found = checks(storage_class="fast")["The storage class exists"]
    assert found.status == "failed"
    assert "classes: longhorn" in found.evidence


def test_no_default_class_fails_where_none_is_named():
    assert checks(classes=[storage(default=False)])["A default storage class exists"].status == "failed"
    assert checks(classes=[])["A default storage class exists"].status == "failed"


def test_what_pods_on_the_nodes_found_stands_with_the_node_and_is_no_longer_unknown():
    before = survey([node("a"), node("b")], [], [], [])
    assert UNPROBED in before.unknown
    after = with_machines(before, {"a": machine(SAID)}, ["memory of b: it takes no pods"], memory_modules="2xDDR4-2666")
    assert [one.bandwidth_gb_per_s for one in after.nodes] == [31.0, None]
    assert after.nodes[0].peak.gb_per_s == 42.7
    assert UNPROBED not in after.unknown
    assert "memory of b: it takes no pods" in after.unknown


def test_a_pod_may_come_as_what_is_kept_of_it():
    whole = pod(memory="6Gi", own=True)
    assert survey([node()], [load_of(whole)], None, []) == survey([node()], [whole], None, [])


def test_access_modes_are_those_of_a_known_driver_and_unknown_otherwise():
    found = survey([], [], None, [storage("a"), {"metadata": {"name": "b"}, "provisioner": "example.com/x"}])
    assert found.storage_classes[0].access_modes == ("ReadWriteOnce", "ReadWriteMany")
    assert found.storage_classes[1].access_modes is None


def test_a_long_list_of_nodes_without_metrics_is_cut_short():
    found = survey([node(f"n{number:02}") for number in range(30)], [], [], [])
    assert "n04 and 25 more" in found.unknown[0]
