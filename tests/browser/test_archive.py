"""The index over all runs, a comparison, and the pages of the example in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from runbook.archive import compare, diff_page, pin, write_archive
from runbook.record import RunFolder
from tests.browser.conftest import fetched
from tests.conftest import ROOT
from tests.unit.archive.conftest import QUIET, made_run, run_name

EVIL = '<script>window.ran = 1</script><img src=x onerror="window.ran = 1">\'"><svg onload=window.ran=1>'
SERIOUS = ("serious", "critical")
EXAMPLE = sorted((ROOT / "outputs" / "examples").glob("*/2*"))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of two targets, some failed, one hostile, one folder that is none."""
    made = tmp_path_factory.mktemp("outputs")
    for number in range(6):
        made_run(made, run_name(number), decode=[value * (1 + number / 20) for value in QUIET])
    made_run(made, run_name(6), verdict="failed", reason="03_apply: the claim is pending", checks=[("bound", "failed")])
    made_run(made, run_name(7), target="spare", decode=())
    made_run(made, run_name(8), target="spare", sealed=False)
    made_run(made, run_name(9), target="spare", verdict="failed", reason=EVIL, facts={"source": {"gitCommit": EVIL}})
    (made / "spare" / "<b>holiday").mkdir()
    pin(made / "homelab", run_name(3), EVIL)
    write_archive(made)
    before, after = RunFolder(made / "homelab" / run_name(1)), RunFolder(made / "spare" / run_name(9))
    (made / "diff.html").write_text(diff_page(compare(before, after)))
    return made


def rows(page: Page) -> int:
    return page.locator("#runs > tbody > tr:visible").count()


def serious(page: Page) -> list[str]:
    """What axe finds that keeps somebody from using a page."""
    violations = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in violations if one["impact"] in SERIOUS]


def test_it_opens_from_the_file_system_without_fetching_or_an_error(page: Page, outputs: Path) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text))
    assert fetched(page, (outputs / "index.html").as_uri()) == []
    assert errors == []
    assert rows(page) == 11
    assert page.locator("svg.spark").count() == 4


def test_a_search_and_the_filters_narrow_the_table_down(page: Page, outputs: Path) -> None:
    page.goto((outputs / "index.html").as_uri())
    page.get_by_label("Verdict").select_option("failed")
    assert rows(page) == 2
    page.get_by_label("Search").fill("CLAIM pending")
    assert rows(page) == 1
    assert page.locator("#count").inner_text() == "1 of 11 runs"
    page.get_by_role("combobox", name="Target").select_option("spare")
    assert rows(page) == 0
    assert page.get_by_text("No run fits.").is_visible()
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function("document.getElementById('count').textContent === '11 runs'")
    assert rows(page) == 11


def test_without_scripts_everything_is_there_but_the_filter(browser: Browser, outputs: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((outputs / "index.html").as_uri())
    assert rows(page) == 11
    assert not page.get_by_label("Search").is_visible()
    context.close()


def test_of_many_runs_the_newest_are_shown_first_and_all_are_printed(page: Page, outputs: Path, tmp_path: Path) -> None:
    made = (outputs / "index.html").read_text()
    before, row, after = made.partition('<tr data-target="homelab"')
    row += after.partition("</tr>")[0] + "</tr>\n"
    (tmp_path / "index.html").write_text(before + row * 300 + after.partition("</tr>")[2])
    page.goto((tmp_path / "index.html").as_uri())
    assert rows(page) == 200
    page.emulate_media(media="print")
    assert rows(page) == 310
    page.emulate_media(media="screen")
    page.get_by_role("button", name="Show the other 110").click()
    assert rows(page) == 310


def test_what_a_run_says_does_not_run(page: Page, outputs: Path) -> None:
    for name in ("index.html", "diff.html"):
        page.goto((outputs / name).as_uri())
        page.wait_for_timeout(50)
        assert page.evaluate("window.ran") is None, name
    page.goto((outputs / "index.html").as_uri())
    assert page.get_by_text("window.ran = 1").first.is_visible()


def test_a_foreign_script_in_the_page_is_not_allowed_to_run(page: Page, outputs: Path, tmp_path: Path) -> None:
    made = (outputs / "index.html").read_text().replace("</main>", "<script>window.ran = 1</script></main>")
    (tmp_path / "index.html").write_text(made)
    page.goto((tmp_path / "index.html").as_uri())
    assert page.evaluate("window.ran") is None


@pytest.mark.parametrize("name", ["index.html", "diff.html"])
def test_it_fits_a_phone(phone: Page, outputs: Path, name: str) -> None:
    phone.goto((outputs / name).as_uri())
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index.html", "diff.html"])
def test_axe_finds_nothing_serious(browser: Browser, outputs: Path, name: str, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto((outputs / name).as_uri())
    assert serious(page) == []
    context.close()


def test_printed_the_filter_is_gone_and_the_runs_are_not(page: Page, outputs: Path) -> None:
    page.goto((outputs / "index.html").as_uri())
    page.emulate_media(media="print")
    assert not page.locator("#filter").is_visible()
    assert rows(page) == 11


@pytest.mark.parametrize(
    "path", [path for run in EXAMPLE for path in sorted(run.rglob("*.html"))], ids=lambda path: path.stem
)
def test_every_page_of_the_example_is_accessible_offline_and_fits_a_phone(page: Page, phone: Page, path: Path) -> None:
    assert fetched(page, path.as_uri()) == []
    assert serious(page) == []
    phone.goto(path.as_uri())
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.skipif(not EXAMPLE, reason="outputs/examples is missing: `make example` makes it")
def test_code_folds_and_unfolds_without_a_script(browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((EXAMPLE[-1] / "html" / "06_measure.html").as_uri())
    code = page.locator("details.source[open] .code").first
    assert code.is_visible()
    page.locator("details.source[open] > summary").first.click()
    assert page.locator("details.source:not([open])").first.is_visible()
    context.close()
