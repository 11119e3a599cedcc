"""One journey through the console in a real browser: in by the address, to a refused list, its reasons, another language, out."""

import os
import shutil
from pathlib import Path

import pytest

from tests.faces.api.serving import key
from tests.faces.console.conftest import HOSTILE

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
SHOTS = os.environ.get("TRIPOINT_TEST_SHOTS")
"""A folder for pictures of the pages, where somebody wants to look at them."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


@pytest.fixture
def page():
    """A page of a fresh browser; any dialog or error on it fails the test."""
    sync_api = pytest.importorskip("playwright.sync_api")
    wrong = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        made = browser.new_page(locale="zh-CN", viewport={"width": 1280, "height": 900})
        made.on("dialog", lambda dialog: wrong.append(dialog.message) or dialog.dismiss())
        made.on("pageerror", lambda error: wrong.append(str(error)))
        yield made
        browser.close()
    assert wrong == []


def shoot(page, name):
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def test_a_reader_finds_out_why_a_list_was_refused(page, engine, url):
    requested = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(f"{url}/login?key={engine.console_key()}")
    page.wait_for_url(f"{url}/")
    assert page.locator("h1").inner_text() == "总览"
    shoot(page, "overview")
    page.get_by_role("link", name="退单").first.click()
    assert page.locator("table tr").count() > 1
    shoot(page, "refused")
    page.locator("table a").first.click()
    assert page.locator(".finding.refuse").count() >= 1
    shoot(page, "list")
    page.get_by_role("link", name="English").click()
    assert "How to mend it" in page.content()
    page.locator(".finding a").first.click()
    page.get_by_role("link", name="Lists with this finding").click()
    assert page.locator("table tr").count() > 1
    page.get_by_placeholder("Find by number").fill(HOSTILE)
    page.get_by_role("button", name="Find").click()
    assert HOSTILE in page.locator("h1, dd").all_inner_texts()
    page.get_by_role("button", name="Log out").click()
    assert page.get_by_label("Operator's key").is_visible()
    page.goto(f"{url}/lists")
    page.get_by_label("Operator's key").fill(key(engine, None))
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{url}/")
    assert page.locator("h1").inner_text() == "Overview"
    assert {address for address in requested if not address.startswith((url, "data:"))} == set()
