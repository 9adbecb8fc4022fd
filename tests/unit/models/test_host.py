"""The host that a surveyed machine is: its threads as Ollama counts them, and what is wrong with them."""

from dataclasses import replace

import pytest

from runbook.hardware import Bandwidth, Machine, Spread
from runbook.models import Calibration, find, host_on, measured_speed
from runbook.models.host import MANY_CORES_SHARE, MEASURED_SHARE, Host

READ = Spread(27.0, 26.0, 28.0, 5)
I5_10400T = Machine(
    cpu_model="Intel(R) Core(TM) i5-10400T CPU @ 2.00GHz",
    sockets=1,
    cores=6,
    threads=12,
    has_mixed_cores=False,
    is_virtual=False,
    numa_nodes=1,
    instruction_sets=("AVX2",),
    cache_bytes=12 << 20,
    swap_total_bytes=0,
    swap_free_bytes=0,
    memory_available_bytes=10 << 30,
    cgroup_version=2,
    bandwidth=Bandwidth(READ, READ, READ, 12, 1 << 30, 3.0),
)


@pytest.mark.parametrize(("limit", "threads"), [(4, 4), (3.5, 3), (0.5, 1), (7.65, 7), (None, 6)])
def test_rc_02_the_threads_of_a_limit(limit, threads):
    assert host_on(I5_10400T, limit).threads == threads


def test_a_limit_that_wastes_or_shares_cores_is_named_among_the_reasons():
    assert "rounded down to 3 threads" in " ".join(host_on(I5_10400T, 3.5).doubts)
    assert "6 physical cores" in " ".join(host_on(I5_10400T, 8).doubts)
    assert not host_on(I5_10400T, 4).thread_warning


def test_a_limit_that_ollama_cannot_read_is_named():
    old = replace(I5_10400T, cgroup_version=1)
    assert host_on(old, 2).threads == 6
    assert "cgroup v1" in host_on(old, 2).thread_warning


def test_a_machine_whose_memory_was_not_measured_is_no_host():
    assert host_on(replace(I5_10400T, bandwidth=None), 4) is None


def test_a_surveyed_machine_counts_with_what_was_read_on_it():
    host = host_on(I5_10400T, 4)
    assert (host.bandwidth_gb_per_s, host.basis, host.share) == (27.0, "measured", MEASURED_SHARE)


def test_a_bandwidth_that_was_read_on_a_busy_node_is_a_loose_guess_that_says_so():
    doubtful = replace(I5_10400T, bandwidth=replace(I5_10400T.bandwidth, doubts=("the node was busy",)))
    quiet, busy = host_on(I5_10400T, 4), host_on(doubtful, 4)
    assert busy.share.factor > 1.5 * quiet.share.factor
    assert busy.share.expected > quiet.share.expected
    assert "the node was busy" in busy.doubts


def test_parts_of_memory_that_are_not_equally_near_count_as_several_processors():
    host = host_on(replace(I5_10400T, numa_nodes=2))
    assert host.share == MANY_CORES_SHARE
    assert any("where the pages lie" in doubt for doubt in host.doubts)


def test_an_earlier_runs_calibration_is_kept():
    known = Calibration("a processor", 4, (measured_speed(find("qwen3:1.7b").header, 15.0),))
    assert host_on(I5_10400T, 4, calibration=known).calibration is known


def test_errors_that_measuring_does_not_mend_are_larger_on_doubtful_machines():
    plain = Host(100).error.factor
    for doubtful in (Host(100, cores=64), Host(100, sockets=2), Host(100, memory="unified")):
        assert doubtful.error.factor > plain
