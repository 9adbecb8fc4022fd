"""Tables of facts: one row per dataclass or mapping, one column per field, units from the fields' names."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runbook.views.cells import cell, heading, is_number
from runbook.views.view import View, escaped, printable

if TYPE_CHECKING:
    import pandas as pd

Row = Any
Columns = Mapping[str, str] | Sequence[str]
GAP = "  "


@dataclass(frozen=True, repr=False)
class Table(View):
    """A table, and what it was made of.

    Attributes:
        rows: The values of each row, by field.
    """

    rows: tuple[Mapping[str, Any], ...] = ()

    def frame(self) -> pd.DataFrame:
        """The rows as a DataFrame, to sort, filter and compute with; plain numbers in the unit of the field's name."""
        import pandas as pd

        return pd.DataFrame([dict(row) for row in self.rows])


def table(rows: Iterable[Row], columns: Columns | None = None, caption: str = "", empty: str = "none") -> Table:
    """Rows below each other.

    Args:
        rows: Dataclasses or mappings.
        columns: The fields to show, in order; as a mapping, with the heading of each. None shows those of the first
            row.
        caption: What the table shows, in a few words.
        empty: What is said where there is no row.
    """
    found = list(rows)
    headings = _headings(found, columns)
    values = tuple({name: _value(row, name) for name in headings} for row in found)
    if not values:
        return Table(f"<p>{escaped(_title(caption, empty))}</p>", printable(_title(caption, empty)))
    words = [[cell(name, row[name]) for name in headings] for row in values]
    right = [all(is_number(row[name]) for row in values) for name in headings]
    titles = list(headings.values())
    return Table(_html(titles, words, right, caption), _text(titles, words, right, caption), values)


def facts(fact: Row, columns: Columns | None = None, caption: str = "") -> Table:
    """One dataclass or mapping, a field per line."""
    headings = _headings([fact], columns)
    values = {name: _value(fact, name) for name in headings}
    pairs = [[title, cell(name, values[name])] for name, title in headings.items()]
    body = "".join(
        f'<tr><th scope="row" style="text-align:left">{escaped(title)}</th>{_td(words, right=False)}</tr>'
        for title, words in pairs
    )
    return Table(_wrapped(body, caption), _lines(pairs, [False, False], caption), (values,))


def html_rows(titles: Sequence[str], rows: Iterable[str], caption: str = "") -> str:
    """A table whose rows are HTML already."""
    head = "".join(f'<th scope="col" style="text-align:left">{escaped(title)}</th>' for title in titles)
    return _wrapped(f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>", caption)


def text_rows(rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """Lines whose columns are aligned."""
    return _lines(rows, [False] * max(map(len, rows), default=0), caption)


def _headings(rows: Sequence[Row], columns: Columns | None) -> dict[str, str]:
    if isinstance(columns, Mapping):
        return dict(columns)
    return {name: heading(name) for name in (columns if columns is not None else _names(rows))}


def _names(rows: Sequence[Row]) -> Sequence[str]:
    if not rows:
        return ()
    first = rows[0]
    return [field.name for field in dataclasses.fields(first)] if dataclasses.is_dataclass(first) else list(first)


def _value(row: Row, name: str) -> Any:
    return row.get(name) if isinstance(row, Mapping) else getattr(row, name)


def _title(caption: str, words: str) -> str:
    return f"{caption}: {words}" if caption else words


def _html(titles: Sequence[str], words: Sequence[Sequence[str]], right: Sequence[bool], caption: str) -> str:
    head = "".join(
        f'<th scope="col" style="text-align:{"right" if is_right else "left"}">{escaped(title)}</th>'
        for title, is_right in zip(titles, right, strict=True)
    )
    body = "".join(
        f"<tr>{''.join(_td(word, right=is_right) for word, is_right in zip(row, right, strict=True))}</tr>"
        for row in words
    )
    return _wrapped(f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>", caption)


def _td(words: str, *, right: bool) -> str:
    style = "text-align:right;white-space:nowrap" if right else "text-align:left"
    return f'<td style="{style}">{escaped(words)}</td>'


def _wrapped(rows: str, caption: str) -> str:
    title = f'<caption style="text-align:left">{escaped(caption)}</caption>' if caption else ""
    return f"<table>{title}{rows}</table>"


def _text(titles: Sequence[str], words: Sequence[Sequence[str]], right: Sequence[bool], caption: str) -> str:
    return _lines([list(titles), *words], right, caption)


def _lines(rows: Sequence[Sequence[str]], right: Sequence[bool], caption: str) -> str:
    plain = [[" ".join(printable(word).split("\n")) for word in row] for row in rows]
    widths = [max(len(row[column]) for row in plain) for column in range(len(right))]
    lines = [
        GAP.join(
            word.rjust(width) if is_right else word.ljust(width)
            for word, width, is_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in plain
    ]
    return "\n".join(([printable(caption)] if caption else []) + lines)
