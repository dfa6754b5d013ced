"""The whole main job: share of each phase, peak memory, growth with the number of texts.

Each run is a process of its own with a cache of its own, so that memory and time are its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "corpora"
CORPORA = ("merlin-cs", "merlin-it", "merlin-de")


def run(folder: Path, *words: str) -> dict:
    """Run cefrbench in a process of its own and give the provenance of its result."""
    out = folder / "out"
    command = [sys.executable, "-m", "cefrbench", "run", "--quiet", "--device", "cpu"]
    command += ["--cache-dir", str(folder / "cache"), "--output", str(out), *words]
    subprocess.run(command, check=True)
    (path,) = out.glob("*/*.json")
    return json.loads(path.read_text())["provenance"]


def corpora() -> list[str]:
    words = [w for name in CORPORA for w in ("--corpus", name)]
    return [*words, "--data-dir", str(SHARED)] if SHARED.is_dir() else words


def phases(provenance: dict) -> str:
    seconds = {t["phase"]: t["seconds"] for t in provenance["timings"]}
    total = sum(seconds.values())
    shares = ", ".join(f"{name} {s:.1f} s ({s / total:.0%})" for name, s in seconds.items())
    return f"{total:.1f} s: {shares}; peak {provenance['peak_memory_bytes'] / 2**30:.2f} GiB"


def test_start(benchmark):
    """`--help` against an interpreter that does nothing, best of ten of each."""

    def seconds(*words: str) -> float:
        begun = time.perf_counter()
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - begun

    nothing = min(seconds("-c", "pass") for _ in range(10))
    benchmark.pedantic(seconds, args=("-m", "cefrbench", "--help"), rounds=10, warmup_rounds=1)
    ours = benchmark.stats.stats.min
    print(f"\n--help: {ours:.3f} s, {ours / nothing:.1f} × `python -c pass` ({nothing:.3f} s)")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the MERLIN corpora are not here")
def test_merlin_with_minilm_and_linear_probes(benchmark, tmp_path):
    words = ["--suite", "paper", "--encoder", "minilm", *corpora()]
    words += ["--probe", "ridge", "--probe", "logistic", "--probe", "ordinal"]
    provenance = benchmark.pedantic(run, args=(tmp_path, *words), rounds=1)
    print(f"\nMERLIN, minilm, three linear probes: {phases(provenance)}")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the MERLIN corpora are not here")
def test_growth_with_the_number_of_texts(benchmark, tmp_path):
    """Time of features and of ridge at 1, 2 and 4 times the texts; linear growth is 1, 2, 4."""
    words = ["--suite", "paper", "--encoder", "minilm", "--probe", "ridge", *corpora()]
    sizes = (100, 200, 400)

    def all_sizes() -> dict[int, dict]:
        return {n: run(tmp_path / str(n), *words, "--limit", str(n)) for n in sizes}

    found = benchmark.pedantic(all_sizes, rounds=1)
    print()
    for n, provenance in found.items():
        print(f"{n} texts a corpus: {phases(provenance)}")
    first, last = (
        {t["phase"]: t["seconds"] for t in found[n]["timings"]}["features"] for n in (100, 400)
    )
    print(f"four times the texts cost {last / first:.2f} times the seconds of features")
