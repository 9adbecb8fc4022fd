"""Errors: what, why and next, in that order, wherever they travel."""

from __future__ import annotations

import inspect
import pickle

import pytest

from runbook import errors
from runbook.errors import Exit, PullFailed, RunbookError

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, RunbookError)]


def test_a_message_says_what_why_and_next_and_leaves_out_what_is_empty() -> None:
    assert str(PullFailed("it broke", why="no space", next="free some")) == "it broke\nWhy: no space\nNext: free some"
    assert str(PullFailed("it broke")) == "it broke"


def test_a_notebook_shows_the_message_without_a_traceback() -> None:
    assert PullFailed("it broke", why="no space")._render_traceback_() == ["it broke", "Why: no space"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_survives_pickling_between_processes(kind: type[RunbookError]) -> None:
    copy = pickle.loads(pickle.dumps(kind("a", why="b", next="c")))  # noqa: S301 - our own bytes
    assert type(copy) is kind
    assert (copy.what, copy.why, copy.next) == ("a", "b", "c")


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_stands_in_the_tree_of_the_docstring_with_its_exit_status(kind: type[RunbookError]) -> None:
    assert kind.__name__ in (errors.__doc__ or "")
    assert kind.exit_status in (Exit.FAILED, Exit.USAGE, Exit.UNREACHABLE)
