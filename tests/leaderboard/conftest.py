"""A results folder with full, partial and hostile results, and the site built from it, once."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from report_factory import ANALYSES
from result_factory import make_result, write_made
from site_factory import (
    CORPORA,
    LONG,
    MARKUP,
    PUBLISHED,
    SMALL,
    WAY_OUT,
    Site,
    write_broken,
    write_full,
)

from cefrbench.results.explain import explain_result
from cefrbench.results.explanation import Explanation
from cefrbench.results.io import read_predictions_of, read_result
from cefrbench_leaderboard.load import LeftOut
from cefrbench_leaderboard.site import build

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Have a folder made by the first worker that wants it; the others wait and share it."""
    root = factory.getbasetemp()
    folder = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / name
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            part = folder.with_suffix(".part")
            make(part)
            part.rename(folder)
    return folder


def write_results(folder: Path) -> None:
    folder.mkdir()
    beside, _ = make_result("surface", skill=0.3, role="reference", **SMALL)
    write_full(folder, "strong", 0.9, references=(beside,))
    write_full(folder, "strong-twin", 0.9)
    write_full(folder, "hf:org/weak", 0.35)
    write_full(folder, "surface", 0.3, role="reference")
    write_full(folder, "random-qwen3-tiny", 0.1, role="control")
    some = {"corpora": CORPORA[2:5], "texts": 20, "layers": (1, 2)}
    # Better than all, on less: it must not be ranked.
    write_made(folder, "half", skill=1.0, protocols=("iid", "lofo"), **some)
    write_made(folder, "surface", form="study", skill=0.3, role="reference", **some)
    for name in (MARKUP, WAY_OUT, LONG):
        write_made(folder, name, texts=20, layers=(1,), probes=("ridge",), skill=0.5)
    shutil.copy(PUBLISHED, folder)
    write_broken(folder)


@pytest.fixture(scope="session")
def results_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "leaderboard-results", write_results)


@pytest.fixture(scope="session")
def site(results_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    def write_site(folder: Path) -> None:
        report = build(results_folder, folder / "built" / "site", workers=1)
        left_out = [asdict(one) for one in report.left_out]
        (folder / "left-out.json").write_text(json.dumps(left_out), "utf-8")

    folder = made_once(tmp_path_factory, "leaderboard-built", write_site)
    left_out = json.loads((folder / "left-out.json").read_text("utf-8"))
    return Site(
        results_folder, folder / "built" / "site", tuple(LeftOut(**one) for one in left_out)
    )


@pytest.fixture(scope="session")
def explanation(tmp_path_factory: pytest.TempPathFactory) -> Explanation:
    """An explanation with all that one can have."""
    folder = tmp_path_factory.mktemp("explained")
    some = {"texts": 40, "protocols": ("iid", "loco", "lofo"), "layers": (1, 2), "refits": 2}
    path = write_made(folder, "good", skill=0.9, probes=("ridge", "ordinal"), **some)
    write_made(folder, "length", skill=0.3, role="reference", probes=("ridge",), **some)
    result = read_result(path)
    result = result.model_copy(update={"analyses": ANALYSES})
    table = read_predictions_of(result, path)
    return explain_result(result, table, path, probe="ridge", replicates=200)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; tests are skipped where there is none, and continuous integration has one."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next((p for n in ("chromium", "chromium-browser") if (p := shutil.which(n))), None)
    if found is None:
        pytest.skip("no Chromium on this machine: install the package chromium")
    with playwright.sync_playwright() as driver:
        quiet = ["quic", "background-networking", "component-update", "sync", "gpu"]
        arguments = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in quiet)]
        browser = driver.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()
