from __future__ import annotations

import json

import pytest

from runbook.karakeep.obeying import COUNTED, NONE_WANTED, ONCE, SHORT, obeying
from runbook.ollama import Answer


def answer(*tags: str) -> Answer:
    return Answer(text=json.dumps({"tags": tags}), done_reason="stop")


def broken(*tags: str, image: bool = False) -> list[str]:
    return [check.name for check in obeying(answer(*tags), image=image) if check.status == "failed"]


@pytest.mark.parametrize(
    ("tags", "rules"),
    [
        (("a", "b", "c"), []),
        (("a", "b", "c", "d", "e"), []),
        (("a", "b"), [COUNTED]),
        (("a", "b", "c", "d", "e", "f"), [COUNTED]),
        (("a", "b", "a tag of four words"), [SHORT]),
        (("a", "b", "B"), [ONCE]),
        ((), [COUNTED]),
    ],
)
def test_each_rule_is_held_against_the_tags(tags: tuple[str, ...], rules: list[str]) -> None:
    assert broken(*tags) == rules


def test_an_image_wants_more_tags() -> None:
    assert broken("a", "b", "c", image=True) == [COUNTED]
    assert broken(*"abcdefghij", image=True) == []


@pytest.mark.parametrize(("tags", "status"), [((), "passed"), (("error",), "failed")])
def test_an_error_page_wants_none(tags: tuple[str, ...], status: str) -> None:
    (check,) = obeying(answer(*tags), has_subject=False)
    assert (check.name, check.status) == (NONE_WANTED, status)


def test_an_answer_without_tags_is_judged_elsewhere() -> None:
    assert obeying(Answer(text="no")) == ()
