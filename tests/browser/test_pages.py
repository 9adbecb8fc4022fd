"""The pages of a run in a real Chromium: they open offline, say what happened, and fit a phone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from tests.conftest import FinishedRun

pytestmark = pytest.mark.cluster

QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium is not None, "the browser tests need Chromium: make test installs it"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    yield context.new_page()
    context.close()


def fetched(page: Page, url: str) -> list[str]:
    """Open a page, and say what it fetched from anywhere but the file system."""
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))
    page.goto(url)
    page.wait_for_load_state("load")
    return [request.url for request in requests if not request.url.startswith(("file:", "data:", "blob:"))]


def test_the_index_says_the_verdict_and_leads_to_every_step(page: Page, rebuilt: FinishedRun) -> None:
    assert fetched(page, (rebuilt.folder / "index.html").as_uri()) == []
    assert page.get_by_text("Succeeded").first.is_visible()
    links = page.locator("a[href^='html/']").evaluate_all("nodes => [...new Set(nodes.map(n => n.href.split('#')[0]))]")
    assert len(links) == 10
    page.goto(links[5])
    assert page.locator("h1").first.is_visible()


def test_every_notebook_page_opens_offline_without_an_error(page: Page, rebuilt: FinishedRun) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for path in sorted((rebuilt.folder / "html").glob("*.html")):
        assert fetched(page, path.as_uri()) == [], path.name
    assert errors == []


def test_the_pages_fit_a_phone(browser: Browser, rebuilt: FinishedRun) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    for path in (rebuilt.folder / "index.html", *sorted((rebuilt.folder / "html").glob("*.html"))):
        page.goto(path.as_uri())
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{path.name} is {width} px wide"
    context.close()
