import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook.archive.noise import ALPHA, RUN_TO_RUN, _up_to, _ways, shift

SIMULATED = 4000


def share_of_changes(scatter: float, change: float, *, count: int = 5, drift: float = 0.0, seed: int = 1) -> float:
    """How often a simulated pair of runs is called a change; scatter and drift are relative standard deviations."""
    chance = random.Random(seed)

    def run(speed: float) -> list[float]:
        base = speed * math.exp(chance.gauss(0, drift))
        return [base * math.exp(chance.gauss(0, scatter)) for _ in range(count)]

    found = (shift(run(40.0), run(40.0 * change)).kind == "change" for _ in range(SIMULATED))
    return statistics.fmean(found)


@pytest.mark.parametrize("scatter", [0.001, 0.02, 0.05, 0.2, 0.6])
@pytest.mark.parametrize("count", [5, 8])
def test_runs_that_do_not_differ_are_seldom_called_changed(scatter: float, count: int) -> None:
    assert share_of_changes(scatter, 1.0, count=count) <= ALPHA


def test_a_machine_that_drifts_between_runs_as_far_as_was_seen_raises_few_alarms() -> None:
    assert share_of_changes(0.01, 1.0, drift=0.03) <= 1 / 35


@pytest.mark.parametrize("change", [0.8, 0.85, 1.2, 1.5])
def test_a_real_change_on_a_quiet_machine_is_found(change: float) -> None:
    assert share_of_changes(0.02, change) >= 0.95


def test_a_change_below_what_repeats_differ_by_is_noise_however_quiet_the_machine() -> None:
    assert share_of_changes(0.0001, 1 + 0.9 * RUN_TO_RUN) == 0


def test_the_size_of_a_real_change_lies_in_its_interval() -> None:
    chance = random.Random(2)
    inside = 0
    for _ in range(400):
        found = shift(*([speed * math.exp(chance.gauss(0, 0.03)) for _ in range(5)] for speed in (40.0, 32.0)))
        assert found.low is not None and found.high is not None
        inside += found.low <= 0.8 <= found.high
    assert inside / 400 >= 0.93


def test_a_shift_within_the_scatter_of_one_run_is_noise() -> None:
    found = shift([20, 22, 24, 25, 27], [28, 28.5, 29, 29.5, 30])
    assert (found.kind, found.reason) == ("noise", "the values of one run scatter by 29 %")


def test_of_a_busy_machine_nothing_can_be_told() -> None:
    found = shift([10.3, 6.1, 4.6, 5.0, 12.7], [2.5, 1.6, 3.7, 2.4, 2.9])
    assert found.kind == "unknown"
    assert found.reason.startswith("the values of one run scatter by 133 %, so the machine was busy")


def test_of_runs_that_overlap_the_reason_is_said() -> None:
    found = shift([40, 41, 42, 43, 44], [38, 39, 41.5, 36, 37])
    assert (found.kind, found.reason) == ("noise", "the values of the two runs overlap")
    assert found.ratio == pytest.approx(38 / 42, abs=0.02)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_values_cannot_tell(count: int) -> None:
    found = shift([40.0] * count, [20.0] * count)
    assert (found.kind, found.ratio) == ("unknown", 0.5)
    assert "too few to tell" in found.reason


@pytest.mark.parametrize(
    ("before", "after"), [([], [1.0]), ([1.0], []), ([0.0] * 5, [1.0] * 5), ([-1.0] * 5, [1.0] * 5)]
)
def test_what_has_no_ratio_is_unknown(before: list[float], after: list[float]) -> None:
    assert shift(before, after).kind == "unknown"


def test_the_distribution_is_that_of_the_published_tables() -> None:
    # For five and five values, 2 is the critical value at 5 % two-sided and 0 that at 1 %.
    assert _up_to(0, 5, 5) == pytest.approx(1 / 252)
    assert 2 * _up_to(2, 5, 5) <= 0.05 < 2 * _up_to(3, 5, 5)
    assert sum(_ways(7, 4)) == math.comb(11, 4)


def test_many_values_agree_with_the_normal_distribution() -> None:
    assert _up_to(300, 30, 30) == pytest.approx(_up_to(310, 31, 30), abs=0.01)


positive = st.lists(st.floats(0.1, 1000), min_size=5, max_size=12)


@given(positive, positive)
def test_turning_the_runs_round_turns_the_change_round(before: list[float], after: list[float]) -> None:
    there, back = shift(before, after), shift(after, before)
    assert (there.kind, there.p) == (back.kind, back.p)


@given(positive)
def test_a_run_does_not_differ_from_itself(values: list[float]) -> None:
    assert shift(values, values[::-1]).kind != "change"
