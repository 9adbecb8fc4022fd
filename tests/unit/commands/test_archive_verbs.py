"""The verbs about kept runs, on runs that the package's own writer made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from runbook.cli import cli
from tests.unit.archive.conftest import QUIET, made_run, run_name

SLOWER = tuple(value * 0.7 for value in QUIET)


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    made_run(tmp_path, run_name(1))
    made_run(tmp_path, run_name(2), decode=SLOWER)
    return tmp_path


def run(outputs: Path, *arguments: str, **how: Any) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--outputs", str(outputs)], **how)


def test_archive_says_what_is_there_and_writes_the_index(outputs: Path) -> None:
    (outputs / "homelab" / "foreign").mkdir()
    result = run(outputs, "archive")
    assert result.exit_code == 0
    assert "3 runs: 2 succeeded, 1 unreadable." in result.stdout
    assert "Unreadable: homelab/foreign: it holds neither a record nor a journal" in result.stdout
    assert (outputs / "index.html").is_file()


def test_archive_speaks_json(outputs: Path) -> None:
    said = json.loads(run(outputs, "archive", "--json").stdout)
    assert [one["run"] for one in said["runs"]] == [run_name(2), run_name(1)]
    assert said["runs"][0]["figures"][0]["model"] == "gemma3:270m"


def test_a_folder_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    assert run(tmp_path / "nowhere", "archive").exit_code == 2


def test_diff_ends_with_1_where_something_got_worse_and_names_it(outputs: Path) -> None:
    result = run(outputs, "diff", "previous", "latest")
    assert result.exit_code == 1
    assert "1 thing got worse." in result.stdout
    assert "decode speed, tokens/s: slower, -30.0 %" in result.stdout


def test_diff_ends_with_0_where_nothing_did(outputs: Path) -> None:
    assert run(outputs, "diff", "latest", "previous").exit_code == 0
    assert run(outputs, "diff", "latest", "latest").exit_code == 0


def test_diff_of_what_is_no_run_is_wrong_usage(outputs: Path) -> None:
    result = run(outputs, "diff", "latest", "nowhere")
    assert result.exit_code == 2
    assert "There is no run nowhere" in result.stderr


def test_diff_speaks_json_markdown_and_html(outputs: Path, tmp_path: Path) -> None:
    said = json.loads(run(outputs, "diff", "previous", "latest", "--json").stdout)
    assert said["worse"][0].startswith("gemma3:270m decode speed")
    assert said["measured"][0]["shift"]["kind"] == "change"
    assert run(outputs, "diff", "previous", "latest", "--markdown").stdout.startswith(f"# {run_name(1)} and")
    page = tmp_path / "page.html"
    result = run(outputs, "diff", "previous", "latest", "--html", str(page))
    assert (result.exit_code, f"Page: {page}" in result.stderr) == (1, True)
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert run(outputs, "diff", "previous", "latest", "--json", "--markdown").exit_code == 2


def test_a_page_that_cannot_be_written_is_an_error(outputs: Path) -> None:
    result = run(outputs, "diff", "latest", "latest", "--html", "/nowhere/page.html")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_prune_shows_its_plan_and_asks_before_it_removes(outputs: Path) -> None:
    result = run(outputs, "prune", "--keep", "1", input="y\n")
    assert f"homelab/{run_name(1)}" in result.stdout
    assert result.exit_code == 2  # nobody is at the terminal
    assert (outputs / "homelab" / run_name(1) / "record.json").is_file()


def test_prune_only_looks_when_it_is_told_to(outputs: Path) -> None:
    result = run(outputs, "prune", "--keep", "1", "--dry-run")
    assert result.exit_code == 0
    assert "1 run, 0.0 MB; 1 stay." in result.stdout
    assert (outputs / "homelab" / run_name(1) / "record.json").is_file()


def test_prune_leaves_a_tombstone_and_the_index_says_so(outputs: Path) -> None:
    result = run(outputs, "prune", "--keep", "1", "--yes")
    assert (result.exit_code, f"removed homelab/{run_name(1)}" in result.stderr) == (0, True)
    assert [path.name for path in (outputs / "homelab" / run_name(1)).iterdir()] == ["tombstone.json"]
    assert "Succeeded; removed 20" in (outputs / "index.html").read_text()
    assert "Nothing to remove" in run(outputs, "prune", "--keep", "1", "--yes").stdout


def test_prune_without_a_limit_is_wrong_usage(outputs: Path) -> None:
    assert run(outputs, "prune", "--yes").exit_code == 2


def test_prune_speaks_json_where_it_need_not_ask(outputs: Path) -> None:
    assert run(outputs, "prune", "--keep", "1", "--json").exit_code == 2
    said = json.loads(run(outputs, "prune", "--keep", "1", "--json", "--dry-run").stdout)
    assert [one["place"] for one in said["removals"]] == [f"homelab/{run_name(1)}"]
    assert said["kept"] == [{"place": f"homelab/{run_name(2)}", "why": "the last that succeeded"}]


def test_a_pinned_run_stays_until_it_is_let_go(outputs: Path) -> None:
    assert run(outputs, "pin", run_name(1), "--why", "before 0.16").stdout == f"{run_name(1)} is pinned.\n"
    assert "pinned: before 0.16" in (outputs / "index.html").read_text()
    assert "Nothing to remove" in run(outputs, "prune", "--keep", "0", "--dry-run").stdout
    assert run(outputs, "pin", run_name(1), "--off").stdout == f"{run_name(1)} is no longer pinned.\n"
    assert run(outputs, "pin", run_name(1), "--off").stdout == f"{run_name(1)} is not pinned.\n"
    assert run_name(1) in run(outputs, "prune", "--keep", "0", "--dry-run").stdout
