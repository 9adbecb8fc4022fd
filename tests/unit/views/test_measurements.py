from types import SimpleNamespace
from typing import Any

from runbook.record import to_json
from runbook.views import comparison, estimates, measurement

MIB = 2**20


def test_a_measurement_shows_its_range_and_what_does_not_count(measured: Any) -> None:
    shown = repr(measurement(measured))
    assert "42.0 (40.0 to 44.0) tok/s" in shown
    assert "Not counted: includes a reload (1.2 s)." in shown


def test_estimate_and_measurement_meet_with_their_ratio(estimate: Any, measured: Any) -> None:
    memory = {"gemma3:270m": SimpleNamespace(anon_bytes=550 * MIB)}
    rows = comparison([estimate], [measured], memory).rows
    assert [(row["quantity"], row["ratio"]) for row in rows] == [
        ("decode speed", 42 / 40),
        ("memory by /api/ps", 1.0),
        ("memory of the processes", 1.1),
    ]


def test_what_a_run_kept_in_json_compares_like_the_facts_themselves(estimate: Any, measured: Any) -> None:
    kept, found = (to_json(vars_of(one))[0] for one in (estimate, measured))
    assert comparison([kept], [found]).text == comparison([estimate], [measured]).text


def test_a_model_without_an_estimate_is_left_out(estimate: Any, measured: Any) -> None:
    measured.model = "other"
    assert comparison([estimate], [measured]).rows == ()


def test_a_part_that_no_model_has_gets_no_column(estimate: Any) -> None:
    head = repr(estimates([estimate])).splitlines()[0]
    assert "projector" not in head
    assert "KV cache" in head


def vars_of(fact: Any) -> Any:
    return {
        name: vars_of(item)
        if isinstance(item, SimpleNamespace)
        else [vars_of(one) for one in item]
        if isinstance(item, tuple) and item and isinstance(item[0], SimpleNamespace)
        else item
        for name, item in vars(fact).items()
    }


def test_a_speed_in_the_promised_range_is_told_from_one_outside(estimate: Any, measured: Any) -> None:
    (speed, *_) = comparison([estimate], [measured]).rows
    assert (speed["error"], speed["verdict"]) == ("+5%", "within the range of the estimate")
    measured.decode_tokens_per_second = SimpleNamespace(median=60.0, low=59.0, high=61.0, values=(60.0,))
    (speed, *_) = comparison([estimate], [measured]).rows
    assert (speed["error"], speed["verdict"]) == ("+50%", "above the range of the estimate")


def test_memory_within_a_tenth_counts_as_estimated(estimate: Any, measured: Any) -> None:
    for mebibytes, verdict in ((540, "as estimated"), (900, "more than estimated"), (300, "less than estimated")):
        memory = {"gemma3:270m": SimpleNamespace(anon_bytes=mebibytes * MIB)}
        assert comparison([estimate], [measured], memory).rows[-1]["verdict"] == verdict
