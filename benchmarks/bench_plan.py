"""What `--plan` says against what the run then takes, phase by phase; within 1.5 × is asked for.

Runs where the corpora lie beside the checkout (or in `CEFRBENCH_BENCH_DATA`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DATA = Path(os.environ.get("CEFRBENCH_BENCH_DATA", Path(__file__).parents[2] / "shared/corpora"))
OPTIONS = ["run", "--encoder", "minilm", "--no-references", "--no-analyses"]
OPTIONS += [word for name in ("merlin-cs", "merlin-it") for word in ("--corpus", name)]
OPTIONS += ["--corpus", "universalcefr:et-exams", "--data-dir", str(DATA)]


@pytest.mark.skipif(not DATA.is_dir(), reason="no corpora beside the checkout")
def test_the_plan_against_the_run(tmp_path, benchmark):
    def run(*more: str) -> str:
        command = [sys.executable, "-m", "cefrbench", *OPTIONS, "--cache-dir", str(tmp_path / "c")]
        done = subprocess.run([*command, *more], check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout

    (planned,) = json.loads(run("--plan", "--json"))
    result = json.loads(
        benchmark.pedantic(
            run, args=("--json", "--quiet", "--output", str(tmp_path / "o")), rounds=1
        )
    )
    took = {one["phase"]: one["seconds"] for one in result["provenance"]["timings"]}
    fits = sum(one["seconds"] for one in planned["phases"] if "fits" in one["phase"])
    features = sum(one["seconds"] for one in planned["phases"] if one["phase"] == "features")
    whole = sum(took.values())
    for name, said, found in (
        ("features", features, took["features"]),
        ("probes", fits, took["probes"]),
        ("all", planned["seconds"], whole),
    ):
        print(f"\n{name}: {said:.0f} s said, {found:.0f} s taken: {said / found:.2f} ×", end="")
    memory = planned["peak_memory_bytes"] / result["provenance"]["peak_memory_bytes"]
    print(
        f"\nmemory: {memory:.2f} × of what it took; said in {planned['calibration_seconds']:.0f} s"
    )
    assert 1 / 1.5 < planned["seconds"] / whole < 1.5
