from dataclasses import replace
from typing import Any

import pytest

from runbook import views
from runbook.hardware import Bandwidth, Machine, NodeFacts, Peak, Placement, Reading, Spread, StorageClass, Survey

GIB = 2**30
SPREAD = Spread(31.0, 28.0, 33.0, 9)
STEPS = (Reading(1 << 20, 60.0), Reading(256 << 20, 14.0))
BANDWIDTH = Bandwidth(SPREAD, SPREAD, Spread(20.0, 19.0, 21.0, 9), 12, 256 << 20, 1.5, 0.3, ("<b>busy</b>",), STEPS)
MACHINE = Machine("<i>CPU</i>", 1, 6, 12, False, False, 1, ("AVX2",), 12 << 20, 0, 0, GIB, 2, BANDWIDTH)


@pytest.fixture
def node() -> NodeFacts:
    values: dict[str, Any] = {
        "name": "one",
        "architecture": "amd64",
        "cpus": 12,
        "cpus_allocatable": 12.0,
        "cpus_requested": 2.0,
        "memory_installed_bytes": 16 * GIB,
        "memory_allocatable_bytes": 15 * GIB,
        "memory_requested_bytes": 4 * GIB,
        "memory_used_bytes": None,
        "memory_free_for_model_bytes": 11 * GIB,
        "memory_free_reason": "allocatable less what other pods requested",
        "memory_schedulable_bytes": 11 * GIB,
        "kernel": "6.1",
        "os_image": "Debian",
        "container_runtime": "containerd",
        "kubelet_version": "v1.36.3",
        "taints": ("gpu:NoSchedule",),
        "conditions": ("Ready", "DiskPressure"),
        "ready": True,
        "schedulable": True,
    }
    return NodeFacts(**values, machine=MACHINE, peak=Peak(42.7, "2xDDR4-2666, from the target"))


def test_a_survey_shows_the_measured_speed_beside_the_theoretical_one(node: NodeFacts) -> None:
    storage = StorageClass("local", "x", True, "Immediate", "Delete", False, ("ReadWriteOnce",))
    shown = views.survey(Survey((node,), (storage,), ("swap of two: it takes no pods",), True))
    for words in ("31.0 (28.0 to 33.0) GB/s", "42.7 GB/s", "73%", "AVX2", "v2", "ReadWriteOnce", "DiskPressure"):
        assert words in shown.text
    assert "Not known: swap of two" in shown.text
    assert "The metrics API is present" in shown.text


def test_what_a_node_says_of_itself_is_only_text(node: NodeFacts) -> None:
    shown = views.survey(Survey((node,), (), ()))
    assert "<i>" not in shown.html
    assert "<b>" not in shown.html
    assert "&lt;i&gt;CPU" in shown.html


def test_without_a_probe_the_survey_says_that_nothing_was_measured(node: NodeFacts) -> None:
    shown = views.survey(Survey((replace(node, machine=None, peak=None),), (), ()))
    assert "Speed of the memory, median (lowest to highest): not measured" in shown.text


def test_of_thousands_of_nodes_some_are_shown_and_the_rest_are_counted(node: NodeFacts) -> None:
    shown = views.survey(Survey(tuple(replace(node, name=f"n{number}") for number in range(5000)), (), ()))
    assert "4,980 more nodes" in shown.text
    assert len(shown.html) < 100_000


def test_what_limits_a_model_is_the_plans_own_table(node: NodeFacts) -> None:
    text = views.constraints(Survey((node,), (), ())).text
    limit = "31 GB/s measured, while 6 cores take 360 GB/s from their caches: the bottleneck"
    for words in ("6 cores / 12 threads (AVX2)", "10 CPUs not requested", limit, "none"):
        assert words in text


def test_a_node_that_is_out_has_no_place_and_its_reasons(node: NodeFacts) -> None:
    places = [Placement(1, "a", "fits", 2 * GIB, GIB, 31.0), Placement(0, "b", "cordoned", GIB, GIB, None)]
    rows = views.placements(places).text.splitlines()
    assert rows[2].startswith("1")
    assert rows[3].startswith("out")
    assert rows[3].endswith("cordoned")


def test_the_curve_says_in_words_what_it_shows() -> None:
    drawn = views.bandwidth_curve(MACHINE, 300 << 20, "a model")
    assert "up to 60 GB/s from its caches and 14 GB/s from memory" in drawn.text
    assert "all 12 threads together read 31 GB/s" in drawn.text
    assert "the weights of a model are 300.0 MiB" in drawn.text
    assert "one core reads up to 60" in drawn.svg


@pytest.mark.parametrize("machine", [None, replace(MACHINE, bandwidth=None)])
def test_without_figures_the_curve_says_so(machine: Machine | None) -> None:
    assert "no node was measured" in views.bandwidth_curve(machine).text


def test_memory_that_keeps_up_with_the_caches_is_not_called_the_bottleneck(node: NodeFacts) -> None:
    slow = replace(BANDWIDTH, one_core=(Reading(1 << 20, 5.0), Reading(64 << 20, 5.0)))
    shown = views.constraints(Survey((replace(node, machine=replace(MACHINE, bandwidth=slow)),), (), ())).text
    assert "31 GB/s measured" in shown
    assert "bottleneck" not in shown
