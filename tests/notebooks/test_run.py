"""A whole run with real kernels: what it keeps, what it tells, what it leaves out."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest

from runbook.errors import ClusterUnreachable
from runbook.parameters import Parameters
from runbook.rebuild import RunResult
from runbook.record import loads, read_journal, sha256

SHOWS = """\
from IPython.display import display
display("nothing yet", display_id="bar")
display("3 of 4", display_id="bar", update=True)"""
TOKEN = "FAKE-tok-8f31c0de-000"


@pytest.fixture(scope="module")
def good(make_bench: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Two notebooks that succeed, run once."""
    bench = make_bench(tmp_path_factory.mktemp("good"))
    declared = 'target: str = ""  # target\nrun: str = ""  # run folder\nrepetitions: int | None = None  # how often'
    bench.book(
        "01_hardware",
        "import math\nstep.result('hardware', {'nodes': [{'name': 'a', 'load': math.nan}]})",
        "print('found one node')",
        SHOWS,
        exercises=("raise SystemExit('an exercise ran')",),
        parameters=declared,
        metadata={"runbook": {"quiet": True}},
    )
    bench.book(
        "02_models", "assert step.read('hardware')['nodes'][0]['name'] == 'a'\nassert step.parameters.repetitions == 5"
    )
    return bench, bench.execute()


@pytest.fixture
def run(good: Any) -> RunResult:
    result: RunResult = good[1]
    return result


def test_a_good_run_succeeded_and_keeps_everything(run: RunResult) -> None:
    assert (run.verdict, run.reason) == ("succeeded", "")
    kept = {path.relative_to(run.folder).as_posix() for path in run.folder.rglob("*") if path.is_file()}
    assert kept == {
        "versions.json",
        "html/01_hardware.html",
        "html/02_models.html",
        "index.html",
        "journal.jsonl",
        "notebooks/01_hardware.ipynb",
        "notebooks/02_models.ipynb",
        "rebuild.md",
        "record.json",
        "results.json",
    }
    record = loads((run.folder / "record.json").read_bytes())
    assert {one["name"]: one["digest"]["sha256"] for one in record["subject"]} == {
        name: sha256(run.folder / name) for name in kept - {"record.json"}
    }


def test_every_json_it_writes_is_strict_and_what_is_not_a_number_says_so(run: RunResult) -> None:
    for file in (*run.folder.rglob("*.json"), *run.folder.rglob("*.ipynb")):
        loads(file.read_bytes())
    read_journal(run.folder / "journal.jsonl")
    results = loads((run.folder / "results.json").read_bytes())
    assert results["steps"]["01_hardware"]["hardware"]["nodes"][0]["load"] is None
    assert results["undefined"] == {"01_hardware.hardware.nodes[0].load": "not a number"}


def test_the_notebooks_are_valid_and_say_how_they_ended(run: RunResult) -> None:
    kept = nbformat.read(run.folder / "notebooks" / "01_hardware.ipynb", as_version=4)
    nbformat.validate(kept)
    assert kept.metadata.runbook.outcome == "succeeded"
    assert "papermill" not in kept.metadata
    injected = next(cell for cell in kept.cells if cell.id == "injected-parameters")
    assert 'target = "box"' in injected.source
    assert "repetitions = 5" in injected.source


def test_exercises_are_skipped_and_said_to_be(run: RunResult) -> None:
    assert [cell.state for cell in run.steps[0].verdict.cells][-1] == "skipped"
    assert "Exercise, for you to run" in (run.folder / "html" / "01_hardware.html").read_text()


def test_progress_tells_of_steps_cells_and_what_they_print(good: Any) -> None:
    lines = good[0].told.lines
    assert lines[0] == "step 1/2 01_hardware"
    assert "said found one node" in lines
    assert "said '3 of 4'" in lines
    assert lines[-1] == "02_models succeeded"


def test_no_page_fetches_anything(run: RunResult) -> None:
    for page in run.folder.rglob("*.html"):
        assert not re.search(r"<script|<link|@import|url\(|src=\"(?!data:)", page.read_text())


def test_only_the_chosen_steps_run(book: Any, execute: Any) -> None:
    for name in ("01_hardware", "02_models", "03_apply"):
        book(name)
    result = execute(only="02")
    assert [step.verdict.outcome for step in result.steps] == ["not selected", "succeeded", "not selected"]
    assert result.verdict == "succeeded"


def test_secrets_and_home_are_in_nothing_that_is_kept_or_told(
    book: Any, execute: Any, told: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home" / "alex"
    home.mkdir(parents=True)
    monkeypatch.setenv("REGISTRY_TOKEN", TOKEN)
    monkeypatch.setenv("HOME", str(home))
    book(
        "05_prints_secrets",
        "import os, base64\ntoken, home = os.environ['REGISTRY_TOKEN'], os.environ['HOME']",
        "print(f'{token} in {home}/lab')",
        "print(base64.b64encode(('user:' + token).encode()).decode(), base64.b64encode(token.encode()).decode())",
        "step.result('answer', {token: f'x {token}'})\nstep.note(token)",
        "from IPython.display import HTML\nHTML(f'<b>{token}</b>')",
        "raise ValueError(f'refused {token} from {home}/nb')",
    )
    result = execute(Parameters(target="box", context="box", kubeconfig=f"{home}/.kube/config"))
    forms = [TOKEN, base64.b64encode(TOKEN.encode()).decode(), base64.b64encode(f"user:{TOKEN}".encode()).decode()]
    kept = [path.read_text() for path in result.folder.rglob("*") if path.is_file()] + told.lines
    for form in (*forms, str(home)):
        assert not [text for text in kept if form in text]
    record = json.loads((result.folder / "record.json").read_bytes())
    assert record["predicate"]["redactions"]["secret"] >= 6
    assert record["predicate"]["parameters"]["kubeconfig"] == "~/.kube/config"
    for one in record["subject"]:
        assert one["digest"]["sha256"] == sha256(result.folder / one["name"])


def test_a_flood_is_kept_whole_and_shown_in_part(book: Any, execute: Any) -> None:
    book("05_floods", "for number in range(20_000): print('line', number)")
    result = execute()
    assert "line 12345" in (result.folder / "notebooks" / "05_floods.ipynb").read_text()
    page = (result.folder / "html" / "05_floods.html").read_text()
    assert "19,900 lines are left out here" in page
    assert "line 19999" in page
    assert len(page) < 60_000


def test_kernels_draw_different_random_numbers(book: Any, execute: Any) -> None:
    draw = "import random, numpy\nstep.result('{}', [random.random(), numpy.random.random()])"
    book("01_a", draw.format("a"))
    book("02_b", draw.format("b"))
    steps = loads((execute().folder / "results.json").read_bytes())["steps"]
    assert not set(steps["01_a"]["a"]) & set(steps["02_b"]["b"])


def test_a_plot_is_drawn_by_the_inline_backend(book: Any, execute: Any) -> None:
    book("01_plots", "import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    assert 'src="data:image/png;base64,' in (execute().folder / "html" / "01_plots.html").read_text()


def test_what_connects_to_the_cluster_is_called_before_anything_is_kept(bench: Any, tmp_path: Path) -> None:
    def unreachable() -> Any:
        raise ClusterUnreachable("Nobody answered.")

    bench.book("01_hardware")
    with pytest.raises(ClusterUnreachable):
        bench.execute(cluster=unreachable)
    assert not [path for path in (tmp_path / "outputs" / "box").iterdir() if path.is_dir()]
    assert not bench.told.lines


def test_the_cluster_is_named_in_the_record_and_on_the_index(bench: Any) -> None:
    bench.book("01_hardware")
    result = bench.execute(cluster=lambda: SimpleNamespace(context="c", server="https://s:6443", uid="u", version="v1"))
    predicate = loads((result.folder / "record.json").read_bytes())["predicate"]
    assert predicate["cluster"] == {"context": "c", "server": "https://s:6443", "uid": "u", "version": "v1"}
    assert "c, https://s:6443, Kubernetes v1" in result.index.read_text()


def test_a_run_is_on_the_index_over_all_runs_when_it_ends(run: RunResult) -> None:
    page = (run.folder.parents[1] / "index.html").read_text()
    assert f'href="{run.folder.parent.name}/{run.folder.name}/index.html"' in page


def test_where_the_folder_of_outputs_lies_is_not_kept(run: RunResult) -> None:
    place = str(run.folder.parents[1])
    named = [path.name for path in run.folder.rglob("*") if path.is_file() and place in path.read_text()]
    assert named == []
    assert (
        f"outputs/{run.folder.parent.name}/{run.folder.name}"
        in (run.folder / "notebooks/01_hardware.ipynb").read_text()
    )
