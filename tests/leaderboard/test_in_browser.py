"""The site in Chromium: from disk, with a reader's keyboard and mouse, with and without JavaScript.

Skipped where no Chromium is installed; continuous integration has one.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from site_factory import MARKUP, Site, page_of

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

MINUS = "\N{MINUS SIGN}"
#: One page of each kind.
PAGES = (
    "index.html",
    "boards/paper/ridge.html",
    page_of("strong"),
    page_of(MARKUP),
    "compare.html",
    "corpora/index.html",
    "corpora/merlin-de.html",
    "probes/ridge.html",
    "protocols/lofo.html",
    "coverage.html",
    "about.html",
    "reported.html",
    "data.html",
    "ways/cefr-v1/corpus/elle.html",
    "ways/cefr-v1/matrix.html",
    "ways/cefr-v1/size.html",
)


@dataclass
class Reader:
    """A page of the site, and all that went wrong or left the machine while it was read."""

    page: Page
    site: Site
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self, name: str) -> Page:
        path, _, anchor = name.partition("#")
        address = (self.site.out / path).as_uri()
        self.page.goto("about:blank")
        self.page.goto(f"{address}#{anchor}" if anchor else address)
        return self.page

    def names(self, section: str = "#full") -> list[str]:
        """Encoders of a table that can be seen, in order."""
        return self._links(section).all_inner_texts()

    def expect(self, names: list[str], section: str = "#full") -> None:
        """Wait until these encoders can be seen, in order: a page answers a click when it can."""
        self.expect_count(len(names), section)
        if names:
            playwright.expect(self._links(section)).to_have_text(names)

    def expect_count(self, count: int, section: str = "#full") -> None:
        playwright.expect(self._links(section)).to_have_count(count)

    def _links(self, section: str) -> Locator:
        rows = self.page.locator(f"{section} table.results tbody tr:visible")
        return rows.locator("th a")


def reader_of(context: BrowserContext, site: Site) -> Reader:
    reader = Reader(context.new_page(), site)
    reader.page.on("request", lambda request: reader.requests.append(request.url))
    reader.page.on("pageerror", lambda error: reader.errors.append(str(error)))
    reader.page.on(
        "console", lambda said: reader.errors.append(said.text) if said.type == "error" else None
    )
    return reader


@pytest.fixture
def reader(browser: Browser, site: Site) -> Iterator[Reader]:
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        found = reader_of(context, site)
        yield found
        assert found.errors == []
        assert all(url.startswith(("file://", "about:", "data:")) for url in found.requests)


def head(page: Page, label: str) -> Locator:
    return page.locator("#full thead").get_by_role("button", name=label, exact=True)


def test_a_chart_is_saved_as_png_twice_its_size(reader: Reader) -> None:
    page = reader.open(page_of("strong"))
    chart = page.locator("section.chart").first
    chart.get_by_text("Take this chart").click()
    with page.expect_download() as download:
        chart.get_by_role("button", name="PNG").click()
    assert download.value.suggested_filename == f"{chart.get_attribute('id')}.png"
    png = Path(download.value.path()).read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    sides = "one => [2 * one.scrollWidth, 2 * one.scrollHeight]"
    assert list(struct.unpack(">II", png[16:24])) == chart.locator(".drawing").evaluate(sides)


# -- the leaderboard ----------------------------------------------------------------------------


def test_a_click_on_a_heading_sorts_and_a_second_one_reverses(reader: Reader) -> None:
    page = reader.open("index.html")
    ranked = reader.names()
    head(page, "Encoder").click()
    reader.expect(sorted(ranked, key=lambda name: name.replace(":", " ")))
    head(page, "Encoder").click()
    reader.expect(sorted(ranked, key=lambda name: name.replace(":", " "), reverse=True))
    cell = page.locator("#full th[data-col=encoder]")
    assert cell.get_attribute("aria-sort") == "descending"


def test_scores_sort_from_the_top_and_rows_without_a_number_stay_last(reader: Reader) -> None:
    page = reader.open("index.html")
    head(page, "Seen QWK").click()
    texts = page.locator("#full tbody tr td:nth-child(5) a").all_inner_texts()
    values = [float(text.replace(MINUS, "-")) for text in texts]
    assert len(values) == 5
    assert values == sorted(values, reverse=True)
    head(page, "Rank").click()
    assert set(reader.names()[-2:]) == {"surface", "random-qwen3-tiny"}


def test_the_keyboard_alone_sorts(reader: Reader) -> None:
    page = reader.open("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    head(page, "Encoder").focus()
    page.keyboard.press("Enter")
    first = reader.names()
    page.keyboard.press("Space")
    reader.expect(first[::-1])


def test_search_narrows_every_table_and_counts(reader: Reader) -> None:
    page = reader.open("index.html")
    page.get_by_label("Search").fill("STRONG twin")
    reader.expect(["strong-twin"])
    assert "1 of" in page.locator("output[name=count]").inner_text()
    page.get_by_role("button", name="Clear").click()
    reader.expect_count(5)


def test_size_and_licence_filter(reader: Reader) -> None:
    page = reader.open("index.html")
    page.get_by_label("Size").select_option(label="1 B to 5 B")
    reader.expect([])
    page.get_by_label("Size").select_option(label="under 100 M")
    page.locator("select[name=licence]").select_option(label="not recorded")
    reader.expect_count(5)


def test_a_protocol_chosen_hides_the_others_and_sorts(reader: Reader) -> None:
    page = reader.open("index.html")
    page.get_by_label("Protocol").select_option("iid")
    assert page.locator("#full th[data-col=lofo]").is_hidden()
    assert page.locator("#full th[data-col=iid]").get_attribute("aria-sort") == "descending"


def test_columns_are_chosen(reader: Reader) -> None:
    page = reader.open("index.html")
    assert page.locator("#full th[data-col=width]").is_hidden()
    page.locator(".columns summary").click()
    page.get_by_label("Width").check()
    assert page.locator("#full th[data-col=width]").is_visible()
    assert page.locator("#full tbody tr").first.get_by_text("16", exact=True).is_visible()


def test_the_address_holds_the_state_and_brings_it_back(reader: Reader) -> None:
    page = reader.open("index.html")
    page.get_by_label("Search").fill("strong")
    head(page, "Kept").click()
    page.locator(".columns summary").click()
    page.get_by_label("Licence", exact=True).last.check()
    state, names = page.url.partition("#")[2], reader.names()
    assert "q=strong" in state
    assert "sort=-kept" in state
    reader.open(f"index.html#{state}")
    reader.expect(names)
    assert page.get_by_label("Search").input_value() == "strong"
    assert page.locator("#full th[data-col=licence]").is_visible()


def test_suite_and_probe_are_pages_of_their_own(reader: Reader) -> None:
    page = reader.open("index.html")
    page.get_by_role("link", name="ridge", exact=True).click()
    page.wait_for_url("**/boards/cefr-v1/ridge.html")
    page.get_by_role("link", name="paper", exact=True).click()
    page.wait_for_url("**/boards/paper/ridge.html")
    reader.expect(["surface"], "#partial-0")


def test_one_click_leads_from_a_number_to_its_units(reader: Reader) -> None:
    page = reader.open("index.html")
    row = page.locator("#e-strong")
    score = row.locator("td a").nth(0)
    shown = score.inner_text()
    score.click()
    page.wait_for_url("**/encoders/strong/cefr-v1.html#lofo-*")
    units = page.locator(f"[id='{page.url.partition('#')[2]}']")
    table = units.locator("table.parts")
    table.wait_for(state="visible")
    column = table.locator("thead th").all_inner_texts().index("QWK")
    values = [
        float(line.locator("td, th").nth(column).locator(".n").inner_text().replace(MINUS, "-"))
        for line in table.locator("tbody tr").all()
    ]
    assert len(values) == 9
    assert float(shown) == pytest.approx(sum(values) / len(values), abs=0.001)
    assert units.locator("table.chosen tbody tr").count() == 8, "a line a family"


# -- comparing ----------------------------------------------------------------------------------


def test_encoders_ticked_on_the_board_are_compared(reader: Reader) -> None:
    page = reader.open("index.html")
    for name in ("strong", "hf:org/weak", "surface"):
        page.get_by_label(f"Compare {name}", exact=True).check()
    page.get_by_role("link", name="Compare 3").click()
    page.get_by_role("heading", name="Paired tests").wait_for()
    pairs = page.get_by_role("region", name="Paired tests").locator("tbody tr")
    # No invented corpus names tasks, and all are in English: by-task and lolo have no folds.
    assert pairs.count() == 3 * 4, "iid, lofo, loco and the gap"
    outside = pairs.filter(has_text="OOD").first.inner_text()
    assert "strong against hf:org/weak" in outside
    assert "strong is better" in outside


def test_at_most_four_can_be_ticked(reader: Reader) -> None:
    page = reader.open("index.html")
    boxes = page.locator("#full input.pick")
    for index in range(4):
        boxes.nth(index).check()
    assert boxes.nth(4).is_disabled()


def test_a_comparison_has_an_address_of_its_own(reader: Reader) -> None:
    page = reader.open("compare.html#suite=cefr-v1&probe=ridge&with=strong+strong-twin")
    page.get_by_role("heading", name="Paired tests").wait_for()
    table = page.get_by_role("region", name="Paired tests")
    assert "no difference shown" in table.inner_text()
    page.get_by_label("Add an encoder").fill("weak")
    page.keyboard.press("Enter")
    page.wait_for_url("**with=strong+strong-twin+hf--org--weak")
    page.get_by_role("button", name="Take out strong", exact=True).click()
    page.wait_for_url("**with=strong-twin+hf--org--weak")


def test_a_hostile_name_stays_text_when_it_is_compared(reader: Reader) -> None:
    page = reader.open("compare.html#suite=cefr-v1&probe=ridge&with=img-src-x-onerror-alert-1")
    page.get_by_role("combobox", name="Suite").wait_for()
    options = page.locator("#encoders option")
    assert options.count() > 0
    assert page.locator("img").count() == 0


def test_a_pair_has_one_p_value_on_the_board_the_page_and_in_its_data(
    reader: Reader, site: Site
) -> None:
    """What the script shows of any pair is what the page says of the first ones, either way."""
    page = reader.open("compare.html")
    rows = page.locator("#first table").first.locator("tbody tr")
    said = [[c.inner_text() for c in row.locator("th, td").all()] for row in rows.all()]
    names = list(dict.fromkeys(n for row in said for n in row[0].split(" against ")))
    for order in (names, names[::-1]):
        for name in order:
            page.get_by_label("Add an encoder").fill(name)
            page.keyboard.press("Enter")
        page.get_by_role("region", name="Paired tests").wait_for()
        shown = page.get_by_role("region", name="Paired tests").locator("tbody tr")
        cells = [[c.inner_text() for c in row.locator("th, td").all()] for row in shown.all()]
        found = {(row[0], row[1].lower().replace("ood", "lofo")): row for row in cells}
        assert len(found) == len(said)
        for pair, protocol, difference, words in said:
            first, second = pair.split(" against ")
            row = found.get((pair, protocol)) or found[f"{second} against {first}", protocol]
            p = re.search(r"p\s(=|<)\s([\d.]+), both after Holm", words)
            assert (p is None) == ("can't be tested" in words), words
            tested = "—" if p is None else f"p {p[1]} {p[2]}"
            assert tested in row[3].replace("\u00a0", " ")
            same = row[0] == pair
            # Its interval stands right behind it.
            value = float(
                re.sub(
                    r"^(.\d\.\d{3}).*", r"\1", difference.replace("\u2212", "-"), flags=re.DOTALL
                )
            )
            there = float(row[2].replace("\u2212", "-"))
            assert there == pytest.approx(value if same else -value, abs=0.0011)
        page.get_by_role("button", name="Clear").click()
        page.get_by_role("heading", name="Paired tests").wait_for(state="detached")


# -- all pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_violation_that_axe_finds(browser: Browser, site: Site, name: str) -> None:
    folder = Path(pytest.importorskip("axe_playwright_python").__file__).parent
    axe = (folder / "axe.min.js").read_text("utf-8")
    # Both themes set the same elements; one page of each kind of element is enough for the second.
    for theme in ("light", "dark") if name in PAGES[:5] else ("light",):
        with browser.new_context(color_scheme=theme, bypass_csp=True) as context:
            page = reader_of(context, site).open(name)
            for kind in ("data", "units", "columns"):
                page.evaluate(f"document.querySelector('details.{kind}')?.setAttribute('open', '')")
            page.evaluate(axe)
            found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
            assert [
                (one["id"], [node["html"][:120] for node in one["nodes"][:3]])
                for one in found["violations"]
            ] == [], theme


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_no_page_is_wider_than_the_window(reader: Reader, width: int) -> None:
    reader.page.set_viewport_size({"width": width, "height": 900})
    for name in PAGES:
        page = reader.open(name)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_everything_is_there_without_javascript(browser: Browser, site: Site) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        reader = reader_of(context, site)
        page = reader.open("index.html")
        reader.expect_count(5)
        shown = page.locator("#full thead th:visible").all_inner_texts()
        assert shown == ["Rank", "Encoder", "Param.", "Unseen QWK", "Seen QWK", "Kept",
                         "Rank corr.", "Claims", "0 to 1"]  # fmt: skip
        page.get_by_label("Show every column").check()
        assert page.locator("#full th").count() == page.locator("#full th:visible").count()
        assert page.locator("#controls").is_hidden()
        page = reader.open(page_of("strong"))
        assert page.locator("section.chart .panels").count() == 6
        assert page.locator(".panels svg:visible").count() == 3 + 5 + 3 + 5 + 3 + 3
        page = reader.open("compare.html")
        assert page.locator("noscript p").is_visible()
        assert page.locator("#first tbody tr").count() > 0


def test_the_theme_is_chosen_and_kept(reader: Reader) -> None:
    page = reader.open("index.html")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Use the dark theme").click()
    dark = page.evaluate(ground)
    assert dark != light
    reader.open("about.html")
    assert page.evaluate(ground) == dark


def test_charts_follow_the_theme(reader: Reader) -> None:
    page = reader.open(page_of("strong"))
    colour = "getComputedStyle(document.querySelector('#layers svg text')).fill"
    light = page.evaluate(colour)
    page.get_by_role("button", name="Use the dark theme").click()
    assert page.evaluate(colour) != light


def test_the_site_works_under_a_path_of_a_server(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    """As on GitHub Pages, below ``/some/project/``."""
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "project").symlink_to(site.out)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    handler = partial(Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        base = f"http://127.0.0.1:{server.server_address[1]}/some/project/"
        with browser.new_context() as context:
            reader = reader_of(context, site)
            reader.page.goto(base)
            reader.page.get_by_role("link", name="strong", exact=True).first.click()
            reader.page.wait_for_url("**/encoders/strong/cefr-v1.html*")
            reader.page.get_by_role("link", name="Compare", exact=True).click()
            reader.page.wait_for_load_state("networkidle")
            assert reader.errors == []
            assert all(url.startswith(base) for url in reader.requests)
        server.shutdown()
        thread.join()
