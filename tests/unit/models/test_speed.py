"""Speeds against the public rows: whole machines left out, ranges held to what they claim; and what decides a speed."""

from dataclasses import replace
from statistics import mean, median

import pytest

from runbook.models import (
    Calibration,
    Host,
    decode_speed,
    find,
    image_seconds,
    item_seconds,
    measured_speed,
    prompt_speed,
    shape_of,
)
from runbook.models.host import HOMELAB_SHARE, MODEL_ERROR
from runbook.models.traffic import read_bytes_per_token
from tests.unit.models.public_speeds import (
    cold,
    cold_width,
    combined,
    homelab,
    once,
    once_width,
    repeated,
    share_of,
)

QWEN = find("qwen3:1.7b").header
SMALL = find("qwen3:0.6b").header
GEMMA = find("gemma3:270m").header


def calibrated(*measured, threads=4):
    return Calibration("a processor", threads, measured)


def width(interval):
    return interval.high / interval.low


def test_cold_the_median_error_is_at_most_12_percent_and_nine_in_ten_are_within_25():
    judged = cold(homelab())
    assert len(judged) == 20
    assert len({one.cpu for one in judged}) == 13
    assert median(one.off for one in judged) <= 0.12
    assert mean(one.off <= 0.25 for one in judged) >= 0.9


def test_cold_ranges_hold_what_they_claim_on_machines_they_have_not_seen():
    judged = cold(homelab())
    assert 0.85 <= mean(one.is_inside for one in judged) <= 0.95


def test_calibrated_once_the_median_error_is_at_most_8_percent_whichever_model_was_measured():
    judged = once(homelab())
    assert len(judged) == 18
    assert median(one.off for one in judged) <= 0.08


def test_calibrated_ranges_hold_what_they_claim_on_machines_they_have_not_seen():
    judged = once(repeated())
    assert len(judged) == 36
    assert len({one.cpu for one in judged}) == 10
    assert 0.85 <= mean(one.is_inside for one in judged) <= 0.95


def test_the_constants_are_those_of_the_rows():
    found = homelab()
    assert share_of(found) == pytest.approx(HOMELAB_SHARE.expected, rel=0.02)
    assert combined(HOMELAB_SHARE, MODEL_ERROR) == pytest.approx(cold_width(found), rel=0.05)
    assert combined(MODEL_ERROR, MODEL_ERROR) == pytest.approx(once_width(repeated()), rel=0.05)


def test_the_peak_alone_is_far_off_where_ours_is_not():
    """What public calculators do: all of the peak bandwidth."""
    found = homelab()
    peak = median(abs(row.seconds * row.host.bandwidth_gb_per_s * 1e9 / row.work.read_bytes - 1) for row in found)
    assert peak > 0.5
    assert median(one.off for one in cold(found)) < peak / 4


def test_the_plans_node_decodes_qwen3_between_the_ends_of_the_facts():
    """At 38 GB/s and shares of 0.4, 0.6 and 0.75 the facts say 13, 19 and 24 tokens/s."""
    found = decode_speed(QWEN, Host(38, memory="ddr4"))
    assert 12 < found.low < 15 < 18 < found.expected < 21 < 24 < found.high < 29
    assert found.bound == "memory"


def test_a_measurement_says_more_than_the_machines_of_its_kind():
    before = decode_speed(QWEN, Host(38))
    host = Host(38, calibration=calibrated(measured_speed(QWEN, 15.0)))
    after = decode_speed(QWEN, host)
    assert abs(after.expected - 15) < abs(before.expected - 15) / 3
    assert width(after) < width(before)
    assert "nothing was measured" not in " ".join(after.reasons)


def test_a_second_measurement_narrows_the_range():
    one = Host(38, calibration=calibrated(measured_speed(QWEN, 15.0)))
    two = Host(38, calibration=calibrated(measured_speed(QWEN, 15.0), measured_speed(SMALL, 36.0)))
    assert width(decode_speed(GEMMA, two)) < width(decode_speed(GEMMA, one))


def test_the_order_of_measurements_does_not_matter():
    measured = (measured_speed(QWEN, 15.0), measured_speed(SMALL, 36.0))
    there, back = (Host(38, calibration=calibrated(*order)) for order in (measured, measured[::-1]))
    assert decode_speed(GEMMA, there).low == pytest.approx(decode_speed(GEMMA, back).low)


def test_a_machine_far_below_its_memory_is_bound_by_its_cores():
    """Two shared cores behind a memory of 27 GB/s, which would allow more than twice the speed."""
    host = Host(27, basis="measured", threads=2, calibration=calibrated(measured_speed(QWEN, 9.0), threads=2))
    assert decode_speed(QWEN, host).bound == "compute"
    assert decode_speed(QWEN, host).expected == pytest.approx(9.0, rel=0.1)


def test_few_threads_bind_by_arithmetic_what_many_bind_by_memory():
    few, many = (decode_speed(QWEN, Host(100, threads=threads)) for threads in (1, 8))
    assert (few.bound, many.bound) == ("compute", "memory")
    assert few.expected < many.expected / 2


def test_thin_layers_cost_more_than_their_bytes():
    """The fixed cost: the small model reads 2.7 times less and is less than 2.7 times as fast."""
    host = Host(38)
    ratio = decode_speed(SMALL, host).expected / decode_speed(QWEN, host).expected
    read = read_bytes_per_token(QWEN, shape_of(QWEN)) / read_bytes_per_token(SMALL, shape_of(SMALL))
    assert ratio < read


def test_depth_costs_at_least_what_the_keys_and_values_of_the_past_cost():
    read = read_bytes_per_token(QWEN, shape_of(QWEN))
    deep, flat = (decode_speed(QWEN, Host(38), depth=depth).expected for depth in (4096, 0))
    assert deep / flat <= 1.01 * read / (read + (448 << 20))


def test_doubts_widen_the_range_and_are_named():
    plain = decode_speed(QWEN, Host(300, threads=16))
    for doubtful, word in (
        (Host(300, threads=16, cores=96), "many cores"),
        (Host(300, threads=16, sockets=2), "several processors"),
        (Host(300, threads=16, has_mixed_cores=True), "fast and slow cores"),
        (Host(300, threads=16, memory="unified"), "wide unified memory"),
        (Host(300, threads=16, memory="lpddr"), "boards differ"),
    ):
        found = decode_speed(QWEN, doubtful)
        assert width(found) > width(plain), word
        assert any(word in reason for reason in found.reasons)


def test_a_calibration_with_other_threads_is_named():
    host = Host(38, threads=4, calibration=calibrated(measured_speed(QWEN, 15.0), threads=2))
    assert "measured with 2 threads, asked for 4" in decode_speed(QWEN, host).reasons
    assert not decode_speed(QWEN, replace(host, threads=2)).reasons


def test_a_prompt_is_bound_by_arithmetic_and_grows_with_threads():
    two, four = (prompt_speed(QWEN, Host(38, threads=threads)) for threads in (2, 4))
    assert four.expected == pytest.approx(2 * two.expected)
    assert two.bound == "compute"


def test_a_measured_prompt_gives_other_models_their_prompt_speed():
    known = measured_speed(QWEN, 10.0, prompt_tokens_per_second=28.0, prompt_tokens=512)
    cold_host, host = Host(38, threads=2), Host(38, threads=2, calibration=calibrated(known, threads=2))
    mine = prompt_speed(QWEN, host, depth=512)
    assert abs(mine.expected - 28) < abs(prompt_speed(QWEN, cold_host, depth=512).expected - 28) / 2
    assert width(mine) < width(prompt_speed(QWEN, cold_host, depth=512))
    assert prompt_speed(SMALL, host, depth=512).expected > 2 * mine.expected


def test_a_long_prompt_is_read_more_slowly():
    host = Host(38)
    assert prompt_speed(QWEN, host, depth=4096).expected < 0.8 * prompt_speed(QWEN, host, depth=64).expected


def test_an_image_costs_the_projector_and_a_prompt():
    moondream, host = find("moondream").header, Host(27, threads=2)
    assert image_seconds(moondream, host, patches=770).expected > 5
    with_image = item_seconds(moondream, host, prompt_tokens=800, output_tokens=60, patches=770)
    without = item_seconds(moondream, host, prompt_tokens=800, output_tokens=60)
    assert with_image.expected > without.expected
    assert image_seconds(QWEN, host, patches=770).expected == 0
