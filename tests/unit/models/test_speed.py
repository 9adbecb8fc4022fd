"""Speeds against the public rows: whole machines left out, intervals held to what they claim."""

from statistics import median

import pytest

from runbook.models import Host, Measured, decode_speed, find, image_seconds, item_seconds, prompt_speed, shape_of
from runbook.models.host import COLD_SHARES, rate_of
from runbook.models.traffic import kv_read_bytes_per_token, read_bytes_per_token, weights_per_token
from tests.unit.models.conftest import rows

QWEN = find("qwen3:1.7b").header
HOMELAB_WORDS = ("Core i", "Xeon E3", "N150", "Ryzen", "Threadripper")


def homelab():
    """Rows of x86 machines at home on the peak of their memory, without those marked as outliers or forks."""
    for row in rows("speed.csv"):
        usable = row["bw_GBs"] and row["tg_tok_s"] and row["read_GB_per_token"] and not row["outlier"]
        on_peak = row["bw_basis"] != "measured" and "Max+" not in row["cpu"]
        own = any(word in row["cpu"] for word in HOMELAB_WORDS) and row["class"] in ("mini", "desktop")
        if usable and on_peak and own and "ik_llama" not in row["engine"]:
            yield row


def share(row):
    return float(row["tg_tok_s"]) * float(row["read_GB_per_token"]) / float(row["bw_GBs"])


def memory_of(row):
    return "ddr5" if "DDR5" in row["memory"] else "ddr4"


ROWS = [row for row in homelab() if row["notes"] != "4 threads of 24" and "busy cores" not in row["notes"]]


def cold_errors():
    """Errors of the median share of all other machines with the same kind of memory."""
    for row in ROWS:
        others = [share(one) for one in ROWS if one["cpu"] != row["cpu"] and memory_of(one) == memory_of(row)]
        if others:
            yield abs(median(others) / share(row) - 1)


def test_cold_the_median_error_is_at_most_12_percent_and_nine_in_ten_are_within_25():
    errors = sorted(cold_errors())
    assert len(errors) >= 15
    assert median(errors) <= 0.12
    assert sum(error <= 0.25 for error in errors) >= 0.9 * len(errors)


def test_the_constants_are_those_of_the_rows():
    shares = [share(row) for row in ROWS if memory_of(row) == "ddr4"]
    assert abs(median(shares) - COLD_SHARES["ddr4"].expected) < 0.02


def test_cold_intervals_hold_nine_in_ten():
    inside = [COLD_SHARES[memory_of(row)].low <= share(row) <= COLD_SHARES[memory_of(row)].high for row in ROWS]
    assert 0.85 <= sum(inside) / len(inside) <= 1


def test_calibrated_once_the_median_error_is_at_most_8_percent():
    errors = [
        abs(share(other) / share(row) - 1)
        for row in ROWS
        for other in ROWS
        if other is not row and (other["cpu"], other["engine"]) == (row["cpu"], row["engine"])
    ]
    assert len(errors) >= 8
    assert median(errors) <= 0.08


def test_the_peak_alone_is_far_off_where_ours_is_not():
    """What public calculators do: all of the peak bandwidth."""
    peak = median(abs(1 / share(row) - 1) for row in ROWS)
    assert peak > 0.5
    assert median(cold_errors()) < peak / 4


def test_the_plans_node_decodes_qwen3_between_the_ends_of_the_facts():
    """At 38 GB/s and shares of 0.4, 0.6 and 0.75 the facts say 13, 19 and 24 tokens/s."""
    found = decode_speed(QWEN, Host(38, memory="ddr4"))
    assert 13 < found.low < 19 < found.expected < 24
    assert found.bound == "memory"


def test_one_measurement_replaces_the_cold_share():
    host = Host(38, measured=(Measured(1_178_298_368, 28, 10.5),))
    found = decode_speed(QWEN, host)
    assert found.expected == pytest.approx(10.5, rel=0.01)
    assert found.high - found.low == pytest.approx(0.4 * found.expected)
    assert "nothing was measured" not in " ".join(found.reasons)


def test_two_measurements_find_the_fixed_cost_of_a_layer():
    """Two shared cores: 1.7b at 10.5 and 0.6b at 14.5 tokens/s, where bytes alone would say 29."""
    large = Measured(1_178_298_368, 28, 10.5)
    small = Measured(429_173_760, 28, 14.5)
    rate = rate_of((large, small))
    assert rate.seconds_per_layer > 0.001
    host = Host(27, basis="measured", measured=(large, small))
    found = decode_speed(find("qwen3:0.6b").header, host)
    assert found.expected == pytest.approx(14.5, rel=0.01)
    assert found.bound == "compute"


def test_measurements_that_contradict_each_other_leave_the_mean_rate():
    rate = rate_of((Measured(1000, 10, 1.0), Measured(2000, 10, 2.0)))
    assert rate.seconds_per_layer == 0
    assert rate.bytes_per_second == 2500


def test_depth_costs_what_the_keys_and_values_of_the_past_cost():
    shape = shape_of(QWEN)
    read = read_bytes_per_token(QWEN, shape)
    assert kv_read_bytes_per_token(shape, "f16", 4096) == 448 << 20
    deep, flat = (decode_speed(QWEN, Host(38), depth=depth).expected for depth in (4096, 0))
    assert deep / flat == pytest.approx(read / (read + (448 << 20)))


def test_a_window_bounds_what_depth_costs():
    shape = shape_of(find("gemma3:1b").header)
    deep = kv_read_bytes_per_token(shape, "f16", 32768)
    assert deep == (4 * 32768 + 22 * 512) * 512 * 2


def test_doubts_widen_the_range_and_are_named():
    plain, many = decode_speed(QWEN, Host(300)), decode_speed(QWEN, Host(300, cores=96, sockets=2))
    assert many.high / many.low > plain.high / plain.low
    assert any("several processors" in reason for reason in many.reasons)
    assert any("many cores" in reason for reason in many.reasons)


def test_a_prompt_is_bound_by_arithmetic_and_grows_with_threads():
    two, four = (prompt_speed(QWEN, Host(38, threads=threads)) for threads in (2, 4))
    assert four.expected == pytest.approx(2 * two.expected)
    assert two.bound == "compute"


def test_a_measured_prompt_gives_other_models_their_prompt_speed():
    weights = weights_per_token(QWEN, shape_of(QWEN))
    host = Host(38, measured=(Measured(1, 28, 10.0, weights, 28.0),))
    assert prompt_speed(QWEN, host).expected == pytest.approx(28.0)
    smaller = prompt_speed(find("qwen3:0.6b").header, host)
    assert smaller.expected > 60


def test_an_image_costs_the_projector_and_a_prompt():
    moondream, host = find("moondream").header, Host(27, threads=2)
    assert image_seconds(moondream, host, patches=770).expected > 5
    with_image = item_seconds(moondream, host, prompt_tokens=800, output_tokens=60, patches=770)
    without = item_seconds(moondream, host, prompt_tokens=800, output_tokens=60)
    assert with_image.expected > without.expected
    assert image_seconds(QWEN, host, patches=770).expected == 0
