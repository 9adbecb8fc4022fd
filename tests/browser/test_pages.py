"""The pages of a run in a real Chromium: they open offline, say what happened, and fit a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import fetched
from tests.conftest import FinishedRun

pytestmark = pytest.mark.cluster


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


def test_the_pages_fit_a_phone(phone: Page, rebuilt: FinishedRun) -> None:
    for path in (rebuilt.folder / "index.html", *sorted((rebuilt.folder / "html").glob("*.html"))):
        phone.goto(path.as_uri())
        width = phone.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{path.name} is {width} px wide"


def test_the_index_over_all_runs_leads_to_the_run_and_back(page: Page, rebuilt: FinishedRun) -> None:
    page.goto((rebuilt.folder.parents[1] / "index.html").as_uri())
    page.locator("#runs a").first.click()
    assert page.locator("h1").inner_text() == "Rebuild of local"
    page.get_by_role("link", name="All runs").click()
    assert page.locator("#runs > tbody > tr").count() == 1
