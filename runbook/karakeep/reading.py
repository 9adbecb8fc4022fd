"""Reading an answer as Karakeep does: the JSON, wherever it stands in the text, and the tags in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn


@dataclass(frozen=True)
class Reading:
    """What the consumer makes of an answer.

    Attributes:
        is_json: Whether it found an object of JSON.
        tags: The tags, without hash signs and blanks around them; None where there is no list of strings.
        problem: Why there are no tags to read; empty where there are.
    """

    is_json: bool
    tags: tuple[str, ...] | None
    problem: str = ""


def read_tags(text: str) -> Reading:
    """The tags in an answer: Karakeep reads the whole text, else a fenced block, else the text between outer braces."""
    for candidate in _candidates(text):
        try:
            return _tags_of(json.loads(candidate, parse_constant=_refused))
        except (ValueError, RecursionError):
            continue
    return Reading(False, None, f"no JSON in it: {_quoted(text)}")


def _candidates(text: str) -> Iterator[str]:
    yield text.strip()
    fenced = re.search(r"```(?:json)?\s*(\{.*?\})\s*```", text, re.DOTALL | re.IGNORECASE)
    if fenced:
        yield fenced[1]
    braced = re.search(r"\{.*\}", text, re.DOTALL)
    if braced:
        yield braced[0]


def _tags_of(value: Any) -> Reading:
    if not isinstance(value, dict):
        return Reading(True, None, "the JSON is not an object")
    if "tags" not in value:
        return Reading(True, None, "tags missing")
    tags = value["tags"]
    if not isinstance(tags, list):
        return Reading(True, None, "tags is not a list")
    wrong = next((number for number, tag in enumerate(tags, start=1) if not isinstance(tag, str)), None)
    if wrong is not None:
        return Reading(True, None, f"tag {wrong} is not a string")
    return Reading(True, tuple(tag.removeprefix("#").strip() for tag in tags))


def _refused(constant: str) -> NoReturn:
    """Python's parser takes NaN and Infinity; the consumer's does not."""
    raise ValueError(f"{constant} is not JSON")


def _quoted(text: str) -> str:
    short = text if len(text) <= 80 else text[:80] + "..."
    return repr(short)
