import types

import runbook.learning
from runbook.checks import Check
from runbook.learning.objects import in_turn


def test_what_builds_on_a_failure_is_skipped_and_what_came_before_stays():
    checks = [Check.that("a", True, "x"), Check.that("b", False, "y", "look"), Check.that("c", True, "z")]
    assert [(one.name, one.status) for one in in_turn(checks)] == [("a", "passed"), ("b", "failed"), ("c", "skipped")]


def test_a_check_that_could_not_be_decided_holds_nothing_up():
    checks = [Check.skipped("a", "no image"), Check.that("b", True, "x")]
    assert [one.status for one in in_turn(checks)] == ["skipped", "passed"]


def test_every_public_name_is_listed():
    public = {name for name, value in vars(runbook.learning).items() if not name.startswith("_")}
    modules = {name for name in public if isinstance(getattr(runbook.learning, name), types.ModuleType)}
    assert public - modules == set(runbook.learning.__all__)
    assert list(runbook.learning.__all__) == sorted(runbook.learning.__all__)
