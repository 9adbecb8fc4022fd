"""The example run that the project ships: genuine, small, whole, and without anything of the machine it ran on."""

from __future__ import annotations

import re
from pathlib import Path

import html5lib
import nbformat
import pytest

from runbook.record import loads, verify
from tests.conftest import ROOT

EXAMPLES = ROOT / "outputs" / "examples"
LARGEST_BYTES = 1_000_000
if not EXAMPLES.is_dir():
    pytest.skip("outputs/examples is missing: `make example` makes it", allow_module_level=True)

# A home folder, a scratch folder, an account: what a page must not say of whoever made it.
PRIVATE = re.compile(rb"/(?:root|home/\w+|Users/\w+|tmp|work|builds?|workspace)/|\b(?:user|login)name\b")


@pytest.fixture(scope="module")
def run() -> Path:
    """The only run of the local target among the examples."""
    [found] = (EXAMPLES / "local").glob("2*")
    return found


def test_it_is_a_run_that_succeeded_and_its_record_holds(run: Path) -> None:
    found = verify(run)
    assert found.findings == ()
    assert (found.verdict, found.run_verdict) == ("good", "succeeded")


def test_it_is_small(run: Path) -> None:
    assert sum(path.stat().st_size for path in EXAMPLES.rglob("*") if path.is_file()) < LARGEST_BYTES
    assert run.is_dir()


def test_it_was_measured_for_real(run: Path) -> None:
    [measured] = loads((run / "results.json").read_bytes())["steps"]["06_measure"]["measurements"]
    assert len(measured["decode_tokens_per_second"]["values"]) == 5
    assert 0 < measured["decode_tokens_per_second"]["low"] < measured["decode_tokens_per_second"]["high"]


def test_it_says_nothing_of_the_machine_it_was_made_on(run: Path) -> None:
    found = [
        f"{path.relative_to(run)}: {match[0]!r}"
        for path in sorted(run.rglob("*"))
        if path.is_file()
        for match in PRIVATE.finditer(path.read_bytes())
    ]
    assert found == []


def test_its_notebooks_and_pages_are_valid(run: Path) -> None:
    notebooks = sorted((run / "notebooks").glob("*.ipynb"))
    assert len(notebooks) == 8
    for path in notebooks:
        nbformat.validate(nbformat.reads(path.read_text(), as_version=4))  # type: ignore[no-untyped-call]
    for path in (EXAMPLES / "index.html", *run.rglob("*.html")):
        html5lib.HTMLParser(strict=True).parse(path.read_text())


def test_every_page_leads_to_files_that_are_there(run: Path) -> None:
    for page in (EXAMPLES / "index.html", *run.rglob("*.html")):
        for link in re.findall(r'href="([^"#:]+)(?:#[^"]*)?"', page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} leads to {link}"
