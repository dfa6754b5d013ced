"""What one GPU does: forward passes of the Qwen3 shapes, MLPs and linear probes, by the second.

    python benchmarks/gpu.py [forward] [mlp] [linear] [--json FILE]

Each part prints what was measured and against what, in one run on one machine. Features and labels
are those of `bench_probes.py`, at the study's size for the MLPs.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))

from bench_probes import LINEAR, MLPS, in_a_loop, invented, standard
from study import SHAPES

from cefrbench.contracts.encoder import EncoderOptions
from cefrbench.contracts.probe import FoldRows, ProbeOptions
from cefrbench.features.batches import plan_batches
from cefrbench.plugins import PluginHost
from cefrbench.probing.fit import fit_paths

#: Texts of a forward pass, and their bytes: as many as the study's have tokens on average.
TEXTS, BYTES = 512, 330
Figures = dict[str, Any]


def timed(function: Callable[[], object]) -> float:
    """Seconds until the device is done."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    function()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def ceilings() -> Figures:
    """Rates of the device: the largest that products and copies reach."""
    figures: Figures = {"device": torch.cuda.get_device_name(), "torch": torch.__version__}
    for name, dtype in (("bfloat16", torch.bfloat16), ("tf32", torch.float32)):
        a = torch.randn(8192, 8192, device="cuda", dtype=dtype)
        torch.set_float32_matmul_precision("high")
        best = min(timed(lambda a=a: a @ a) for _ in range(6))
        figures[f"{name} TFLOP/s"] = round(2 * 8192**3 / best / 1e12)
    double = torch.randn(4096, 4096, device="cuda", dtype=torch.float64)
    best = min(timed(lambda: double @ double) for _ in range(3))
    figures["float64 TFLOP/s"] = round(2 * 4096**3 / best / 1e12)
    gram = double @ double.T
    figures["eigh of 4,096, s"] = min(timed(lambda: torch.linalg.eigh(gram)) for _ in range(2))
    figures["cholesky of 4,096, s"] = min(
        timed(lambda: torch.linalg.cholesky(gram + 4096 * torch.eye(4096).to(gram)))
        for _ in range(3)
    )
    large = torch.empty(2**31, dtype=torch.uint8, device="cuda")
    best = min(timed(lambda: large.clone()) for _ in range(4))
    figures["copy TB/s"] = round(2 * 2**31 / best / 1e12, 2)
    torch.set_float32_matmul_precision("highest")
    return figures


def forward(size: str) -> Figures:
    """Tokens a second of all layers' features, and what the encoder leaves behind."""
    rng = np.random.default_rng(0)
    lengths = np.clip(rng.gamma(4, BYTES / 4, TEXTS).astype(int), 16, 448)
    texts = ["".join(map(chr, rng.integers(97, 123, n))) for n in lengths]
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated()
    start = time.perf_counter()
    encoder = PluginHost().get_encoder(size).load(size, EncoderOptions(device="cuda:0"))
    torch.cuda.synchronize()
    figures: Figures = {"load s": time.perf_counter() - start, "batch tokens": encoder.batch_cost}
    held = torch.cuda.memory_allocated() - before
    items = encoder.prepare(texts)
    tokens = sum(encoder.cost(item) for item in items)
    batches = plan_batches(
        [encoder.cost(item) for item in items], encoder.batch_cost, encoder.batch_overhead
    )

    def all_batches() -> None:
        for batch in batches:
            encoder.encode([items[i] for i in batch])

    encoder.encode([items[i] for i in batches[0]])
    seconds = min(timed(all_batches) for _ in range(2))
    flops = 2 * SHAPES[size][2] * tokens
    figures |= {
        "batches": len(batches),
        "tokens": tokens,
        "s": seconds,
        "tokens/s": round(tokens / seconds),
        "TFLOP/s": round(flops / seconds / 1e12),
        "peak GiB": torch.cuda.max_memory_allocated() / 2**30,
    }
    with torch.profiler.profile(activities=list(torch.profiler.supported_activities())) as seen:
        encoder.encode([items[i] for i in batches[0]])
        torch.cuda.synchronize()
    figures["kernels"] = kernels(seen)
    encoder.close()
    figures["left of its bytes"] = (torch.cuda.memory_allocated() - before) / held
    return figures


def kernels(seen: Any, most: int = 8) -> list[str]:
    """Kernels that take longest, with their share, and how many were launched in all."""
    events = [e for e in seen.key_averages() if e.self_device_time_total > 0]
    total = sum(e.self_device_time_total for e in events)
    events.sort(key=lambda e: -e.self_device_time_total)
    lines = [f"{e.self_device_time_total / total:.0%} {e.count} {e.key[:70]}" for e in events]
    launches = sum(e.count for e in seen.key_averages() if "LaunchKernel" in e.key)
    return [f"{total / 1e3:.1f} ms in all, {launches} launches", *lines[:most]]


def study_folds(rows: int, weighted: bool) -> list[FoldRows]:
    """One fold in distribution and ten out of it, of nine corpora."""
    rng = np.random.default_rng(1)
    corpus = rng.integers(0, 10, rows)
    parts = [rng.random(rows) < 0.2, *(corpus == c for c in range(10))]
    folds = [FoldRows(np.flatnonzero(~part), np.flatnonzero(part)) for part in parts]
    if not weighted:
        return folds
    return [
        replace(
            f, weight=0.5 + rng.random(len(f.train)), count=np.ones(len(f.train)), groups=f.train
        )
        for f in folds
    ]


def mlp(name: str, dim: int, weighted: bool, peers: bool, epochs: int = 2) -> Figures:
    """Eleven folds and five seeds at once, against one fit of scikit-learn on all cores."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6400, dim)).astype(np.float32)
    y = np.clip(np.rint(2 + X[:, :20].sum(1) / 4 + rng.normal(size=6400) / 2), 0, 4).astype(int)
    folds = study_folds(len(X), weighted)
    make, peer = MLPS[name]
    probe = make(ProbeOptions(seed=0, device="cuda")).set_params(max_iter=epochs)
    seeds = (0, 1, 2, 3, 4)

    def ours() -> None:
        probe.fit_folds(X, y, folds, seeds=seeds)

    probe.set_params(max_iter=1)
    ours()
    short = timed(ours)
    probe.set_params(max_iter=1 + epochs)
    seconds = timed(ours)
    with torch.profiler.profile(activities=list(torch.profiler.supported_activities())) as seen:
        probe.set_params(max_iter=1)
        probe.fit_folds(X, y, folds, seeds=seeds)
        torch.cuda.synchronize()
    models = len(folds) * len(seeds)
    epoch = (seconds - short) / epochs
    steps = sum(-(-len(f.train) // 200) for f in folds) * len(seeds)
    figures: Figures = {
        "s an epoch of 55 models": epoch,
        "TFLOP/s": steps * 4 * 200 * dim * dim / epoch / 1e12,
        "start and end, s": short - epoch,
        "peak GiB": torch.cuda.max_memory_allocated() / 2**30,
        "kernels": kernels(seen),
    }
    if peers:
        theirs = of_scikit_learn(peer, X[folds[0].train], y[folds[0].train], epochs)
        figures |= {"scikit-learn, s an epoch of one": theirs, "ratio": models * theirs / epoch}
    return figures


def of_scikit_learn(peer: Any, X: np.ndarray, y: np.ndarray, epochs: int) -> float:
    """Seconds an epoch of one fit: what more epochs take more."""
    taken = []
    for count in (1, 1 + epochs):
        fitted = peer(hidden_layer_sizes=(X.shape[1],), random_state=0, max_iter=count)
        start = time.perf_counter()
        fitted.fit(X, y)
        taken.append(time.perf_counter() - start)
    return (taken[1] - taken[0]) / epochs


def linear(name: str, dim: int, own: bool) -> Figures:
    """Four folds of MERLIN's size on device and host; scikit-learn or mord where they are quick."""
    data = invented(dim)
    folds = standard(data) if own else data.folds
    spec = LINEAR[name].spec
    values = spec.card.penalty.values if own and spec.card.penalty else (None,)

    def fit(device: str) -> None:
        fit_paths(spec, ProbeOptions(device=device), data.X, data.y, folds, penalties=values)

    fit("cuda")
    figures: Figures = {"cuda s": timed(lambda: fit("cuda"))}
    if dim <= 1024:
        figures["cpu s"] = timed(lambda: fit("cpu"))
    if dim <= 1024 and not own and name == "ridge":
        figures["peer s"] = in_a_loop(LINEAR[name].make, data, data.folds)[0]
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=["forward", "mlp", "linear"])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--widths", nargs="+", type=int, default=[384, 1024, 2560, 4096])
    parser.add_argument("--peers", action="store_true", help="time scikit-learn beside the MLPs")
    parser.add_argument("--sizes", nargs="+", default=list(SHAPES))
    args = parser.parse_args()
    jobs: dict[str, Callable[[], Figures]] = {"ceilings": ceilings}
    if "mlp" in args.parts:
        for dim in args.widths:
            for name in MLPS:
                for weighted in (False, True):
                    jobs[f"{name} at {dim}{', weighted' if weighted else ''}"] = (
                        lambda n=name, d=dim, w=weighted: mlp(n, d, w, args.peers)
                    )
    if "linear" in args.parts:
        for dim in args.widths:
            for name in LINEAR:
                for own in (False, True):
                    jobs[f"{name} at {dim}{', grid' if own else ''}"] = (
                        lambda n=name, d=dim, o=own: linear(n, d, o)
                    )
    if "forward" in args.parts:
        jobs |= {size: lambda s=size: forward(s) for size in args.sizes}
    figures = {}
    for name, job in jobs.items():
        torch.cuda.reset_peak_memory_stats()
        start = time.perf_counter()
        figures[name] = job()
        print(f"{name} [{time.perf_counter() - start:.1f} s]")
        for what, value in figures[name].items():
            shown = "\n      ".join(["", *value]) if isinstance(value, list) else value
            print(f"  {what}: {shown:.3g}" if isinstance(shown, float) else f"  {what}: {shown}")
        sys.stdout.flush()
        if args.json:
            args.json.write_text(json.dumps(figures, indent=1), "utf-8")


if __name__ == "__main__":
    main()
