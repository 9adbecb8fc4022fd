from __future__ import annotations

import random

import pytest

from runbook.inference import Statistic


def test_values_are_told_by_their_median_and_their_range() -> None:
    statistic = Statistic.of([10.0, 12.0, 11.0])
    assert (statistic.median, statistic.low, statistic.high) == (11.0, 10.0, 12.0)
    assert statistic.values == (10.0, 12.0, 11.0)
    assert statistic.spread == pytest.approx(2 / 11)


@pytest.mark.parametrize(
    ("count", "rank", "confidence"), [(1, 1, 0.0), (5, 1, 0.9375), (6, 1, 0.96875), (9, 2, 0.9609375), (20, 6, 0.9586)]
)
def test_the_interval_has_the_ranks_of_the_binomial(count: int, rank: int, confidence: float) -> None:
    statistic = Statistic.of(float(number) for number in range(1, count + 1))
    assert (statistic.interval_low, statistic.interval_high) == (rank, count + 1 - rank)
    assert statistic.confidence == pytest.approx(confidence, abs=1e-4)


def test_the_interval_holds_the_true_median_as_often_as_it_says() -> None:
    chance = random.Random(3)
    found = [Statistic.of(chance.expovariate(1.0) for _ in range(5)) for _ in range(2000)]
    held = sum(one.interval_low <= 0.6931 <= one.interval_high for one in found) / len(found)
    assert held == pytest.approx(0.9375, abs=0.02)


def test_the_variation_is_the_deviation_as_a_share() -> None:
    assert Statistic.of([9.0, 11.0]).variation == pytest.approx(2**0.5 / 10)
    assert Statistic.of([9.0]).variation is None


def test_no_values_have_no_statistic() -> None:
    with pytest.raises(ValueError, match="no values"):
        Statistic.of([])


def test_zero_has_no_spread() -> None:
    assert Statistic.of([0.0, 0.0]).spread == 0.0
