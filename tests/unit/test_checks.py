"""Checks: decided by evidence, and a failure that names them all."""

from __future__ import annotations

import pytest

from runbook.checks import Check, require
from runbook.errors import CheckFailed


def test_a_check_that_holds_has_no_hint() -> None:
    assert Check.that("up", True, "200", "restart it") == Check("up", "passed", "200")
    assert Check.that("up", False, "503", "restart it").hint == "restart it"


def test_what_passed_or_was_skipped_raises_nothing() -> None:
    require([Check.that("a", True, "1"), Check.skipped("b", "no such thing here")])


def test_every_failed_check_is_named_with_its_evidence_and_each_hint_once() -> None:
    checks = [Check.that(name, False, f"{name} is 0", "look there") for name in ("a", "b")]
    with pytest.raises(CheckFailed, match="2 checks failed: a; b") as caught:
        require([Check.that("fine", True, "1"), *checks])
    assert caught.value.why == "a is 0; b is 0"
    assert caught.value.next == "look there"
