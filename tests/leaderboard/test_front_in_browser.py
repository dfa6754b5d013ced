"""The front page in Chromium: what is seen first, letters on a phone, print, and no script.

Skipped where no Chromium is installed; continuous integration has one.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from result_factory import write_made
from site_factory import PUBLISHED

from cefrbench_leaderboard.site import build

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SCREENS = {390: 844, 768: 1024, 1440: 900}
ARABIC = "نموذج عربي طويل الاسم"
TURNING = "\u202eevil\u202c model"
LONG = "hf:organisation/" + "very-long-name-" * 20
PAGES = (
    "index.html",
    "ways/cefr-v1/corpus/gamma.html",
    "ways/cefr-v1/matrix.html",
    "ways/cefr-v1/size.html",
    "ways/cefr-v1/questions.html",
    "encoders/one-corpus/cefr-v1.html",
    "corpora/alpha.html",
    "reported.html",
)
#: Pages whose pictures may have few letters, or none.
BARE = PAGES[2::2][:2] + PAGES[-1:]
#: Sizes in pixels, as they are seen, of all letters in pictures: those drawn, and all.
LETTERS = """() => [['svg text'], ['svg text', ...['li', 'small', 'i', '.caption', '.key'].map(
        (name) => `figure.plot ${name}`), '.signs li', '.matrix td', '.sides td']]
    .map((names) => [...document.querySelectorAll(names.join())]
        .filter((one) => one.getClientRects().length)
        .map((one) => parseFloat(getComputedStyle(one).fontSize)
            * Math.hypot(...(({a = 1, b = 0}) => [a, b])(one.getScreenCTM?.() ?? {}))))"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of hostile and long names, references, one model of one corpus, and the study's."""
    folder = tmp_path_factory.mktemp("front")
    some = {"texts": 20, "layers": (1,), "probes": ("ridge",), "protocols": ("iid", "lofo")}
    for name, skill in ((ARABIC, 0.9), (TURNING, 0.6), (LONG, 0.3)):
        write_made(folder / "results", name, skill=skill, **some)
    write_made(folder / "results", "length", skill=0.5, role="reference", **some)
    single = some | {"protocols": ("iid",), "corpora": ("alpha",)}
    write_made(folder / "results", "one-corpus", skill=0.7, **single)
    shutil.copy(PUBLISHED, folder / "results")
    build(folder / "results", folder / "site", workers=1)
    return folder / "site"


def opened(browser: Browser, root: Path, name: str, width: int, **options: bool) -> Page:
    size = {"width": width, "height": SCREENS[width]}
    page = browser.new_context(viewport=size, **options).new_page()
    page.goto((root / name).as_uri())
    return page


@pytest.mark.parametrize("width", SCREENS)
def test_the_numbers_stand_on_the_first_screen(browser: Browser, root: Path, width: int) -> None:
    page = opened(browser, root, "index.html", width)
    boxes = [one.bounding_box() for one in page.locator("h1.finding a").all()]
    boxes += [page.locator("figure.plot li .values").first.bounding_box()]
    assert len(boxes) == 3
    for box in boxes:
        assert box is not None
        assert box["y"] + box["height"] <= SCREENS[width]
    page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_letters_of_pictures_keep_their_size_and_nothing_is_too_wide(
    browser: Browser, root: Path, name: str
) -> None:
    for width in SCREENS:
        page = opened(browser, root, name, width)
        drawn, letters = page.evaluate(LETTERS)
        assert name in BARE or len(letters) > 5
        assert min(letters, default=12) >= 12
        assert min(drawn, default=14) >= (14 if width >= 768 else 12)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.context.close()


def test_names_of_references_never_touch_on_a_phone(browser: Browser, root: Path) -> None:
    page = opened(browser, root, "ways/cefr-v1/corpus/gamma.html", 390)
    boxes = [one.bounding_box() for one in page.locator("figure.plot .head text").all()]
    assert boxes
    for i, a in enumerate(boxes):
        assert a is not None
        assert a["x"] >= 0
        assert a["x"] + a["width"] <= 390
        for b in boxes[:i]:
            assert b is not None
            apart_x = a["x"] >= b["x"] + b["width"] or b["x"] >= a["x"] + a["width"]
            assert apart_x or abs(a["y"] - b["y"]) > 10
    page.context.close()


def test_a_phone_shows_cards_that_say_what_their_numbers_are(browser: Browser, root: Path) -> None:
    page = opened(browser, root, "index.html", 390, java_script_enabled=False)
    card = page.locator("#partial-0 tbody tr").first
    said = card.locator("td:visible").evaluate_all(
        "cells => cells.map(c => getComputedStyle(c, '::before').content.slice(1, -1))"
    )
    assert said[:6] == ["parameters", "unseen", "seen", "kept", "rank correlation", "claims"]
    box = card.locator("td svg").bounding_box()
    assert box is not None
    assert box["width"] > 200
    assert page.locator("#partial-0 td:visible").count() == 7 * 4
    page.get_by_label("Show every column").check()
    assert page.locator("#partial-0 td:visible").count() > 7 * 4
    page.context.close()


def test_the_head_stays_while_the_table_is_read(browser: Browser, root: Path) -> None:
    page = opened(browser, root, "index.html", 1440)
    page.locator("#partial-0 tbody tr").last.evaluate("row => row.scrollIntoView({block: 'start'})")
    page.mouse.wheel(0, -60)
    page.wait_for_timeout(300)
    head = page.locator("#partial-0 thead th").first.bounding_box()
    assert head is not None
    assert -1 <= head["y"] < 200
    page.context.close()


def test_a_search_that_finds_nothing_says_so(browser: Browser, root: Path) -> None:
    page = opened(browser, root, "index.html", 768)
    assert page.locator("#nothing").is_hidden()
    page.get_by_label("Search").fill("no such model")
    assert "No model of that name" in page.locator("#nothing").inner_text()
    page.get_by_label("Search").fill("عربي")
    assert page.locator("#nothing").is_hidden()
    assert page.locator("#partial-0 tbody tr:visible").count() == 1
    page.context.close()


def test_what_is_printed_holds_pictures_and_numbers_and_no_controls(
    browser: Browser, root: Path
) -> None:
    page = opened(browser, root, "index.html", 768)
    page.emulate_media(media="print")
    assert page.locator("h1.finding").is_visible()
    assert page.locator("figure.plot li svg").first.is_visible()
    assert page.locator("#controls").is_hidden()
    assert page.locator("#partial-0 tbody tr").first.is_visible()
    page.context.close()


@pytest.mark.parametrize("name", [*PAGES, "coverage.html", "compare.html"])
def test_nothing_is_cut_on_paper(browser: Browser, root: Path, name: str) -> None:
    """A4 between its margins is 688 pixels wide."""
    page = browser.new_context(viewport={"width": 688, "height": 1000}).new_page()
    page.goto((root / name).as_uri())
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 688
    for scroll in page.locator(".scroll:visible").all():
        assert scroll.evaluate("one => one.scrollWidth") <= 688
    page.context.close()
