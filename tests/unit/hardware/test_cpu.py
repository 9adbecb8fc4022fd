"""RC-02: threads as Ollama 0.15.6 computes them, and whether the limit lets them run."""

import pytest

from runbook.hardware import CpuState, plan_threads, read_cpu_state, throttled_share
from runbook.hardware.cpu import THROTTLED_SHARE, parse_cpu_list


def group(folder, quota, cpuset=""):
    (folder / "cpu.max").write_text(f"{quota}\n")
    (folder / "cpuset.cpus.effective").write_text(f"{cpuset}\n")
    return folder


@pytest.mark.parametrize(
    ("quota", "cpuset", "threads", "warning"),
    [
        ("400000 100000", "", 4, ""),
        ("350000 100000", "", 3, "a whole number"),
        ("50000 100000", "", 1, "below one CPU"),
        ("765000 100000", "", 7, "6 physical cores"),
        ("max 100000", "", 6, ""),
        ("max 100000", "0-3", 6, "set num_thread to 4"),
        ("400000 100000", "0-11", 4, ""),
    ],
)
def test_rc_02_threads_of_an_i5_10400t(tmp_path, quota, cpuset, threads, warning):
    found = plan_threads(read_cpu_state(group(tmp_path, quota, cpuset)), physical_cores=6, logical_cpus=12)
    assert found.threads == threads
    assert warning in found.warning
    assert bool(found.warning) == bool(warning)


def test_the_quota_of_version_1_is_not_seen(tmp_path):
    for name, text in (("cpu/cpu.cfs_quota_us", "200000"), ("cpu/cpu.cfs_period_us", "100000")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = plan_threads(read_cpu_state(tmp_path), physical_cores=6)
    assert found.threads == 6
    assert found.advised_threads == 2
    assert "cgroup v1" in found.warning


def test_version_1_without_a_quota_starts_one_thread_per_core(tmp_path):
    (tmp_path / "cpu.cfs_quota_us").write_text("-1")
    assert plan_threads(read_cpu_state(tmp_path), physical_cores=6).threads == 6


def test_rc_02_a_throttled_measurement_is_flagged():
    before, after = CpuState(periods=0, throttled_periods=0), CpuState(periods=4567, throttled_periods=3115)
    assert throttled_share(before, after) == pytest.approx(0.682, abs=0.001)
    assert throttled_share(before, after) > THROTTLED_SHARE


def test_no_periods_are_no_throttling_and_unknown_ones_are_unknown():
    still = CpuState(periods=5, throttled_periods=1)
    assert throttled_share(still, still) == 0
    assert throttled_share(CpuState(), still) is None


def test_the_counters_are_read_from_both_versions(tmp_path):
    group(tmp_path, "max 100000")
    (tmp_path / "cpu.stat").write_text("usage_usec 9\nnr_periods 4567\nnr_throttled 3115\nthrottled_usec 1\n")
    found = read_cpu_state(tmp_path)
    assert (found.periods, found.throttled_periods) == (4567, 3115)


@pytest.mark.parametrize(
    ("text", "count"), [("0-3", 4), ("0,2,4-7", 6), ("5", 1), ("", None), ("x", None), ("0-", 1), ("1-y", None)]
)
def test_lists_of_cpus_are_counted(text, count):
    assert parse_cpu_list(text) == count
