import base64
import re

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from runbook.rebuild import StepResult
from runbook.rebuild.notebook_page import duration, marked_code, render, render_without_cells


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
    assert f'src="data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()}" alt="&lt;Figure&gt;"' in made
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
    assert "<summary>Values from the target</summary>" in made


def test_a_page_that_cannot_be_made_says_so_and_names_the_notebook(failed: StepResult) -> None:
    made = render_without_cells("KeyError: 'data'", failed, "run", "homelab")
    assert "KeyError: &#39;data&#39;" in made
    assert "../notebooks/03_apply.ipynb" in made


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.4, "59 s"), (65, "1 min 05 s"), (3725, "1 h 02 min")]
)
def test_a_duration_is_short(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_backticks_become_code_and_the_rest_is_escaped() -> None:
    assert marked_code("run `kubectl get <x>` & wait") == "run <code>kubectl get &lt;x&gt;</code> &amp; wait"
