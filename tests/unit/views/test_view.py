import pytest

from runbook.views.view import LONGEST, escaped, log, printable, stack
from runbook.views.view import paragraph as sentence


@pytest.mark.parametrize(
    "hostile",
    ["\x1b[2J", "\x07", "\u202egnp.exe", "\u200bhidden", "\x9b31m", "\ud800", "\u2028"],
)
def test_characters_that_drive_a_terminal_are_spelled_out(hostile: str) -> None:
    shown = printable(hostile)
    assert shown.startswith(f"\\u{ord(hostile[0]):04x}")
    assert all(ord(one) >= 32 for one in shown)


def test_lines_and_tabs_and_letters_of_every_script_stay() -> None:
    assert printable("é 字\t\nж") == "é 字\t\nж"


def test_a_flood_is_cut_and_what_was_cut_is_said() -> None:
    shown = printable("x" * (LONGEST + 1234))
    assert len(shown) < LONGEST + 50
    assert shown.endswith("(1,234 more characters)")


def test_an_answer_with_a_script_stays_text() -> None:
    answer = '<script>alert(1)</script><img src=x onerror="alert(1)">'
    assert "<" not in escaped(answer)
    assert "<script" not in log(answer).html
    assert log(answer).text == answer


def test_views_stack_in_both_forms() -> None:
    both = stack(sentence("one"), sentence("two"))
    assert both.text == "one\n\ntwo"
    assert both.html.count("<p>") == 2


def test_an_empty_log_says_so() -> None:
    assert log("", "server").text == "server\nnothing was written"
