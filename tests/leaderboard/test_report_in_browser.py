"""The report in Chromium, from disk: both themes, a phone, no JavaScript, nothing fetched.

Skipped where no Chromium is installed; continuous integration has one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from report_factory import hostile

from cefrbench.results.explanation import Explanation
from cefrbench_leaderboard.report.files import write_html

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def addresses(explanation: Explanation, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Of a plain report, and of one whose names are markup."""
    folder = tmp_path_factory.mktemp("report")
    paths: list[Path] = []
    for name, one in (("plain", explanation), ("hostile", hostile(explanation))):
        paths += write_html(one, folder / f"{name}.html")
    return [path.as_uri() for path in paths]


def test_axe_finds_no_violation(browser: Browser, addresses: list[str]) -> None:
    folder = Path(pytest.importorskip("axe_playwright_python").__file__).parent
    axe = (folder / "axe.min.js").read_text("utf-8")
    for theme in ("light", "dark"):
        with browser.new_context(color_scheme=theme, bypass_csp=True) as context:
            page = context.new_page()
            page.goto(addresses[0])
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            page.evaluate(axe)
            found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
            assert [
                (one["id"], [node["html"][:120] for node in one["nodes"][:3]])
                for one in found["violations"]
            ] == [], theme


def test_it_is_read_at_any_width_without_a_request_or_a_complaint(
    browser: Browser, addresses: list[str]
) -> None:
    for address in addresses:
        with browser.new_context() as context:
            page, requests, said = context.new_page(), list[str](), list[str]()
            page.on("request", lambda request, seen=requests: seen.append(request.url))
            page.on("console", lambda message, seen=said: seen.append(message.text))
            for width in (390, 768, 1440):
                page.set_viewport_size({"width": width, "height": 900})
                page.goto(address)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, width
            assert set(requests) == {address}
            assert said == []


def test_everything_is_there_without_javascript(
    browser: Browser, addresses: list[str], explanation: Explanation, tmp_path: Path
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(addresses[0])
        assert (
            page.locator("figure .panels:visible").count() == page.locator("figure").count() == 11
        )
        page.locator("#figure-parts summary").click()
        with page.expect_download() as download:
            page.locator("#figure-parts details a").click()
        assert download.value.suggested_filename == "parts.csv"
        download.value.save_as(tmp_path / "parts.csv")
        assert (tmp_path / "parts.csv").read_bytes().startswith(b"corpus,part,value,low,high\r\n")
        page.emulate_media(media="print")
        assert page.locator("table:visible").count() >= 7
