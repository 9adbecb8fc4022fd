from runbook.checks import Check
from runbook.views import checks, verdict

PASSED = Check.that("It runs", True, "pod <a>")
FAILED = Check.that("It answers", False, "503", "Run 03_apply.")
SKIPPED = Check.skipped("It sees", "no vision model")


def test_every_check_shows_verdict_statement_and_evidence() -> None:
    assert repr(checks([PASSED, SKIPPED])).splitlines() == [
        "passed   It runs: pod <a>",
        "skipped  It sees: no vision model",
    ]


def test_a_failure_shows_what_to_do() -> None:
    shown = checks(FAILED)
    assert "Next: Run 03_apply." in shown.text
    assert "Next: Run 03_apply." in shown.html


def test_evidence_is_text_in_html() -> None:
    assert "pod &lt;a&gt;" in checks(PASSED).html


def test_the_verdict_is_a_word_and_not_a_colour_alone() -> None:
    assert ">passed</strong>" in checks(PASSED).html


def test_a_verdict_counts() -> None:
    assert repr(verdict([PASSED, FAILED, SKIPPED, PASSED])) == "2 passed, 1 failed, 1 skipped"


def test_no_checks_is_no_success() -> None:
    assert repr(verdict([])) == "no checks"
    assert "--bad" in verdict([]).html
