"""The leaderboard with a thousand results: time of a full build and of a rebuild, size, memory.

The results are as large as those of cefr-v1: nine corpora of 700 texts, five probes, three seeds,
24 layers. There are five different ones, each under 200 names, and each time with one prediction
moved by a trifle, for a result that repeats another's is left out; nothing is shared between two
results of one build, so equal numbers save no time. CEFRBENCH_BENCH_RESULTS sets another number.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from result_factory import write_made

from cefrbench.config import get_suite
from cefrbench.results.io import checksum

RESULTS = int(os.environ.get("CEFRBENCH_BENCH_RESULTS", "1000"))
DIFFERENT = 5
CORPORA = tuple(get_suite("cefr-v1").config["corpora"])
PROBES = tuple(get_suite("cefr-v1").config["probes"])
LICENCES = ("apache-2.0", "mit", "cc-by-nc-4.0", None)


def write_results(folder: Path, count: int) -> None:
    """Write results of one size under ever new names."""
    models = folder.parent / "models"
    for index in range(count):
        model = index % DIFFERENT
        if index < DIFFERENT:
            write_made(
                models,
                f"model-{model}",
                corpora=CORPORA,
                probes=PROBES,
                seeds=(0, 1, 2),
                texts=700,
                layers=range(1, 25),
                skill=0.3 + 0.5 * model / DIFFERENT,
            )
        name = "surface" if index == 0 else f"hf:laboratory-{model}/encoder-{index:04}"
        write_as(
            models / f"model-{model}",
            folder / name.replace(":", "--").replace("/", "--"),
            name,
            index,
        )


@cache
def read(path: Path) -> tuple[dict, pa.Table]:
    """Read one of the different results and its predictions."""
    beside = path.with_name("cefr-v1.predictions.parquet")
    return json.loads(path.read_text("utf-8")), pq.read_table(beside)


def moved(table: pa.Table, index: int) -> bytes:
    """The file of predictions of which one is another; far too near to change any figure."""
    prediction, score = (table[name].to_numpy().copy() for name in ("prediction", "score"))
    (row, *_) = np.flatnonzero(prediction % 1)
    for values in (prediction, score) if score[row] == prediction[row] else (prediction,):
        values[row] *= 1 + (index + 1) * 1e-13
    for name, values in (("prediction", prediction), ("score", score)):
        place = table.schema.get_field_index(name)
        column = pa.array(values, mask=np.isnan(values))
        table = table.set_column(place, table.schema.field(place), column)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", compression_level=1)
    return buffer.getvalue()


def write_as(source: Path, target: Path, name: str, index: int) -> None:
    """Write a result again as that of another encoder."""
    target.mkdir(parents=True)
    data, table = read(source / "cefr-v1.json")
    predictions = moved(table, index)
    licence = LICENCES[index % len(LICENCES)]
    parameters = 10**7 * 2 ** (index % 10)
    encoder = data["encoder"] | {
        "name": name,
        "model": name,
        "licence": licence,
        "parameters": parameters,
    }
    data = data | {"encoder": encoder, "config": data["config"] | {"encoders": [name]}}
    sha256 = hashlib.sha256(predictions).hexdigest()
    data["predictions"] = data["predictions"] | {"sha256": sha256}
    data["checksum"] = checksum(data)
    (target / "cefr-v1.json").write_text(json.dumps(data), "utf-8")
    (target / "cefr-v1.predictions.parquet").write_bytes(predictions)


class Watch(threading.Thread):
    """Watches the memory of a process and its children."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.process, self.peak = psutil.Process(process), 0

    def run(self) -> None:
        while self.process.is_running():
            try:
                family = [self.process, *self.process.children(recursive=True)]
                self.peak = max(self.peak, sum(one.memory_info().rss for one in family))
            except psutil.Error:
                continue  # a worker ended between being listed and being asked
            time.sleep(0.2)


def build(folder: Path) -> tuple[float, float, int]:
    """Build in a process of its own; wall seconds, processor seconds, peak bytes."""
    command = [sys.executable, "-m", "cefrbench", "leaderboard", "build", "--quiet"]
    command += ["--results", str(folder / "results"), "--out", str(folder / "site")]
    before = os.times()
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    watch = Watch(process.pid)
    watch.start()
    assert process.wait() == 0
    after = os.times()
    spent = after.children_user + after.children_system
    spent -= before.children_user + before.children_system
    return time.perf_counter() - start, spent, watch.peak


def size(folder: Path) -> float:
    """MiB of the files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


@pytest.mark.slow
def test_a_thousand_results(benchmark, tmp_path):
    write_results(tmp_path / "results", RESULTS)
    wall, spent, peak = benchmark.pedantic(build, args=(tmp_path,), rounds=1)
    write_as(tmp_path / "models" / "model-0", tmp_path / "results" / "new", "new", 1)
    again, spent_again, peak_again = build(tmp_path)
    site = tmp_path / "site"
    front = (site / "index.html").stat().st_size / 2**20
    print(f"\n{RESULTS} results of {size(tmp_path / 'results') / RESULTS:.1f} MiB")
    print(f"full build: {wall:.0f} s, {spent:.0f} s of processors, peak {peak / 2**30:.2f} GiB")
    print(f"rebuild after one more: {again:.1f} s, {spent_again:.1f} s of processors, "
          f"peak {peak_again / 2**30:.2f} GiB")  # fmt: skip
    print(f"site: {size(site):.0f} MiB; front page {front:.2f} MiB")
    for line in look(site):
        print(line)


def look(site: Path) -> list[str]:
    """Milliseconds until the front page answers in Chromium, where there is one."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return ["no Chromium on this machine: nothing was timed in a browser"]
    from playwright.sync_api import sync_playwright

    timed = """(act) => {
        const start = performance.now();
        act === "sort"
            ? document.querySelector("section.board th[data-col=gap] button").click()
            : (() => {
                const search = document.querySelector("input[name=q]");
                search.value = "encoder-05";
                search.dispatchEvent(new Event("input", { bubbles: true }));
            })();
        document.body.offsetHeight;
        return performance.now() - start;
    }"""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        start = time.perf_counter()
        page.goto((site / "index.html").as_uri())
        loaded = 1000 * (time.perf_counter() - start)
        lines = [f"browser: loaded in {loaded:.0f} ms"]
        for act in ("sort", "search"):
            lines.append(f"browser: {act} in {page.evaluate(timed, act):.0f} ms")
        browser.close()
    return lines
