from dataclasses import replace

import pytest

from runbook.hardware import machine, rank_nodes, survey, with_machines

from .test_machine import SAID, said
from .test_survey import node, pod

GIB = 1 << 30
POD = {"containers": [{"resources": {"requests": {"cpu": "1", "memory": "2Gi"}}}]}
TAINT = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}


def ranked(nodes, spec=POD, pods=(), machines=None, needed=2 * GIB, volume=None):
    found = with_machines(survey(nodes, pods, None, []), machines or {})
    return rank_nodes(found.nodes, spec, needed_bytes=needed, volume=volume)


def refusal(body, spec=POD, **more):
    (only,) = ranked([body], spec, **more)
    assert only.rank == 0
    return only.reason


def affinity(*terms):
    required = {"nodeSelectorTerms": list(terms)}
    return POD | {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}}


def term(key, operator, *values):
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def test_more_free_memory_comes_first_where_nothing_was_measured():
    found = ranked([node("small", allocatable="4Gi"), node("large", allocatable="8Gi")])
    assert [(one.rank, one.node) for one in found] == [(1, "large"), (2, "small")]
    assert "8.0 GiB free for 2.0 GiB needed" in found[0].reason


def test_faster_memory_comes_before_more_of_it():
    machines = {"fast": machine(said(read=[60.0])), "large": machine(SAID)}
    found = ranked([node("fast", allocatable="4Gi"), node("large", allocatable="8Gi")], machines=machines)
    assert [one.node for one in found] == ["fast", "large"]


def test_a_difference_that_repeated_runs_show_does_not_count():
    machines = {"a": machine(said(read=[31.5])), "b": machine(SAID)}
    found = ranked([node("a", allocatable="4Gi"), node("b", allocatable="8Gi")], machines=machines)
    assert [one.node for one in found] == ["b", "a"]


def test_a_node_without_the_memory_comes_last_and_says_that_the_model_does_not_fit():
    found = ranked([node("a", allocatable="4Gi")], needed=5 * GIB)
    assert found[0].rank == 1
    assert "the model does not fit: 4.0 GiB free for 5.0 GiB needed" in found[0].reason


@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        (node(ready=False), "not Ready"),
        (node(unschedulable=True), "cordoned"),
        (node(pressed=True), "under MemoryPressure"),
        (node(taints=[TAINT]), "taint gpu=yes:NoSchedule, which the pod does not tolerate"),
        (node(architecture="s390x"), "architecture s390x"),
        (node(allocatable="1Gi"), "needs 2.0 GiB and has 1.0 GiB: 1.0 GiB allocatable less 0.0 GiB requested"),
    ],
)
def test_why_the_scheduler_would_refuse_a_node_is_said(spoiled, reason):
    assert reason in refusal(spoiled)


def test_every_reason_is_said_and_not_the_first_alone():
    reason = refusal(node(ready=False, unschedulable=True, taints=[TAINT]))
    assert all(word in reason for word in ("not Ready", "cordoned", "gpu=yes"))


def test_taints_that_only_repeat_a_state_are_not_said_twice():
    taints = [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]
    assert refusal(node(ready=False, taints=taints)) == "not Ready"


def test_the_arithmetic_of_cpus_counts_others_and_not_ourselves():
    others = [pod(memory="0") for _ in range(23)]
    assert "needs 1 CPUs and has 0.5: 12 allocatable less 11.5 requested" in refusal(node(), pods=others)
    assert ranked([node()], pods=[pod(memory="0", own=True) for _ in range(24)])[0].rank == 1


def test_a_node_full_of_pods_is_named_with_their_number():
    full = node(extra={"pods": "1"})
    assert "1 pods run there, and it takes 1" in refusal(full, pods=[pod(memory="0")])


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "gpu", "value": "yes"}, True),
        ({"key": "gpu", "value": "no"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"operator": "Exists"}, True),
        ({"operator": "Equal"}, False),
        ({"key": "other", "operator": "Exists"}, False),
    ],
)
def test_a_taint_is_tolerated_by_the_schedulers_own_rules(toleration, tolerated):
    (found,) = ranked([node(taints=[TAINT])], POD | {"tolerations": [toleration]})
    assert (found.rank == 1) is tolerated


@pytest.mark.parametrize(
    ("terms", "meets"),
    [
        ([term("disk", "In", "ssd", "nvme")], True),
        ([term("disk", "NotIn", "ssd")], False),
        ([term("absent", "NotIn", "x")], True),
        ([term("disk", "Exists")], True),
        ([term("disk", "DoesNotExist")], False),
        ([term("cores", "Gt", "4")], True),
        ([term("cores", "Lt", "4")], False),
        ([term("disk", "Gt", "4")], False),
        ([term("absent", "Exists"), term("disk", "Exists")], True),
        ([{}], False),
        ([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}], True),
    ],
)
def test_affinity_is_met_by_the_schedulers_own_rules(terms, meets):
    (found,) = ranked([node(labels={"disk": "ssd", "cores": "6"})], affinity(*terms))
    assert (found.rank == 1) is meets


def test_a_selector_that_a_node_lacks_is_named():
    assert "lacks the label disk=ssd" in refusal(node(), POD | {"nodeSelector": {"disk": "ssd"}})


def test_a_volume_that_lies_on_another_node_is_named():
    required = {"nodeSelectorTerms": [term("kubernetes.io/hostname", "In", "n2")]}
    volume = {"metadata": {"name": "pvc-1"}, "spec": {"nodeAffinity": {"required": required}}}
    assert "the model volume pvc-1 can only be used where kubernetes.io/hostname In n2" in refusal(
        node(), volume=volume
    )
    there = node(labels={"kubernetes.io/hostname": "n2"})
    assert ranked([there], volume=volume)[0].rank == 1


def test_the_order_does_not_depend_on_that_of_the_nodes():
    nodes = list(survey([node(name) for name in "abc"], [], None, []).nodes)
    nodes[1] = replace(nodes[1], ready=False, schedulable=False)
    forward = rank_nodes(nodes, POD, needed_bytes=GIB)
    assert forward == rank_nodes(nodes[::-1], POD, needed_bytes=GIB)
    assert [one.node for one in forward] == ["a", "c", "b"]
