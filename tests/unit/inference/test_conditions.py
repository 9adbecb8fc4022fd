from __future__ import annotations

from dataclasses import replace

from runbook.inference import Sample, conditions

BEFORE = Sample(10.0, 0, 0, 0, 0, 0, 100.0, 1000, 5, 500.0, 2000.0, 0)
# Two CPUs for ten seconds, of which the pod took 18.
QUIET = replace(BEFORE, at_s=20.0, cpu_s=118.0, periods=1100, node_busy_s=518.5, node_cpu_s=2020.0)


def test_a_quiet_node_disturbs_nobody() -> None:
    found = conditions(BEFORE, QUIET)
    assert (found.fault, found.disturbance, found.node_cores) == ("", "", 2)


def test_others_that_take_what_the_model_could_use_are_named() -> None:
    found = conditions(BEFORE, replace(QUIET, cpu_s=112.0, node_busy_s=520.0))
    assert found.disturbance == "busy node: others used 0.8 of 2 CPUs"


def test_others_disturb_nobody_as_long_as_there_is_cpu_left() -> None:
    assert conditions(BEFORE, replace(QUIET, cpu_s=104.0, node_busy_s=510.0)).disturbance == ""


def test_a_pod_that_used_up_its_limit_is_said_with_the_share_of_its_periods() -> None:
    found = conditions(BEFORE, replace(QUIET, throttled_periods=35))
    assert found.fault == "the CPU limit stopped the pod in 30% of its periods"


def test_a_node_that_swapped_is_said() -> None:
    assert conditions(BEFORE, replace(QUIET, swapped_pages=1200)).fault == "the node swapped 1,200 pages"


def test_without_samples_nothing_is_known_and_nothing_is_blamed() -> None:
    for found in (conditions(None, QUIET), conditions(BEFORE, None), conditions(QUIET, BEFORE)):
        assert (found.fault, found.disturbance) == ("", "")


def test_counters_that_began_anew_are_not_known() -> None:
    assert conditions(BEFORE, replace(QUIET, cpu_s=1.0)).pod_cores is None
