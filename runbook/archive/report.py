"""A comparison for people: its tables, the same on the terminal, in Markdown and on a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from runbook.archive.comparison import Comparison, Run
from runbook.archive.differences import Difference, Turn
from runbook.archive.look import moment, plain_value, templates
from runbook.archive.markdown import one_line, table
from runbook.archive.measured import Measured, Value


@dataclass(frozen=True)
class Row:
    """A line of a table, and whether it speaks for (`good`) or against (`bad`) the later run, or neither (empty)."""

    cells: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True)
class Section:
    """One table of a comparison; without rows there is nothing that differs."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def sections(found: Comparison) -> tuple[Section, ...]:
    """The tables of a comparison, the measurements first."""
    values = ("name", "before", "after")
    figures = ("model", "quantity", "before", "after", "change", "judgement")
    turns = ("step", "check", "before", "after", "evidence")
    return (
        Section("Measured", figures, _rows(map(_measured, found.measured))),
        Section("Checks", turns, _rows(map(_turn, found.checks))),
        Section("Steps", ("step", "before", "after", "reason"), _rows(map(_step, found.steps))),
        Section("Parameters", values, _rows(map(_difference, found.parameters))),
        Section("Versions", values, _rows(map(_difference, found.versions))),
        Section("Manifests and other files that went in", values, _rows(map(_difference, found.manifests))),
    )


def headline(found: Comparison) -> str:
    """What is to be made of it, in one sentence."""
    if found.worse:
        return f"{len(found.worse)} thing{'' if len(found.worse) == 1 else 's'} got worse"
    unknown = sum(one.direction == "unknown" for one in found.measured)
    if unknown:
        return (
            f"Nothing got worse as far as can be told; {unknown} figure{'' if unknown == 1 else 's'} cannot be judged"
        )
    better = any(one.direction == "better" for one in found.measured)
    return "Nothing got worse, and some figures are better" if better else "Nothing got worse"


def remarks(found: Comparison) -> list[str]:
    """What speaks against relying on the comparison."""
    said = [f"{side.run}: {remark}" for side in (found.before, found.after) for remark in side.remarks]
    if found.before.target != found.after.target:
        said.append(f"the runs are of different targets, {found.before.target} and {found.after.target}")
    elif found.before.started_at > found.after.started_at:
        said.append("the first of the two runs is the later one")
    return said


def title(run: Run) -> str:
    """A run by name, target, verdict and time."""
    return f"{run.target}/{run.run}, {run.verdict}" + (f", {moment(run.started_at)}" if run.started_at else "")


def diff_markdown(found: Comparison) -> str:
    """The comparison as Markdown."""
    return "\n".join(_markdown(found)) + "\n"


def diff_page(found: Comparison) -> str:
    """The comparison as a page."""
    return (
        templates()
        .get_template("diff.html")
        .render(
            found=found,
            headline=headline(found),
            remarks=remarks(found),
            sections=sections(found),
            titles=(title(found.before), title(found.after)),
        )
    )


def _markdown(found: Comparison) -> Iterator[str]:
    yield f"# {found.before.run} and {found.after.run}"
    yield from ("", f"- before: {title(found.before)}", f"- after: {title(found.after)}")
    yield from ("", f"{headline(found)}.", *(f"- {one_line(one)}" for one in found.worse))
    for remark in remarks(found):
        yield from ("", f"Note: {one_line(remark)}.")
    for section in sections(found):
        yield from ("", f"## {section.title}", "")
        yield from table(section.columns, (row.cells for row in section.rows)) if section.rows else ("No difference.",)


def _rows(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(rows)


def _measured(one: Measured) -> Row:
    kind = {"worse": "bad", "better": "good"}.get(one.direction, "")
    cells = (one.model or "pod", one.quantity, _value(one.before), _value(one.after), one.change, one.judgement)
    return Row(cells, kind)


def _turn(turn: Turn) -> Row:
    return Row((turn.step, turn.name, turn.before or "not made", turn.after or "not made", turn.evidence), _kind(turn))


def _step(turn: Turn) -> Row:
    return Row((turn.name, turn.before or "not chosen", turn.after or "not chosen", turn.evidence), _kind(turn))


def _kind(turn: Turn) -> str:
    return "bad" if turn.worse else "good" if turn.before in ("failed", "interrupted") else ""


def _difference(one: Difference) -> Row:
    return Row((one.name, _known(one.before), _known(one.after)))


def _known(value: object) -> str:
    return "none" if value is None else plain_value(value)


def _value(found: Value | None) -> str:
    if found is None:
        return "not measured"
    if found.low is None or found.high is None:
        return f"{found.middle:,.0f}" if found.middle >= 1000 else f"{found.middle:.2f}"
    return f"{found.middle:.1f} ({found.low:.1f} to {found.high:.1f})"
