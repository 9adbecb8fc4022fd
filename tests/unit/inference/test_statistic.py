from __future__ import annotations

import pytest

from runbook.inference import Statistic


def test_values_are_told_by_their_median_and_their_range() -> None:
    statistic = Statistic.of([10.0, 12.0, 11.0])
    assert (statistic.median, statistic.low, statistic.high) == (11.0, 10.0, 12.0)
    assert statistic.values == (10.0, 12.0, 11.0)
    assert statistic.spread == pytest.approx(2 / 11)


def test_no_values_have_no_statistic() -> None:
    with pytest.raises(ValueError, match="no values"):
        Statistic.of([])


def test_zero_has_no_spread() -> None:
    assert Statistic.of([0.0, 0.0]).spread == 0.0
