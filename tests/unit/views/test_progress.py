from typing import Any

import pytest

from runbook.ollama import PullProgress
from runbook.views import View, progress_line, pull_progress
from runbook.views.place import Place

DIGEST = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[View]:
    """Every view that was put into a place."""
    views: list[View] = []

    def show(place: Place, view: View) -> None:
        views.append(view)

    monkeypatch.setattr(Place, "show", show)
    return views


def pulling(digest: str, completed: int, total: int = 1000) -> PullProgress:
    return PullProgress(f"pulling {digest[7:19]}", digest, total, completed)


def test_a_pull_ends_with_one_line_per_layer(shown: list[View]) -> None:
    show = pull_progress("gemma3:270m")
    for completed in range(0, 1001, 10):
        show(pulling(DIGEST, completed))
    show(pulling(OTHER, 287, 287))
    show(PullProgress("success"))
    lines = shown[-1].text.splitlines()
    assert lines[0] == "gemma3:270m: success"
    assert [line.split()[0] for line in lines[1:]] == ["abababababab", "cdcdcdcdcdcd"]
    assert all("100%" in line for line in lines[1:])


def test_a_layer_that_was_there_says_so(shown: list[View]) -> None:
    show = pull_progress("gemma3:270m")
    show(pulling(DIGEST, 2 << 20, 2 << 20))
    assert "was there" in shown[-1].text


def test_of_a_small_layer_nobody_can_tell_whether_it_was_there(shown: list[View]) -> None:
    show = pull_progress("gemma3:270m")
    show(pulling(DIGEST, 287, 287))
    assert "whole" in shown[-1].text


def test_a_pull_without_layers_shows_its_status(shown: list[View]) -> None:
    pull_progress("<b>")(PullProgress("pulling manifest"))
    assert shown[-1].text == "<b>: pulling manifest"
    assert "<b>" not in shown[-1].html


def test_lines_that_come_too_fast_are_passed_over_but_news_never(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr("IPython.display.display", lambda view, **_: drawn.append(view))
    show = pull_progress("gemma3:270m")
    for completed in range(1000):
        show(pulling(DIGEST, completed, 10_000))
    assert len(drawn) < 10
    show(PullProgress("verifying sha256 digest"))
    assert "verifying" in drawn[-1].text


def test_a_progress_line_shows_the_latest(shown: list[View]) -> None:
    show = progress_line("rollout")
    show("pulling its image")
    show("running")
    assert [view.text for view in shown] == ["rollout: pulling its image", "rollout: running"]
