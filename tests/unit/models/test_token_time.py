"""The time of a token from three rates, and what a measurement tells of each."""

import pytest

from runbook.models.host import Rates
from runbook.models.interval import Guess
from runbook.models.kernels import ATTENTION_COST, KV_ROW_COST, decode_cost, prompt_cost
from runbook.models.token_time import Timed, token_seconds
from runbook.models.traffic import Part, Work

SURE = 1.0001
ERROR = Guess(1.0, 1.1)


def rates(bandwidth=10e9, arithmetic=10e9, layer=1e-4, factor=SURE):
    return Rates(*(Guess(value, factor) for value in (bandwidth, arithmetic, layer)))


def work(*parts, layers=0, **more):
    return Work(tuple(Part(*part) for part in parts), layers, **more)


def test_each_type_takes_the_longer_of_reading_and_computing_and_each_layer_its_own():
    found = token_seconds(
        work(("F16", 2_000_000_000, 1_000_000_000), ("Q4_K", 500_000_000, 1_000_000_000), layers=20),
        rates(),
        error=ERROR,
    )
    assert found.expected == pytest.approx(0.2 + 0.1 + 0.002, rel=0.001)
    assert found.memory_share == pytest.approx(0.2 / 0.302, rel=0.01)


def test_a_dearer_type_takes_longer_where_arithmetic_is_the_limit():
    cheap, dear = (
        token_seconds(work((kind, 1, 1_000_000_000)), rates(), error=ERROR).expected for kind in ("Q4_K", "Q6_K")
    )
    assert dear / cheap == pytest.approx(decode_cost("Q6_K"), rel=0.001)


def test_looking_back_is_read_or_computed():
    flat = work(("Q4_K", 1_000_000_000, 1))
    read = Work(flat.parts, 0, kv_bytes=1_000_000_000, attended=1)
    computed = Work(flat.parts, 0, kv_bytes=1, attended=1_000_000_000)
    waited = Work(flat.parts, 0, kv_bytes=1, kv_rows=1_000_000)
    times = [token_seconds(one, rates(), error=ERROR).expected for one in (flat, read, computed, waited)]
    rows = 1e6 * KV_ROW_COST / 10e9
    assert times == pytest.approx([0.1, 0.2, 0.1 + 0.1 * ATTENTION_COST, 0.1 + rows], rel=0.001)


def test_the_range_of_a_sure_machine_is_the_models_own_error():
    found = token_seconds(work(("Q4_K", 1_000_000_000, 1)), rates(), error=ERROR)
    assert found.high / found.expected == pytest.approx(1.1, rel=0.001)
    assert found.expected / found.low == pytest.approx(1.1, rel=0.001)


def test_a_measurement_moves_the_rate_that_it_tells_of_and_leaves_the_other_open():
    """The memory is the limit of what was measured, so the arithmetic stays as unknown as it was."""
    guess = rates(10e9, 100e9, 1e-9, factor=2.0)
    known = [Timed(work(("F16", 2_000_000_000, 1)), 0.3)]
    in_memory, in_cores = work(("F16", 1_000_000_000, 1)), work(("Q4_K", 1, 10_000_000_000))
    before = [token_seconds(one, guess, error=ERROR) for one in (in_memory, in_cores)]
    after = [token_seconds(one, guess, known, error=ERROR) for one in (in_memory, in_cores)]
    assert after[0].expected == pytest.approx(0.15, rel=0.03)
    assert after[0].high / after[0].low < 0.6 * before[0].high / before[0].low
    assert after[1].expected == pytest.approx(before[1].expected, rel=0.01)
    assert after[1].high / after[1].low == pytest.approx(before[1].high / before[1].low, rel=0.05)


def test_measurements_against_all_belief_are_believed_in_part_and_give_finite_times():
    absurd = [Timed(work(("Q4_K", 1_000_000_000, 1_000_000_000)), 1e-9)]
    found = token_seconds(work(("Q4_K", 1_000_000_000, 1_000_000_000)), rates(factor=1.3), absurd, error=ERROR)
    assert 0 < found.low < found.expected < found.high < 0.2


def test_a_type_that_is_not_known_costs_what_q4_k_does():
    assert decode_cost("Q9_X") == decode_cost("Q4_K") == 1
    assert prompt_cost("Q9_X") == prompt_cost("Q4_K") == 1
