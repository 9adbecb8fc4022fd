import re
from pathlib import Path

import html5lib
import pytest

from runbook.archive import write_archive

from .conftest import MakeRun, run_name


def page(outputs: Path) -> str:
    write_archive(outputs)
    return (outputs / "index.html").read_text()


def test_every_run_is_on_it_with_its_verdict_figures_and_versions(outputs: Path, make_run: MakeRun) -> None:
    make_run(1)
    make_run(2, target="lab-two", verdict="failed", reason="03_apply: cell 3: not ready", checks=(("c", "failed"),))
    made = page(outputs)
    for words in ("succeeded", "failed", "03_apply: cell 3: not ready", "42.0", "(41.0 to 43.0) gemma3:270m",
                  "Kubernetes v1.36.3", "commit 109106ab38cf", "1 of 1", "0 of 1"):  # fmt: skip
        assert words in made, words
    assert f'href="lab-two/{run_name(2)}/index.html"' in made


def test_figures_over_the_runs_are_drawn_inside_the_page(outputs: Path, make_run: MakeRun) -> None:
    for number in range(3):
        make_run(number)
    made = page(outputs)
    assert 'aria-label="gemma3:270m, tokens per second over 3 runs: the latest 42.0, between 41.0 and 43.0"' in made
    assert made.count("<rect") == 3


def test_it_fetches_nothing_and_runs_only_its_own_script(outputs: Path, make_run: MakeRun) -> None:
    make_run(1)
    made = page(outputs)
    assert re.search(r"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-[^' ]+';", made)
    assert not re.search(r"<link|@import|url\(|\ssrc=", made)
    assert made.count("<script") == 1


def test_what_a_folder_says_stays_text(outputs: Path, make_run: MakeRun) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    make_run(1, verdict="failed", reason=evil)
    (outputs / "homelab" / "a'\"<b>&").mkdir()
    (outputs / "homelab" / "pins.txt").write_text(f"{run_name(1)} {evil}\n")
    made = page(outputs)
    assert made.count("<script") == 1
    assert "<img" not in made
    assert made.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2


def test_an_empty_folder_says_what_to_do(outputs: Path) -> None:
    made = page(outputs)
    assert "There is no run yet" in made
    assert "<script" not in made


def test_it_is_valid_html(outputs: Path, make_run: MakeRun) -> None:
    make_run(1)
    make_run(2, sealed=False)
    (outputs / "homelab" / "foreign").mkdir()
    html5lib.HTMLParser(strict=True).parse(page(outputs))


def test_pins_and_unreadable_folders_are_marked(outputs: Path, make_run: MakeRun) -> None:
    make_run(1)
    (outputs / "homelab" / "pins.txt").write_text(f"{run_name(1)}  before the upgrade\n")
    (outputs / "homelab" / "foreign").mkdir()
    made = page(outputs)
    assert "pinned: before the upgrade" in made
    assert "It holds neither a record nor a journal" in made


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        write_archive(tmp_path / "file")
