"""Pictures of the leaderboard to look at, and those of the README.

``make pictures`` writes docs/images anew: the front page and an encoder's page of the
published results on a desk, and the front page on a phone. ``make pictures ARGS="--all FOLDER"``
photographs every kind of page at three widths, in light, dark and print and without script, of
the published results and of a full synthetic board (showcase.py).
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from cefrbench_leaderboard.site import build

ROOT = Path(__file__).resolve().parents[2]

#: Widths with heights of their screens: a phone, a tablet, a desk.
SCREENS = {390: 844, 768: 1024, 1440: 900}
#: How a page is looked at, each with what the browser is told.
WAYS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "print": {"color_scheme": "light"},
    "no-script": {"color_scheme": "light", "java_script_enabled": False},
}
#: One page of each kind; stars stand for the first that is there.
PAGES = (
    "index.html", "encoders/minilm/cefr-v1.html", "corpora/merlin-de.html", "compare.html",
    "reported.html", "ways/cefr-v1/corpus/*.html", "ways/*/questions.html", "ways/*/size.html",
    "ways/*/matrix.html",
)  # fmt: skip


def main() -> None:
    """Write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page in every way")
    folder = parser.parse_args().all
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        site = built(ROOT / "leaderboard" / "results", Path(name) / "published")
        if folder is None:
            readme(browser, site, ROOT / "docs" / "images")
            return
        look(browser, site, folder / "published")
        sys.path.insert(0, str(ROOT / "tests"))
        from showcase import write_showcase

        write_showcase(Path(name) / "results")
        look(browser, built(Path(name) / "results", Path(name) / "full"), folder / "full")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser of this machine."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


def built(results: Path, out: Path) -> Path:
    """Build the site of a folder of results."""
    build(results, out, corpora=ROOT / "leaderboard" / "corpora")
    return out


def readme(browser: Browser, site: Path, out: Path) -> None:
    """Photograph first screens, and a chart."""
    for name, page, width, part in (
        ("leaderboard-front", "index.html", 1440, None),
        ("leaderboard-phone", "index.html", 390, None),
        ("leaderboard-encoder", "encoders/minilm/cefr-v1.html", 1440, "#layers"),
    ):
        size = {"width": width, "height": SCREENS[width]}
        context = browser.new_context(viewport=size)  # type: ignore[arg-type]
        opened = context.new_page()
        opened.goto((site / page).as_uri())
        taken = opened.locator(part).screenshot() if part else opened.screenshot()
        # Few colours make small files, and letters stay sharp.
        few = Image.open(io.BytesIO(taken)).convert("RGB")
        few = few.quantize(128, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(out / f"{name}.png", optimize=True)
        context.close()


def look(browser: Browser, site: Path, out: Path) -> None:
    """Photograph whole pages in all ways."""
    out.mkdir(parents=True, exist_ok=True)
    pages = [found for name in PAGES for found in sorted(site.glob(name))[:1]]
    for way, told in WAYS.items():
        for width, height in SCREENS.items():
            context = browser.new_context(viewport={"width": width, "height": height}, **told)
            for path in pages:
                page = context.new_page()
                page.goto(path.as_uri())
                if way == "print":
                    page.emulate_media(media="print")
                name = path.relative_to(site).with_suffix("").as_posix().replace("/", "_")
                page.screenshot(path=out / f"{name}-{width}-{way}.png", full_page=True)
                page.close()
            context.close()


if __name__ == "__main__":
    main()
