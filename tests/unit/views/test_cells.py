from types import SimpleNamespace

import pytest

from runbook.views.cells import cell, duration, heading, is_number, size


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (424_883_814, "405.2 MiB"),
        (2**30 - 1, "1.00 GiB"),
        (2**31, "2.00 GiB"),
        (-(2**31), "-2.00 GiB"),
    ],
)
def test_bytes_read_in_the_units_of_kubernetes(count: int, words: str) -> None:
    assert size(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.244, "0.24 s"), (0.996, "1.0 s"), (59.96, "60.0 s"), (125, "2 min 05 s"), (7380, "2 h 03 min")],
)
def test_times_read_with_two_or_three_figures(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("memory_free_for_model_bytes", "memory free for model"),
        ("load_s", "load"),
        ("output_tokens", "output tokens"),
        ("decode_tokens_per_second", "decode"),
        ("kubelet_version", "kubelet version"),
    ],
)
def test_a_heading_is_the_name_without_its_unit(name: str, title: str) -> None:
    assert heading(name) == title


def test_the_unit_of_the_name_decides_how_a_number_reads() -> None:
    assert cell("limit_bytes", 2**31) == "2.00 GiB"
    assert cell("bandwidth_gb_per_s", 27.04) == "27.0 GB/s"
    assert cell("prompt_tokens", 2048) == "2,048"
    assert cell("cpus", 12000) == "12,000"
    assert cell("ratio", 1.0) == "1.00"


def test_what_is_not_known_says_so() -> None:
    assert cell("memory_bytes", None) == "unknown"


def test_a_range_names_its_unit_once() -> None:
    interval = SimpleNamespace(low=30.0, expected=40.0, high=50.0)
    assert cell("decode_tokens_per_second", interval) == "40.0 (30.0 to 50.0) tok/s"
    assert cell("decode_tokens_per_second", {"low": 30.0, "high": 50.0}) == "30.0 to 50.0 tok/s"


def test_containers_read_as_lists() -> None:
    assert cell("models", ("a", "b")) == "a, b"
    assert cell("options", {"num_ctx": 2048, "stream": True}) == "num_ctx=2,048, stream=yes"


def test_a_digest_is_cut_to_what_tells_it_apart() -> None:
    assert cell("digest", "sha256:" + "ab" * 32) == "abababababab"


def test_a_bool_is_no_number() -> None:
    assert not is_number(True)
    assert is_number(3)
    assert is_number(None)
