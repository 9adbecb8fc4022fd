"""Memory of a pod from the files of its control group, both versions."""

import pytest

from runbook.hardware import MemoryState, read_memory_state

GIB = 1 << 30
MIB = 1 << 20


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return folder


def test_rc_01_a_group_without_a_limit_counts_from_the_hosts_memory(tmp_path):
    root = write(
        tmp_path,
        {
            "sys/fs/cgroup/memory.max": "max",
            "sys/fs/cgroup/memory.current": int(25.69 * GIB),
            "sys/fs/cgroup/memory.stat": f"anon {int(0.44 * GIB)}\nfile {int(25.03 * GIB)}\n"
            f"inactive_file {int(10.71 * GIB)}\nactive_file {int(14.23 * GIB)}",
            "proc/meminfo": f"MemTotal: {int(32.77 * 1024 * 1024)} kB\nSwapFree: 0 kB",
        },
    )
    found = read_memory_state(root)
    assert found.limit_bytes is None
    assert abs(found.seen_by_ollama_bytes - 7.08 * GIB) < MIB
    assert abs(found.free_bytes - 17.79 * GIB) < MIB
    assert abs(found.free_without_cache_bytes - 32.11 * GIB) < MIB


def test_rc_01_a_limited_container_is_read_to_the_byte(tmp_path):
    files = {
        "memory.max": 6442450944,
        "memory.current": 5261334938,
        "memory.stat": "anon 209715200\ninactive_file 3650722201\nactive_file 1288490189",
        "meminfo": "SwapFree:        0 kB",
    }
    found = read_memory_state(write(tmp_path, files))
    assert found.seen_by_ollama_bytes == 1181116006
    assert found.free_bytes == 4831838207
    assert found.page_cache_bytes == 3650722201
    assert found.swap_free_bytes == 0


@pytest.mark.parametrize("prefix", ["", "memory/"])
def test_version_1_takes_the_totals_and_ollama_sees_the_host(tmp_path, prefix):
    files = {
        f"{prefix}memory.limit_in_bytes": 2 * GIB,
        f"{prefix}memory.usage_in_bytes": GIB,
        f"{prefix}memory.stat": "cache 1\nrss 2\ninactive_file 3\ntotal_cache 700\ntotal_rss 300\n"
        "total_inactive_file 500\ntotal_active_file 200",
        "proc/meminfo": "MemTotal: 16777216 kB\nMemAvailable: 8388608 kB\nSwapFree: 4 kB",
    }
    found = read_memory_state(write(tmp_path, files))
    assert (found.version, found.anon_bytes, found.file_bytes, found.inactive_file_bytes) == (1, 300, 700, 500)
    assert found.seen_by_ollama_bytes == 8 * GIB
    assert found.free_bytes == GIB + 500
    assert found.capacity_bytes == 2 * GIB


def test_version_1_without_a_limit_is_bounded_by_the_host(tmp_path):
    files = {
        "memory.limit_in_bytes": 9223372036854771712,
        "memory.usage_in_bytes": GIB,
        "memory.stat": "total_inactive_file 0",
        "meminfo": "MemTotal: 4194304 kB",
    }
    found = read_memory_state(write(tmp_path, files))
    assert found.limit_bytes is None
    assert found.free_bytes == 3 * GIB


def test_a_folder_without_a_group_leaves_everything_unknown(tmp_path):
    found = read_memory_state(tmp_path)
    assert found == MemoryState(None, None, None)
    assert found.free_bytes is None
    assert found.seen_by_ollama_bytes is None


def test_files_that_make_no_sense_count_as_unknown(tmp_path):
    files = {"memory.max": "abc", "memory.current": "-5", "memory.stat": "anon\nfile x\n\n", "meminfo": "MemTotal:\nx"}
    found = read_memory_state(write(tmp_path, files))
    assert (found.limit_bytes, found.current_bytes, found.anon_bytes, found.total_bytes) == (None,) * 4
    assert found.free_bytes is None
