from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from runbook.kubernetes.audit import deviations, failing
from runbook.kubernetes.audit.findings import audit
from runbook.parameters import Parameters
from runbook.targets import list_targets, load_target


def test_a_deviation_has_a_day_and_a_reason() -> None:
    (one,) = deviations({"C13": "until 2027-12-31: one pod"}).values()
    assert (one.until, one.reason) == (date(2027, 12, 31), "one pod")
    assert not one.is_expired(date(2027, 12, 31))
    assert one.is_expired(date(2028, 1, 1))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("C26", "until 2027-12-31: x"),
        ("C13", "2027-12-31: x"),
        ("C13", "until 2027-02-30: x"),
        ("C13", "until 2027-12-31: "),
    ],
)
def test_a_deviation_without_a_rule_a_day_or_a_reason_is_refused(rule: str, text: str) -> None:
    with pytest.raises(ValidationError):
        Parameters(target="t", context="c", accepted_deviations={rule: text})


@pytest.mark.parametrize("target", [one.name for one in list_targets()])
def test_the_manifests_of_every_target_hold_with_what_it_accepts(target: str) -> None:
    assert failing(audit(None, load_target(target), date(2026, 11, 25))) == ()
