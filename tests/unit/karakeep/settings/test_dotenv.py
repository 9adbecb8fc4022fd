from __future__ import annotations

import pytest

from runbook.karakeep.settings.dotenv import read_dotenv


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("export A = b ", "b"),
        ("A: b", "b"),
        ("A=", ""),
        ("A=b # why", "b"),
        ("A=b#c", "b#c"),
        ("A=# nothing", ""),
        ("A='b # c'", "b # c"),
        ('A="b" # why', "b"),
        ("A=b=c", "b=c"),
        ("A=$HOME", "$HOME"),
        ('A="two\nlines"', "two\nlines"),
    ],
)
def test_a_value_is_read_as_it_is_meant(line: str, value: str) -> None:
    (one,) = read_dotenv(line, ".env").settings
    assert (one.name, one.value) == ("A", value)


def test_each_setting_knows_its_line() -> None:
    environment = read_dotenv('\ufeff# head\n\nA=1\nB="x\ny"\nC=3\n', ".env")
    assert [(one.name, one.line) for one in environment.settings] == [("A", 3), ("B", 4), ("C", 6)]


def test_a_name_alone_is_set_by_somebody_else() -> None:
    (one,) = read_dotenv("OPENAI_API_KEY", ".env").settings
    assert one.value is None


def test_a_line_that_sets_nothing_is_named_by_its_place() -> None:
    environment = read_dotenv("A=1\nwhat is this\n", ".env")
    assert environment.broken == (".env:2",)


def test_a_quote_that_never_closes_swallows_nothing() -> None:
    environment = read_dotenv("A='b\nC=d\n", ".env")
    assert [(one.name, one.line) for one in environment.settings] == [("A", 1), ("C", 2)]
