from __future__ import annotations

import pytest

from runbook.karakeep import in_environment, in_request, keep_alive_check


@pytest.mark.parametrize(
    ("value", "accepted", "seconds"),
    [
        (-1, True, None),
        ("-1", False, None),
        ("-1m", True, None),
        ("24h", True, 86_400),
        (300, True, 300),
        ("300", False, None),
        (0, True, 0),
        ("5m", True, 300),
        ("1h30m", True, 5_400),
        ("5 m", False, None),
        ("", False, None),
        ("--5m", False, None),
    ],
)
def test_what_a_request_means(value: str | float, accepted: bool, seconds: float | None) -> None:
    found = in_request(value)
    assert (found.accepted, found.seconds) == (accepted, seconds)


@pytest.mark.parametrize(
    ("value", "seconds"), [(-1, None), ("-1", None), ("-1m", None), ("24h", 86_400), (300, 300), ("300", 300), (0, 0)]
)
def test_the_server_itself_takes_bare_numbers_as_well(value: str | float, seconds: float | None) -> None:
    found = in_environment(value)
    assert (found.accepted, found.seconds) == (True, seconds)


def test_what_the_server_cannot_read_it_ignores() -> None:
    assert in_environment("for ever") == type(in_environment("5m"))(False, None, "ignored; 5 minutes instead")


@pytest.mark.parametrize(("value", "proposed"), [("-1", "-1m"), ('"-1"', "-1m"), (-1, "-1m"), ("300", "300s")])
def test_karakeeps_bare_number_is_refused_with_a_proposal(value: str | float, proposed: str) -> None:
    check = keep_alive_check(value)
    assert check.status == "failed"
    assert "missing unit in duration" in check.evidence
    assert check.hint == f"Write {proposed}."


@pytest.mark.parametrize("value", ["-1m", "24h", "5m"])
def test_karakeeps_duration_passes(value: str) -> None:
    assert keep_alive_check(value).status == "passed"
