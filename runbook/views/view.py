"""Something to look at: HTML in a notebook and in the archive, plain text in a terminal.

What comes from a model, a cluster or a file enters HTML through `escaped`, and a terminal through `printable`.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass

# Line ends and tabs may stay; other control characters would drive a terminal, and the marks of writing direction
# and the invisible ones make a line look like another one.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
LONGEST = 4_000


@dataclass(frozen=True, repr=False)
class View:
    """One output of a cell.

    Attributes:
        html: A fragment without scripts and styles of its own, everything foreign escaped.
        text: The same for a terminal.
    """

    html: str
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def printable(value: object) -> str:
    """A value as text that changes nothing but the lines it stands on: control characters are spelled out."""
    text = str(value)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]} ... ({len(text) - LONGEST:,} more characters)"
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", unicodedata.normalize("NFC", text))


def escaped(value: object) -> str:
    """A value as HTML text that is only text."""
    return html.escape(printable(value)).replace("\n", "<br>")


def stack(*parts: View) -> View:
    """Several views below each other, as one."""
    return View(
        "".join(f"<div>{part.html}</div>" for part in parts if part.html),
        "\n\n".join(part.text for part in parts if part.text),
    )


def log(lines: str, title: str = "") -> View:
    """What a server wrote, as it wrote it."""
    said = lines.rstrip() or "nothing was written"
    head = f"<p>{escaped(title)}</p>" if title else ""
    return View(
        f"{head}<pre>{html.escape(printable(said))}</pre>", "\n".join(filter(None, (printable(title), printable(said))))
    )


def paragraph(sentence: str) -> View:
    """A sentence with this run's own figures."""
    return View(f"<p>{escaped(sentence)}</p>", printable(sentence))
