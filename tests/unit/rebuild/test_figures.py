import pytest

from runbook.rebuild.figures import figures

SPEED = {"low": 10.0, "high": 14.0}


def test_estimate_and_measurement_of_a_model_meet() -> None:
    estimate = {"model": "m", "decode_tokens_per_second": SPEED, "reported_bytes": 100 * 2**20}
    found = {"median": 9.0, "low": 8.5, "high": 9.5}
    measured = {"model": "m", "decode_tokens_per_second": found, "reported_bytes": 110 * 2**20}
    speed, memory = figures({"estimates": [estimate], "measurements": [measured]})
    assert (speed.estimated, speed.measured, speed.ratio) == ("12.0 (10.0 to 14.0)", "9.0 (8.5 to 9.5)", 0.75)
    assert (memory.estimated, memory.measured, memory.ratio) == ("100", "110", 1.1)


@pytest.mark.parametrize(
    "results",
    [
        {},
        {"estimates": [{"model": "m", "decode_tokens_per_second": SPEED}]},
        {"estimates": [{"model": "a", "decode_tokens_per_second": SPEED}], "measurements": [{"model": "b"}]},
        {"estimates": [{"model": "m"}], "measurements": [{"model": "m", "decode_tokens_per_second": None}]},
        {"estimates": None, "measurements": "text"},
    ],
)
def test_what_has_only_one_side_is_not_compared(results: dict[str, object]) -> None:
    assert figures(results) == ()


def test_a_measurement_stands_alone_where_nothing_was_estimated() -> None:
    measured = {"model": "m", "decode_tokens_per_second": {"median": 11.0}}
    (one,) = figures({"estimates": [{"model": "m", "decode_tokens_per_second": None}], "measurements": [measured]})
    assert (one.estimated, one.measured, one.ratio) == ("unknown", "11.0", None)


def test_a_measurement_without_a_figure_is_unknown() -> None:
    nothing = {"model": "m", "decode_tokens_per_second": {"median": None, "low": None, "high": None}}
    (one,) = figures({"estimates": [{"model": "m", "decode_tokens_per_second": SPEED}], "measurements": [nothing]})
    assert (one.measured, one.ratio) == ("unknown", None)
