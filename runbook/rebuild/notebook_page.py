"""An executed notebook as one HTML page that opens offline, verdict first.

nbconvert's filters colour the code and render the prose; everything a kernel sent is rewritten by `safe`. The page
has no script, and its policy forbids the browser to fetch or run anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape
from nbformat import NotebookNode

from runbook.archive.look import templates
from runbook.rebuild.bounds import LARGEST_HTML, LARGEST_IMAGE, LARGEST_PAGE, LARGEST_TEXT, excerpt
from runbook.rebuild.outcome import StepResult
from runbook.rebuild.safe_html import safe
from runbook.rebuild.steps import StepFile
from runbook.record import CellVerdict, is_skipped
from runbook.record.verdict import INJECTED_TAG

TEMPLATES = Path(__file__).parent / "templates"
IMAGES = ("image/svg+xml", "image/png", "image/jpeg")
WIDGET = "application/vnd.jupyter.widget-view+json"
LONG_CODE_LINES = 24
SUMMARY_LENGTH = 70
# A name or a bracket has no colour of its own: its mark would be a third of the page.
PLAIN = re.compile(r'<span class="(?:n\w?|p|o|w|fm)">([^<]*)</span>')
# A link to a notebook that is no step of the run leads nowhere, and becomes its text.
STEP_LINK = re.compile(r'<a href="(?P<name>\d\d_[a-z0-9_]+)\.html(?:#[^"]*)?">(?P<text>.*?)</a>', re.DOTALL)
COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class ShownCell:
    """A cell as the page has it.

    Attributes:
        kind: `prose` or `code`.
        anchor: Name to link to.
        body: Prose or coloured code, as HTML.
        number: Number of a code cell; 0 for the injected parameters, and for prose.
        state: What became of a code cell; empty for prose.
        seconds: How long it took; None where it did not run.
        outputs: What it showed, as HTML.
        first_line: The beginning of the code, for where it is folded.
        note: What a reader should know of it: injected, an exercise.
        folded: It is so long that it is folded.
    """

    kind: str
    anchor: str
    body: Markup
    number: int = 0
    state: str = ""
    seconds: float | None = None
    outputs: tuple[Markup, ...] = field(default=())
    first_line: str = ""
    note: str = ""
    folded: bool = False


def render(notebook: NotebookNode, result: StepResult, chosen: Sequence[StepFile], run: str, target: str) -> str:
    """The page of a step.

    Args:
        notebook: The notebook as kept: masked already.
        result: What became of the step.
        chosen: The steps of the run in order, to link to its neighbours.
        run: Name of the run.
        target: Name of the target.
    """
    place = [step.name for step in chosen].index(result.step.name)
    shown = list(_cells(notebook, result))
    names = {step.name for step in chosen}
    made = _page(
        result,
        cells=shown,
        contents=_contents(shown),
        before=chosen[place - 1] if place else None,
        after=chosen[place + 1] if place + 1 < len(chosen) else None,
        run=run,
        target=target,
        problem="",
    )
    return STEP_LINK.sub(lambda link: link[0] if link["name"] in names else link["text"], made)


def render_without_cells(problem: str, result: StepResult, run: str, target: str) -> str:
    """The page of a step whose notebook cannot be shown, and why."""
    return _page(result, cells=[], contents=[], before=None, after=None, run=run, target=target, problem=problem)


def _page(result: StepResult, **shown: Any) -> str:
    template = templates(TEMPLATES).get_template("notebook.html")
    return template.render(result=result, failed=result.verdict.failed_cell, **shown)


def _cells(notebook: NotebookNode, result: StepResult) -> Iterator[ShownCell]:
    verdicts = {cell.id: cell for cell in result.verdict.cells}
    room = _Room()
    for cell in notebook.cells:
        anchor = f"cell-{cell.get('id', '')}"
        if cell.cell_type == "markdown":
            yield ShownCell("prose", anchor, _prose(cell.source))
        elif cell.cell_type == "code" and cell.source.strip():
            yield _code_cell(cell, anchor, verdicts.get(cell.get("id", "")), room)


class _Room:
    """What is left of a page for outputs: the first that do not fit are named, and short ones after them still do."""

    def __init__(self) -> None:
        self._left_bytes = LARGEST_PAGE

    def take(self, output: Markup) -> Markup:
        """An output, or that it is left out."""
        size_bytes = len(output.encode())
        if size_bytes > self._left_bytes:
            return _left_out("An output", size_bytes)
        self._left_bytes -= size_bytes
        return output


def _code_cell(cell: NotebookNode, anchor: str, verdict: CellVerdict | None, room: _Room) -> ShownCell:
    injected = INJECTED_TAG in cell.metadata.get("tags", ())
    note = "Values from the target" if injected else "Exercise, for you to run" if is_skipped(cell) else ""
    return ShownCell(
        kind="code",
        anchor=anchor,
        body=_coloured(cell.source),
        number=verdict.number if verdict else 0,
        state=verdict.state if verdict else "not run",
        seconds=cell.metadata.get("runbook", {}).get("seconds") if not is_skipped(cell) else None,
        outputs=tuple(room.take(_output(output)) for output in cell.outputs),
        first_line=cell.source.strip().splitlines()[0][:SUMMARY_LENGTH],
        note=note,
        folded=injected or cell.source.count("\n") >= LONG_CODE_LINES,
    )


def _output(output: NotebookNode) -> Markup:
    match output.output_type:
        case "stream":
            return _text(output.text, "printed" if output.name == "stdout" else "printed aside")
        case "error":
            return _text("\n".join(output.traceback) or f"{output.ename}: {output.evalue}", "printed trace")
        case _:
            return _shown(output.data)


def _shown(data: Mapping[str, Any]) -> Markup:
    """The richest form of an output that can be kept."""
    for kind in IMAGES:
        if kind in data:
            return _image(kind, data[kind], data.get("text/plain", "figure"))
    if "text/html" in data:
        return _html(_joined(data["text/html"]))
    if "text/markdown" in data:
        return _prose(_joined(data["text/markdown"]))
    if WIDGET in data:
        return Markup('<p class="aside">An interactive control; it works in JupyterLab.</p>')
    return _text(_joined(data.get("text/plain", "")), "value")


def _image(kind: str, content: Any, description: str) -> Markup:
    text = _joined(content)
    is_drawing = kind == "image/svg+xml"
    # Percent-encoded, a drawing takes less than in base64.
    encoded = quote(text, safe=" !$&'()*+,-./:;=?@_~") if is_drawing else "".join(text.split())
    if len(encoded) > LARGEST_IMAGE:
        return _left_out("An image", len(encoded))
    return Markup('<figure><img src="data:{}{},{}" alt="{}"></figure>').format(
        kind, "" if is_drawing else ";base64", encoded, _joined(description)
    )


def _html(text: str) -> Markup:
    if len(text) > LARGEST_HTML:
        return _left_out("A table or drawing", len(text))
    made = safe(text)
    # A table may be wider than the page: who has no mouse scrolls it by keys.
    reached = ' tabindex="0" role="group" aria-label="Output"' if "<table" in made else ""
    return Markup(f'<div class="rich"{reached}>{made}</div>')  # noqa: S704 - `safe` wrote it


def _left_out(what: str, size_bytes: int) -> Markup:
    return Markup('<p class="aside">{} of {:,} kB is left out here; the notebook has it.</p>').format(
        what, size_bytes // 1000
    )


def _text(text: str, kind: str) -> Markup:
    cut = excerpt(_joined(text))
    if not cut.cut_lines:
        return _pre(cut.first, kind)
    said = Markup('<p class="aside">{:,} lines are left out here; the notebook has them.</p>').format(cut.cut_lines)
    return _pre(cut.first, kind) + said + _pre(cut.last, kind)


def _pre(text: str, kind: str) -> Markup:
    from nbconvert.filters import ansi2html

    coloured: str = ansi2html(text)  # type: ignore[no-untyped-call]
    if len(coloured) > LARGEST_TEXT:
        coloured = str(escape(COLOURS.sub("", text)))
    return Markup('<pre class="{}">{}</pre>').format(kind, Markup(coloured))  # noqa: S704 - the filter escapes


def _prose(text: str) -> Markup:
    from nbconvert.filters import markdown2html

    rendered = str(markdown2html(text))
    return Markup(safe(re.sub(r'<a class="anchor-link" href="[^"]*">[^<]*</a>', "", rendered)))  # noqa: S704


def _coloured(code: str) -> Markup:
    from nbconvert.filters import Highlight2HTML

    colour = Highlight2HTML(pygments_lexer="python")  # type: ignore[no-untyped-call]
    return Markup(PLAIN.sub(r"\1", safe(colour(code))))  # noqa: S704 - `safe` wrote it


def _contents(cells: Sequence[ShownCell]) -> list[tuple[str, Markup]]:
    """The headings of the second level, with the anchor of each."""
    return [
        (cell.anchor, escape(Markup(heading).striptags()))  # noqa: S704 - its tags are removed
        for cell in cells
        if cell.kind == "prose"
        for heading in re.findall(r"<h2\b[^>]*>(.*?)</h2>", cell.body, re.DOTALL)
    ]


def _joined(text: Any) -> str:
    """Text of a notebook: one string, or a list of lines."""
    return text if isinstance(text, str) else "".join(text)
