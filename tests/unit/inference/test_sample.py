from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runbook.inference.sample import parse_sample

V1 = """memory/memory.usage_in_bytes:27852800
memory/memory.max_usage_in_bytes:31543296
memory/memory.stat:total_cache 19111936
memory/memory.stat:total_rss 7634944
memory/memory.stat:total_inactive_file 11182080
cpu/cpu.stat:nr_periods 433
cpu/cpu.stat:nr_throttled 12
cpuacct/cpuacct.usage:1245337027
/proc/stat:cpu  1347532 349867 354622 918083 6118 0 9150 1774 6 0
/proc/vmstat:pswpin 3
/proc/vmstat:pswpout 4
"""
V2 = """memory.current:27852800
memory.peak:31543296
memory.stat:anon 7634944
memory.stat:file 19111936
memory.stat:inactive_file 11182080
cpu.stat:usage_usec 1245337
cpu.stat:nr_periods 433
cpu.stat:nr_throttled 12
"""


def test_both_versions_of_cgroups_say_the_same() -> None:
    first, second = parse_sample(V1, 1.0), parse_sample(V2, 1.0)
    assert first.anon_bytes == second.anon_bytes == 7_634_944
    assert first.file_bytes == second.file_bytes == 19_111_936
    assert first.working_set_bytes == second.working_set_bytes == 27_852_800 - 11_182_080
    assert first.peak_bytes == second.peak_bytes == 31_543_296
    assert (first.periods, first.throttled_periods) == (second.periods, second.throttled_periods) == (433, 12)
    assert first.cpu_s is not None and second.cpu_s is not None
    assert round(first.cpu_s, 4) == round(second.cpu_s, 4) == 1.2453


def test_the_nodes_cpu_and_swap_are_read_beside() -> None:
    sample = parse_sample(V1, 1.0)
    idle_s = (918_083 + 6_118) / 100
    assert sample.node_cpu_s is not None and sample.node_busy_s is not None
    assert round(sample.node_cpu_s - sample.node_busy_s, 6) == idle_s
    assert sample.swapped_pages == 7


def test_what_the_kernel_does_not_say_is_not_known() -> None:
    sample = parse_sample(V2, 1.0)
    assert (sample.node_busy_s, sample.node_cpu_s, sample.swapped_pages) == (None, None, None)
    assert parse_sample("", 1.0).anon_bytes is None


@given(st.text())
def test_whatever_a_pod_writes_is_no_crash(text: str) -> None:
    assert parse_sample(text, 0.0).at_s == 0.0
