import html5lib
import pytest

from runbook.archive import compare, diff_markdown, diff_page, headline, remarks
from runbook.archive.markdown import one_line

from .conftest import QUIET, MakeRun

SLOWER = tuple(value * 0.7 for value in QUIET)
EVIL = "<script>alert(1)</script> | [x](javascript:alert(1)) `c`"


def test_markdown_says_what_got_worse_first(make_run: MakeRun) -> None:
    made = diff_markdown(compare(make_run(1), make_run(2, decode=SLOWER)))
    assert made.index("1 thing got worse.") < made.index("## Measured")
    assert "| gemma3:270m | decode speed, tokens/s | 42.0 (41.0 to 43.0) | 29.4 (28.7 to 30.1) | -30.0 %" in made
    assert made.count("No difference.") == 5


def test_the_headline_tells_better_from_unchanged(make_run: MakeRun) -> None:
    before = make_run(1)
    assert headline(compare(before, before)) == "Nothing got worse"
    faster = make_run(2, decode=tuple(value * 2 for value in QUIET))
    assert headline(compare(before, faster)) == "Nothing got worse, and some figures are better"


def test_runs_that_are_not_alike_or_turned_round_are_remarked(make_run: MakeRun) -> None:
    first, second, other = make_run(1), make_run(2), make_run(3, target="other")
    assert remarks(compare(first, other)) == ["the runs are of different targets, homelab and other"]
    assert remarks(compare(second, first)) == ["the first of the two runs is the later one"]


def test_the_page_is_valid_and_what_a_run_says_stays_text(make_run: MakeRun) -> None:
    made = diff_page(compare(make_run(1), make_run(2, checks=[(EVIL, "failed")], verdict="failed", reason=EVIL)))
    html5lib.HTMLParser(strict=True).parse(made)
    assert "<script" not in made
    assert "&lt;script&gt;alert(1)" in made


@pytest.mark.parametrize(
    ("text", "line"),
    [("a\n\n b", "a b"), ("a|b", r"a\|b"), ("<b>", r"\<b>"), ("[x](y)", r"\[x](y)"), ("`c` *d*", r"\`c\` \*d\*")],
)
def test_a_text_in_markdown_is_one_line_and_no_markup(text: str, line: str) -> None:
    assert one_line(text) == line
