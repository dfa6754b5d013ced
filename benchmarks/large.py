"""Fits of a layer that doesn't fit: memory, processor time and predictions, a probe a process.

``python benchmarks/large.py --rows 200000 --width 1024`` lays a layer of invented features out on
disk, as a run does, and fits each linear probe on folds in the form of ``cefr-v1`` (a family left
out, a unit and weights of its own). ``--held`` fits the same folds in memory too, and says how far
predictions lie apart. ``--arithmetic ROWS WIDTH`` counts the memory of any size.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from cefrbench import mapped
from cefrbench.contracts.probe import FoldRows, ProbeOptions
from cefrbench.engines.linear import probe as linear
from cefrbench.engines.linear.design import fold_bytes
from cefrbench.engines.linear.streamed import streamed_bytes
from cefrbench.engines.mlp.schedule import COPIES
from cefrbench_plugins.probes import logistic, mlp, ordinal, ridge

MAKERS = {
    "ridge": ridge.make,
    "logistic": logistic.make,
    "ordinal": ordinal.make,
    "mlp-regressor": mlp.make_regressor,
}
FAMILIES = 3


def layer(rows: int, width: int, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Features whose spectrum falls off as that of hidden states does, and classes 0 to 4."""
    draw = np.random.default_rng(0)
    spread = np.arange(1, width + 1) ** -0.5
    turn = np.linalg.qr(draw.normal(size=(width, width)))[0].astype(np.float32)
    centre = draw.normal(size=width).astype(np.float32)
    gathered, signal = mapped.Gathered((rows, width), folder), np.empty(rows)
    for start in range(0, rows, 4096):
        count = min(4096, rows - start)
        inner = (draw.normal(size=(count, width)) * spread).astype(np.float32)
        gathered.put(np.arange(start, start + count), inner @ turn + centre)
        signal[start : start + count] = inner[:, :40].sum(axis=1) + 2 * draw.normal(size=count)
    return gathered.rows(), np.digitize(signal, np.quantile(signal, [0.04, 0.4, 0.8, 0.97]))


def folds_of(rows: int) -> list[FoldRows]:
    """Each family of neighbouring rows left out, as ``cefr-v1`` does."""
    draw, family = np.random.default_rng(1), np.arange(rows) * FAMILIES // rows
    folds = []
    for one in range(FAMILIES):
        train = np.flatnonzero(family != one)
        weight = draw.uniform(0.5, 2.0, len(train))
        folds.append(
            FoldRows(train, np.flatnonzero(family == one), weight, count=np.ones(len(train)))
        )
    return folds


def measure(name: str, rows: int, width: int, *, held: bool, epochs: int) -> dict[str, object]:
    """Fit one probe in this process."""
    with tempfile.TemporaryDirectory() as folder:
        mapped.HELD_BYTES = 0
        X, y = layer(rows, width, Path(folder))
        made: Any = MAKERS[name](ProbeOptions(seed=0))
        if name.startswith("mlp"):
            made.set_params(max_iter=epochs)
        linear.HOST_BYTES, kept = min(linear.HOST_BYTES, 20 * rows * width), linear.HOST_BYTES
        before = peak()
        begun, used = time.perf_counter(), time.process_time()
        fits = made.fit_folds(X, y, folds_of(rows))
        found: dict[str, object] = {
            "probe": name,
            "rows": rows,
            "width": width,
            "layer_mib": mib(4 * rows * width),
            "peak_mib": mib(peak()),
            "before_mib": mib(before),
            "cpu_s": round(time.process_time() - used, 1),
            "wall_s": round(time.perf_counter() - begun, 1),
            "iterations": [fit.iterations for (fit,) in fits],
            "converged": all(fit.converged for (fit,) in fits),
        }
        if held:
            linear.HOST_BYTES = max(kept, 1 << 40)
            used = time.process_time()
            there = made.fit_folds(np.array(X), y, folds_of(rows))
            found["held_cpu_s"] = round(time.process_time() - used, 1)
            found["held_peak_mib"] = mib(peak())
            pairs = [(a.predictions, b.predictions) for (a,), (b,) in zip(fits, there, strict=True)]
            found["apart"] = float(max(np.abs(a - b).max() for a, b in pairs))
            found["same"] = float(np.mean([np.mean(np.abs(a - b) < 1e-6) for a, b in pairs]))
        return found


def arithmetic(rows: int, width: int) -> dict[str, object]:
    """What fits of any size hold, by the counts of the engines."""
    return {
        "rows": rows,
        "width": width,
        "layer_on_disk_mib": mib(4 * rows * width),
        "linear_fold_held_mib": mib(fold_bytes(rows, width)),
        "linear_fold_streamed_mib": mib(streamed_bytes(rows, width)),
        "mlp_model_mib": mib((COPIES + 1) * 4 * width * (width + 8)),
    }


def peak() -> int:
    """Largest resident memory of this process so far, mapped pages too."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def mib(size: int) -> int:
    """Bytes in MiB."""
    return round(size / 2**20)


def main() -> None:
    """Fit each probe in a process of its own, and say what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--probe", action="append", choices=MAKERS)
    parser.add_argument("--epochs", type=int, default=1, help="of the MLP")
    parser.add_argument("--held", action="store_true")
    parser.add_argument("--arithmetic", type=int, nargs=2, metavar=("ROWS", "WIDTH"))
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.arithmetic:
        print(json.dumps(arithmetic(*given.arithmetic)))
        return
    for name in given.probe or MAKERS:
        if given.here:
            found = measure(name, given.rows, given.width, held=given.held, epochs=given.epochs)
            print(json.dumps(found), flush=True)
        else:
            own = [sys.executable, __file__, *sys.argv[1:], "--here"]
            subprocess.run([*own, *(() if given.probe else ("--probe", name))], check=True)
            if given.probe:
                return


if __name__ == "__main__":
    main()
