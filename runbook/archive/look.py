"""What all pages share: the templates' environment, one stylesheet, and how times and values are written.

A page is one file: nothing is fetched, and its policy forbids the browser to fetch or run anything. The one page
with a script names that script's digest in its policy.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"


@cache
def templates(folder: Path = TEMPLATES) -> Environment:
    """The templates of a folder; those that all pages share can be included by them."""
    made = Environment(
        loader=FileSystemLoader([folder, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "duration": duration,
        "moment": moment,
        "code": marked_code,
        "sentence": sentence,
        "value": plain_value,
    }
    return made


def duration(seconds: float | None) -> str:
    """A duration for people: `0.4 s`, `48 s`, `1 min 05 s`."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60:02} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60:02} min"


def moment(at: str) -> str:
    """A time of the record for people: `2026-11-25 06:15:00 UTC`."""
    return f"{at[:10]} {at[11:19]} UTC"


def marked_code(text: str) -> Markup:
    """A sentence whose parts between backticks are set as code."""
    parts = re.split(r"`([^`]+)`", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if odd % 2 else part for odd, part in enumerate(parts)
    )


def sentence(text: str) -> str:
    """A text with its first letter large, unless that would break a name such as `03_apply`."""
    return text[:1].upper() + text[1:]


def plain_value(value: object) -> str:
    """A parameter's value as a target file would have it."""
    if value is None or isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
