from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook.ollama.progress import Account
from tests.unit.ollama.stub import layer

A, B = "ab" * 32, "cd" * 32
TOTAL = 1_359_293_444


def clock(*times: float) -> Callable[[], float]:
    ticks = iter(times)
    return lambda: next(ticks)


def test_a_layer_that_runs_backwards_does_not_take_the_progress_along() -> None:
    account = Account()
    account.add({"status": "pulling manifest"})
    seen = [account.add(layer(A, completed, TOTAL)) for completed in (600_000_000, 400_000_000, 700_000_000)]
    assert [line.completed_bytes for line in seen] == [600_000_000, 600_000_000, 700_000_000]
    assert [round(line.percent) for line in seen] == [44, 44, 51]


def test_the_whole_is_the_sum_over_the_layers() -> None:
    account = Account()
    account.add(layer(A, 100, 100))
    last = account.add(layer(B, 50, 300))
    assert (last.all_completed_bytes, last.all_total_bytes) == (150, 400)


def test_the_percentage_reaches_a_hundred_only_with_success() -> None:
    account = Account()
    assert account.add(layer(A, 100, 100)).percent == 99
    assert account.add({"status": "verifying sha256 digest"}).percent == 99
    assert account.add({"status": "success"}).percent == 100


def test_with_the_size_known_a_later_layer_does_not_stop_the_percentage() -> None:
    account = Account(expected_bytes=200)
    assert account.add(layer(A, 100, 100)).percent == 50
    assert account.add(layer(B, 50, 100)).percent == 75


@given(st.lists(st.tuples(st.sampled_from((A, B)), st.integers(-5, 2000), st.integers(0, 1000)), max_size=40))
def test_no_server_can_make_the_percentage_fall_or_leave_its_bounds(lines: list[tuple[str, int, int]]) -> None:
    account = Account()
    seen = [account.add(layer(digest, completed, total)) for digest, completed, total in lines]
    percents = [line.percent for line in seen]
    assert percents == sorted(percents)
    assert all(0 <= percent <= 100 for percent in percents)
    completed = [line.all_completed_bytes for line in seen]
    assert completed == sorted(completed)
    assert account.arrived_bytes >= 0


def test_layers_that_were_there_bring_no_bytes() -> None:
    account = Account()
    for line in (layer(A, TOTAL, TOTAL), layer(B, 500, 500), {"status": "success"}):
        account.add(line)
    assert account.arrived_bytes == 0


def test_a_fresh_layer_counts_from_its_first_byte() -> None:
    account = Account(clock=clock(0.0, 0.0, 0.1, 0.2, 0.3))
    for line in ({"status": "pulling manifest"}, layer(A, 90, 1000), layer(A, 500, 1000), {"status": "success"}):
        account.add(line)
    assert account.arrived_bytes == 1000


def test_a_resumed_layer_counts_only_what_came_now() -> None:
    account = Account(clock=clock(0.0, 0.0, 0.1, 0.2, 0.3))
    for line in ({"status": "pulling manifest"}, layer(A, 600, 1000), layer(A, 650, 1000), {"status": "success"}):
        account.add(line)
    assert account.arrived_bytes == 400


def test_a_line_about_no_layer_moves_nothing() -> None:
    account = Account()
    account.add(layer(A, 10, 100))
    assert account.add({"status": "verifying sha256 digest"}).percent == pytest.approx(10)
