import copy
import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook.hardware import kept_machine, machine

SAID = {
    "cpu": {
        "model name": "Intel(R)  Core(TM) i5-10400T CPU @ 2.00GHz",
        "flags": "fpu avx2 fma f16c",
        "board": "",
        "places": [["0", str(core)] for core in range(6)] * 2,
        "mixed": False,
        "numa_nodes": 1,
        "hypervisor": False,
    },
    "meminfo_kib": {"MemTotal": 16_000_000, "MemAvailable": 9_000_000, "SwapTotal": 1024, "SwapFree": None},
    "cgroup_version": 2,
    "machine": "x86_64",
    "bandwidth": {
        "read": [30.0, 32.0, 31.0],
        "copy": [28.0, 27.0, 29.0],
        "one_core": [[262144, 60.5], [67108864, 14.0]],
        "threads": 12,
        "quota_cpus": None,
        "buffer_bytes": 64 << 20,
        "cache_bytes": 12 << 20,
        "others_share": 0.02,
        "throttled_periods": 0,
        "seconds": 1.5,
    },
}


def said(**bandwidth):
    changed = copy.deepcopy(SAID)
    changed["bandwidth"] |= bandwidth
    return changed


def test_a_machine_is_read_from_what_the_program_printed():
    found = machine(SAID)
    assert (found.sockets, found.cores, found.threads) == (1, 6, 12)
    assert found.cpu_model == "Intel(R) Core(TM) i5-10400T CPU @ 2.00GHz"
    assert found.instruction_sets == ("AVX2", "FMA", "F16C")
    assert found.swap_total_bytes == 1 << 20
    assert found.swap_free_bytes is None
    assert found.cgroup_version == 2


def test_the_bandwidth_is_that_of_the_faster_way_with_its_spread():
    found = machine(SAID).bandwidth
    assert (found.gb_per_s.median, found.gb_per_s.low, found.gb_per_s.high, found.gb_per_s.runs) == (31, 30, 32, 3)
    assert machine(said(copy=[40.0])).bandwidth.gb_per_s.median == 40
    assert found.doubts == ()
    assert found.one_core[0].gb_per_s == 60.5


@pytest.mark.parametrize(
    ("spoiled", "doubt"),
    [
        ({"others_share": 0.4}, "others took 40% of its CPUs"),
        ({"threads": 2}, "2 of 12 CPUs measured"),
        ({"throttled_periods": 3}, "CPU limit held it back"),
        ({"cache_bytes": 64 << 20}, "less than twice the caches"),
        ({"read": [20.0, 31.0, 32.0]}, "from 20 to 32 GB/s"),
    ],
)
def test_what_disturbed_the_measurement_is_said(spoiled, doubt):
    (only,) = machine(said(**spoiled)).bandwidth.doubts
    assert doubt in only


def test_an_arm_core_has_its_name_from_its_number_and_the_board_its_own():
    cpu = {"CPU implementer": "0x41", "CPU part": "0xd0b", "Features": "fp asimd asimddp", "board": "Raspberry Pi 5"}
    found = machine({**SAID, "cpu": {**cpu, "places": [["0", "0"]], "mixed": False, "numa_nodes": 0, "hypervisor": 0}})
    assert found.cpu_model == "Cortex-A76 Raspberry Pi 5"
    assert found.instruction_sets == ("NEON", "dotprod")
    assert found.numa_nodes == 1


def test_without_a_measurement_the_machine_is_known_all_the_same():
    assert machine({**SAID, "bandwidth": None}).bandwidth is None


@pytest.mark.parametrize("broken", [{}, {**SAID, "cpu": None}, said(read=[]), said(read=[-1.0]), None])
def test_what_is_not_of_the_program_is_refused(broken):
    with pytest.raises(ValueError, match="the probe"):
        machine(broken)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)))
def test_anything_in_place_of_a_field_is_read_or_refused_never_a_crash(anything):
    for field in SAID:
        try:
            machine({**SAID, field: anything})
        except ValueError:
            continue


def test_the_form_survives_json():
    assert machine(json.loads(json.dumps(SAID))) == machine(SAID)


def test_a_kept_survey_gives_back_the_machine_of_the_roomiest_ready_node():
    said = json.loads(json.dumps(dataclasses.asdict(machine(SAID))))
    small = {"ready": True, "memory_free_for_model_bytes": 1, "machine": {**said, "cpu_model": "other"}}
    large = {"ready": True, "memory_free_for_model_bytes": 2, "machine": said}
    away = {"ready": False, "memory_free_for_model_bytes": 3, "machine": said}
    assert kept_machine([small, large, away]) == machine(SAID)


def test_a_survey_without_a_probe_keeps_no_machine():
    assert kept_machine([{"ready": True, "memory_free_for_model_bytes": 1, "machine": None}]) is None
