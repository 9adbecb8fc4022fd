import re
from urllib.parse import quote

import html5lib
import pytest
from markupsafe import escape
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from runbook.rebuild import StepResult
from runbook.rebuild.notebook_page import render, render_without_cells

SAFE = " !$&'()*+,-./:;=?@_~"


def page(result: StepResult, *cells: NotebookNode) -> str:
    return render(new_notebook(cells=list(cells)), result, [result.step], "20261125T061500Z-3fa9", "homelab")


def shown(data: dict[str, object]) -> NotebookNode:
    return new_code_cell("show()", outputs=[new_output("display_data", data=data)])


def test_the_failure_stands_at_the_top_with_a_link_to_its_cell(failed: StepResult) -> None:
    made = page(failed, new_markdown_cell("# Apply"), new_code_cell("rollout()", id="c5"))
    assert made.index("RolloutFailed: not ready") < made.index("<h1")
    assert 'href="#cell-c5"' in made
    assert "<code>kubectl get pvc</code>" in made
    assert "Pending &lt;b&gt;" in made


def test_nothing_on_the_page_is_fetched_or_run(failed: StepResult) -> None:
    made = page(failed, new_markdown_cell("![x](http://example.com/x.png) <script>alert(1)</script>"))
    assert "Content-Security-Policy" in made
    assert not re.search(r"<script|<link|@import|url\(|\ssrc=", made)


@pytest.mark.parametrize("kind", ["text/plain", "text/markdown", "text/html"])
def test_a_script_in_a_models_answer_stays_text(failed: StepResult, kind: str) -> None:
    made = page(failed, shown({kind: "tags: <script>alert(1)</script>"}))
    assert "<script" not in made
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in made


def test_a_stream_is_escaped_and_its_colours_kept(failed: StepResult) -> None:
    made = page(failed, new_code_cell("a", outputs=[new_output("stream", text="\x1b[31m<b>\x1b[0m")]))
    assert '<span class="ansi-red-fg">&lt;b&gt;</span>' in made


def test_plots_are_inside_the_page(failed: StepResult) -> None:
    drawing = "<svg xmlns='http://www.w3.org/2000/svg'/>"
    made = page(failed, shown({"image/svg+xml": drawing, "text/plain": "<Figure>"}), shown({"image/png": "aGk=\n"}))
    assert f'src="data:image/svg+xml,{escape(quote(drawing, safe=SAFE))}" alt="&lt;Figure&gt;"' in made
    assert 'src="data:image/png;base64,aGk="' in made


def test_a_flood_is_bounded_and_said_to_be(failed: StepResult) -> None:
    text = "\n".join(f"line {number}" for number in range(200_000))
    made = page(failed, new_code_cell("a", outputs=[new_output("stream", text=text)]))
    assert "199,900 lines are left out here" in made
    assert "line 199999" in made
    assert len(made) < 60_000


def test_a_table_of_many_megabytes_is_left_out(failed: StepResult) -> None:
    assert len(page(failed, shown({"text/html": "<p>" * 2_000_000}))) < 60_000


def test_a_widget_without_a_page_is_named(failed: StepResult) -> None:
    made = page(failed, shown({"application/vnd.jupyter.widget-view+json": {}, "text/plain": "IntSlider(value=0)"}))
    assert "An interactive control" in made
    assert "IntSlider" not in made


def test_exercises_and_injected_parameters_are_marked(failed: StepResult) -> None:
    made = page(
        failed,
        new_code_cell("answer = ...", metadata={"tags": ["exercise"]}),
        new_code_cell('target = "homelab"', metadata={"tags": ["injected-parameters"]}),
    )
    assert "Exercise, for you to run" in made
    assert "<summary><b>Values from the target</b></summary>" in made


def test_a_page_that_cannot_be_made_says_so_and_names_the_notebook(failed: StepResult) -> None:
    made = render_without_cells("KeyError: 'data'", failed, "run", "homelab")
    assert "KeyError: &#39;data&#39;" in made
    assert "../notebooks/03_apply.ipynb" in made


def test_every_cells_code_can_be_folded_away(failed: StepResult) -> None:
    made = page(
        failed, new_code_cell("first = 1\nsecond = 2"), new_code_cell("\n".join(f"line_{n} = {n}" for n in range(40)))
    )
    assert '<details class="source" open>\n<summary><code>first = 1</code></summary>' in made
    assert '<details class="source">\n<summary><code>line_0 = 0</code></summary>' in made


def test_a_page_stays_below_two_megabytes_whatever_is_on_it(failed: StepResult) -> None:
    table = "<table><tr><td>" + "x" * 390_000 + "</td></tr></table>"
    colours = "\n".join("\x1b[31ma\x1b[32mb" * 200 for _ in range(200)) + "\nlast line"
    tables = [shown({"text/html": table}) for _ in range(20)]
    floods = [new_code_cell("print()", outputs=[new_output("stream", text=colours)]) for _ in range(20)]
    made = page(failed, floods[0], *tables, *floods[1:], shown({"text/plain": "after it all"}))
    assert len(made.encode()) < 2_000_000
    assert "An output of 390 kB is left out here; the notebook has it." in made
    assert "last line" in made
    assert "after it all" in made


def test_the_page_is_valid_html(failed: StepResult) -> None:
    made = page(
        failed,
        new_markdown_cell("# Apply\n\n## One\n\n| a | b |\n| --- | --- |\n| 1 | <p>2 |\n\n<div><b>x"),
        new_markdown_cell("## Two"),
        new_code_cell(
            "x",
            outputs=[
                new_output("stream", text="\x1b[31m<b>\x1b[0m"),
                new_output("error", ename="E", evalue="v", traceback=["<t>"]),
            ],
        ),
        shown({"text/html": "<table><tr><td>1</table><script>x</script><p><table>"}),
        shown({"image/svg+xml": "<svg/>", "text/plain": "<Figure>"}),
    )
    html5lib.HTMLParser(strict=True).parse(made)


def test_a_link_to_what_is_no_step_of_the_run_is_text(failed: StepResult) -> None:
    made = page(failed, new_markdown_cell("See [apply](03_apply.ipynb) and [the rollback](90_rollback.ipynb#how)."))
    assert '<a href="03_apply.html">apply</a> and the rollback.' in made
