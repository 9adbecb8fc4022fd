"""HTML of outputs and prose, made safe to archive: known elements and attributes are written anew, the rest is text.

Nothing that is written can run or be fetched: there are no scripts, no styles beyond the element's own, no forms,
and an image carries its own data. What a model answered stays what it is, text, whatever it looks like.
"""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


PROSE = _names("""
    a abbr b blockquote br caption code dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins
    kbd li mark ol p pre s samp small span strong sub summary sup u ul var
""")
TABLES = _names("table tbody td tfoot th thead tr colgroup col meter progress")
DRAWINGS = _names("svg g path rect line circle ellipse polyline polygon text tspan title desc defs")
ELEMENTS = PROSE | TABLES | DRAWINGS
VOID = _names("br col hr img")
# Begins where one of these is open: it ends there, as every browser takes it.
ENDS = {
    **dict.fromkeys(
        _names("blockquote details div dl figure figcaption h1 h2 h3 h4 h5 h6 hr ol p pre table ul summary"),
        _names("p"),
    ),
    "li": _names("li p"),
    "dt": _names("dt dd p"),
    "dd": _names("dt dd p"),
    "tr": _names("tr td th p"),
    "td": _names("td th p"),
    "th": _names("td th p"),
    "tbody": _names("tbody thead tfoot tr td th caption p"),
    "thead": _names("tbody thead tfoot tr td th caption p"),
    "tfoot": _names("tbody thead tfoot tr td th caption p"),
}
# Nothing above these is ended by what begins inside them.
WALLS = _names("table td th ul ol dl svg caption")
INSIDE_TABLES = _names("tbody tfoot thead tr td th colgroup col caption")
# Their content is not for readers.
UNSHOWN = _names("style")

EVERYWHERE = _names("class id style title lang dir role aria-label aria-hidden aria-describedby")
ATTRIBUTES = {
    "details": _names("open"),
    "img": _names("alt width height"),
    "ol": _names("start type"),
    "td": _names("colspan rowspan align"),
    "th": _names("colspan rowspan scope align"),
    "col": _names("span"),
    "meter": _names("value min max low high optimum"),
    "progress": _names("value max"),
}
DRAWN = _names("""
    viewbox width height x y x1 x2 y1 y2 cx cy r rx ry d points transform fill fill-opacity stroke stroke-width
    stroke-dasharray stroke-linecap stroke-linejoin opacity font-size font-family font-weight text-anchor
    dominant-baseline preserveaspectratio
""")
LINK = re.compile(r"(https?://|mailto:|#|[\w./-]+\.(html|ipynb|json|jsonl|md)(#|$))", re.ASCII)
IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]*")
FETCHING_STYLE = re.compile(r"url|image|expression|import|position|[\\@<]", re.IGNORECASE)
NOTEBOOK = re.compile(r"^([\w.-]+)\.ipynb(#|$)", re.ASCII)


def safe(html: str) -> str:
    """A fragment of HTML with only what is known to be harmless; other elements are shown as the text they are."""
    writer = _Writer()
    writer.feed(html)
    writer.close()
    return writer.finished()


class _Writer(HTMLParser):
    """Writes what it reads, as far as it knows it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._open: list[str] = []
        self._unshown = 0

    def finished(self) -> str:
        """What was written, with everything closed that was left open."""
        return "".join(self._out) + "".join(f"</{tag}>" for tag in reversed(self._open))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSHOWN:
            self._unshown += 1
        elif tag not in ELEMENTS:
            self._text(self.get_starttag_text() or "")
        else:
            if tag in INSIDE_TABLES and "table" not in self._open:
                return
            self._end_implied(tag)
            self._out.append(f"<{tag}{''.join(_kept(tag, name, value or '') for name, value in attrs)}>")
            if tag not in VOID:
                self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in UNSHOWN:
            self.handle_starttag(tag, attrs)
            if tag in ELEMENTS - VOID:
                self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSHOWN:
            self._unshown = max(0, self._unshown - 1)
        elif tag not in ELEMENTS:
            self._text(f"</{tag}>")
        elif tag in self._open:
            while (closed := self._open.pop()) != tag:
                self._out.append(f"</{closed}>")
            self._out.append(f"</{tag}>")

    def _end_implied(self, tag: str) -> None:
        """End what cannot go on where an element begins."""
        ended = ENDS.get(tag, frozenset())
        while self._open and (deepest := self._deepest(ended)) is not None:
            while len(self._open) > deepest:
                self._out.append(f"</{self._open.pop()}>")

    def _deepest(self, ended: frozenset[str]) -> int | None:
        """Where the innermost of some elements is open, on this side of a wall."""
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index] in ended:
                return index
            if self._open[index] in WALLS:
                return None
        return None

    def handle_data(self, data: str) -> None:
        self._text(data)

    def _text(self, text: str) -> None:
        if not self._unshown:
            self._out.append(escape(text, quote=False))


def _kept(tag: str, name: str, value: str) -> str:
    """An attribute as it is written, or nothing."""
    match name:
        case "href":
            value = NOTEBOOK.sub(r"\1.html\2", value) if tag == "a" and LINK.match(value) else ""
        case "src":
            value = value if tag == "img" and IMAGE.fullmatch(value) else ""
        case "style":
            value = "" if FETCHING_STYLE.search(value) else value
        case _ if name in EVERYWHERE or name in ATTRIBUTES.get(tag, ()) or (tag in DRAWINGS and name in DRAWN):
            return f' {name}="{escape(value)}"'
        case _:
            return ""
    return f' {name}="{escape(value)}"' if value else ""
