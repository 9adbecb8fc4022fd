import io
import json
from decimal import Decimal

import pytest

from runbook.commands.output import can_redraw, gigabytes, has_colour, print_json, print_table, show_error
from runbook.errors import RunbookError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def plain_environment(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.usefixtures("plain_environment")
def test_a_terminal_has_colour_and_a_file_has_none():
    assert has_colour(Terminal())
    assert not has_colour(io.StringIO())


@pytest.mark.usefixtures("plain_environment")
def test_no_color_is_respected(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert not has_colour(Terminal())
    assert can_redraw(Terminal())


def test_a_dumb_terminal_cannot_redraw(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert not can_redraw(Terminal())


def test_json_is_strict_and_exact(capsys):
    print_json({"a": (1, Decimal("2")), "b": float("nan"), "c": Decimal("0.5")})
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == {"a": [1, 2], "b": None, "c": 0.5}


def test_a_table_in_a_pipe_has_one_line_for_each_row_however_long(capsys):
    print_table(("name", "meaning"), [("a", "word " * 100), ("[b]", 2)])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["name", "a", "[b]"]


def test_an_error_without_colour_is_plain(capsys):
    show_error(RunbookError("what", why="[red]why"))
    assert capsys.readouterr().err == "Error: what\nWhy: [red]why\n"


def test_a_size_is_shown_in_gib():
    assert gigabytes(6 * 2**30) == "6.0 GiB"
