"""What a second worker on one machine is worth: the table of docs/scaling.md.

    python benchmarks/workers.py --data-dir DIR --write

Runs the same with one and with two workers, each with one thread a product (`OMP_NUM_THREADS=1`),
features and fits from an empty cache. Beside the clock it looks at the processor time of each
process: where other work shares the machine, the busiest one's says what the clock would have said.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from ablation import ROOT, replaced
from why import table

PAGE = ROOT / "docs" / "scaling.md"
OPTIONS = ["--encoder", "minilm", "--corpus", "merlin-cs", "--corpus", "merlin-it"]
OPTIONS += ["--probe", "ridge", "--probe", "ordinal", "--refits", "2"]
OPTIONS += ["--protocol", "iid", "--protocol", "loco", "--no-references", "--no-analyses"]
OPTIONS += ["--device", "cpu", "--limit", "400", "--quiet"]


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of one run: by the clock, and of the processor, a process."""

    clock: float
    each: tuple[float, ...]


def run(data_dir: Path, workers: int) -> Took:
    """Run with some workers and an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "cefrbench", "run", *OPTIONS, "--workers", str(workers)]
        command += ["--data-dir", str(data_dir), "--cache-dir", f"{folder}/cache"]
        command += ["--output", f"{folder}/out"]
        begun = time.monotonic()
        process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
        seen = psutil.Process(process.pid)
        spent: dict[int, float] = {}
        while process.poll() is None:
            try:
                for one in (seen, *seen.children(recursive=True)):
                    spent[one.pid] = sum(one.cpu_times()[:2])
            except psutil.NoSuchProcess:
                continue
            time.sleep(0.2)
        if process.returncode:
            raise SystemExit(f"The run ended with status {process.returncode}: see above.")
        # What is started for a moment is no worker.
        each = sorted((cpu for cpu in spent.values() if cpu > 1), reverse=True)
        return Took(time.monotonic() - begun, tuple(each))


def main() -> None:
    """Measure, and write the table where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help=f"into {PAGE.relative_to(ROOT)}")
    asked = parser.parse_args()
    found = {workers: run(asked.data_dir, workers) for workers in (1, 2)}
    rows = [
        [
            str(workers),
            f"{took.clock:.0f}",
            f"{found[1].clock / took.clock:.2f} ×",
            " and ".join(f"{cpu:.0f}" for cpu in took.each),
            f"{found[1].each[0] / took.each[0]:.2f} ×",
        ]
        for workers, took in found.items()
    ]
    head = ["workers", "seconds", "speed-up", "processor seconds of each", "of the busiest"]
    text = table(head, rows)
    print(text)
    if asked.write:
        PAGE.write_text(replaced(PAGE.read_text("utf-8"), "workers", text), "utf-8")


if __name__ == "__main__":
    main()
