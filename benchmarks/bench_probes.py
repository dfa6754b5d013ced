"""The probes' sweep over the folds of one layer, against scikit-learn and mord in a plain loop.

Both sides see the same invented features in the same run: rows, folds and class sizes as in the
study's protocols on MERLIN (one in-distribution fold, three corpora left out), and a spectrum that
falls off as that of real hidden states does. The peers run twice: as a user would start them, and
held to one core, at which the linear ones are faster on a busy machine. At the widths where a peer
would take minutes, it is measured on a part, the linear ones on one core alone; the line says so.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import mord
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

from cefrbench.contracts.probe import FoldFit, FoldRows, ProbeOptions, ProbeSpec
from cefrbench.cores import usable_cores
from cefrbench.probing.fit import fit_folds, fit_paths
from cefrbench_plugins.probes import logistic, mlp, ordinal, ridge

ROWS = 2278
#: A1 to C+ among MERLIN's texts with a level.
CLASS_SIZES = (87, 875, 890, 376, 50)
#: Training rows: in distribution; without Czech, Italian, German.
TRAIN_SIZES = (1822, 1471, 1177, 996)


#: Seconds of each probe, by kind of probe and width, and by side.
Totals = dict[tuple[str, int], dict[str, list[float]]]


class Data(NamedTuple):
    X: np.ndarray
    y: np.ndarray
    folds: list[FoldRows]


class Peer(NamedTuple):
    """The same fit by another library."""

    spec: ProbeSpec
    make: Callable[[], object]


LINEAR = {
    "ridge": Peer(ProbeSpec(ridge.CARD, ridge.make), lambda: Ridge(alpha=1.0)),
    "logistic": Peer(
        ProbeSpec(logistic.CARD, logistic.make),
        lambda: LogisticRegression(C=1.0, max_iter=1000),
    ),
    "ordinal": Peer(
        ProbeSpec(ordinal.CARD, ordinal.make),
        lambda: mord.LogisticAT(alpha=1.0, max_iter=1000),
    ),
}


def invented(dim: int, seed: int = 0) -> Data:
    """Features with the spectrum and offset of hidden states, and a planted order of levels."""
    rng = np.random.default_rng(seed)
    spread = 2.0 * (1 + np.arange(dim) / 4) ** -0.8
    scores = rng.normal(size=(ROWS, dim))
    turn, _ = np.linalg.qr(rng.normal(size=(dim, dim)).astype(np.float32))
    signal = scores[:, :40] @ rng.normal(size=40) / 4 + rng.normal(size=ROWS)
    y = np.empty(ROWS, dtype=np.int64)
    y[np.argsort(signal)] = np.repeat(np.arange(5), CLASS_SIZES)
    X = (scores * spread).astype(np.float32) @ turn.T + rng.normal(size=dim).astype(np.float32)
    folds = []
    for size in TRAIN_SIZES:
        rows = rng.permutation(ROWS)
        folds.append(FoldRows(np.sort(rows[:size]), np.sort(rows[size:])))
    return Data(np.ascontiguousarray(X), y, folds)


@pytest.fixture(scope="module", params=[384, 1024, 2560, 4096])
def data(request) -> Data:
    return invented(request.param)


def in_a_loop(
    make: Callable[[], object], data: Data, folds: Sequence[FoldRows]
) -> tuple[float, list[np.ndarray]]:
    """Seconds and predictions of plain fits, one after another."""
    predictions = []
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for fold in folds:
            fitted = make().fit(data.X[fold.train], data.y[fold.train])
            predictions.append(np.rint(fitted.predict(data.X[fold.predict])))
    return time.perf_counter() - start, predictions


def extrapolated(
    make: Callable[[], object], data: Data, wide: bool, one_core_alone: bool = False
) -> tuple[dict[str, float], list[np.ndarray], str]:
    """A peer's seconds for all folds: measured, or at large widths scaled up from the smallest."""
    folds = data.folds[-1:] if wide else data.folds
    scale = sum(TRAIN_SIZES) / sum(len(fold.train) for fold in folds)
    seconds = {}
    if not one_core_alone:
        seconds["as started"] = scale * in_a_loop(make, data, folds)[0]
    with threadpool_limits(limits=1):
        elapsed, predictions = in_a_loop(make, data, folds)
    seconds["on one core"] = scale * elapsed
    how = f", extrapolated from {len(folds)} of {len(data.folds)} folds" if wide else ""
    return seconds, predictions, how


def matrix_rate(dtype: type) -> float:
    """Floating-point operations a second of a large matrix product on all cores."""
    a = np.random.default_rng(0).normal(size=(1500, 1500)).astype(dtype)
    best = min(_seconds(lambda: a @ a) for _ in range(5))
    return float(2 * 1500**3 / best)


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@pytest.fixture(scope="module")
def totals():
    """Seconds of a whole sweep, by kind and width; printed when all is measured."""
    measured: Totals = {}
    yield measured
    for (kind, dim), sides in sorted(measured.items()):
        sums = {side: sum(seconds) for side, seconds in sides.items()}
        ours = sums.pop("cefrbench")
        ratios = ", ".join(f"{taken / ours:.1f} × ({side})" for side, taken in sums.items())
        print(f"\n{kind} probes at {dim} together: {ours:.2f} s; {ratios}", end="")


def report(
    totals: Totals, kind: str, name: str, dim: int, ours: float, peers: dict[str, float], note: str
) -> None:
    for side, seconds in {"cefrbench": ours, **peers}.items():
        totals.setdefault((kind, dim), {}).setdefault(side, []).append(seconds)
    ratios = ", ".join(f"{peers[k] / ours:.1f} × ({k}: {peers[k]:.2f} s)" for k in peers)
    print(f"\n{name} at {dim}: {ours:.2f} s on {usable_cores()} cores; {ratios}{note}")


@pytest.mark.parametrize("name", LINEAR)
def test_linear_sweep(benchmark, data, totals, name):
    dim = data.X.shape[1]
    peer = LINEAR[name]
    rounds = 3 if dim <= 1024 else 1
    fits = benchmark.pedantic(
        fit_folds,
        args=(peer.spec, ProbeOptions(), data.X, data.y, data.folds),
        rounds=rounds,
        warmup_rounds=1 if dim <= 1024 else 0,
    )
    ours = benchmark.stats.stats.min
    wide = dim > 1024
    peers, predictions, note = extrapolated(peer.make, data, wide, wide)
    paired = zip(fits[-len(predictions) :], predictions, strict=True)
    same = np.concatenate([np.rint(row[0].predictions) == p for row, p in paired])
    note += f"; {same.mean():.2%} of predictions the same"
    report(totals, "linear", name, dim, ours, peers, note)


def standard(data: Data) -> list[FoldRows]:
    """The folds as the standard has them: each with its own unit, each level of equal weight."""
    folds = []
    for fold in data.folds:
        weight = 1 / (np.bincount(data.y[fold.train])[data.y[fold.train]] + 10)
        weight *= len(weight) / weight.sum()
        folds.append(replace(fold, weight=weight, count=np.ones(len(weight))))
    return folds


def own_time(function: Callable[[], object]) -> float:
    """Seconds that one thread computes: a busy machine lengthens them less than those of a wall."""
    best = np.inf
    for _ in range(3):
        start = time.process_time()
        function()
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("name", LINEAR)
def test_grid_of_penalties(benchmark, data, name):
    """The grid on a probe's card against its own penalty, a fold after the other on one core."""
    dim, spec = data.X.shape[1], LINEAR[name].spec
    folds = standard(data)
    penalty = spec.card.penalty
    assert penalty is not None

    def fit(*values: float | None) -> list[object]:
        parts = [
            fit_paths(spec, ProbeOptions(), data.X, data.y, [fold], penalties=values)
            for fold in folds
        ]
        return [outcome for (path,) in parts for (outcome,) in path]

    with threadpool_limits(limits=1):
        outcomes = benchmark.pedantic(fit, args=penalty.values, rounds=1)
        grid, one = own_time(lambda: fit(*penalty.values)), own_time(lambda: fit(None))
    assert all(isinstance(fit, FoldFit) and fit.converged for fit in outcomes)
    print(
        f"\n{name} at {dim}: {len(penalty.values)} penalties in {grid:.2f} s, one in {one:.2f} s: "
        f"{grid / one:.2f} ×"
    )


#: As in cefr-v1.
SEEDS = (0, 1, 2)
#: Epochs by width: each takes both sides the same number of steps, so a few are enough.
EPOCHS = {384: 20, 1024: 5, 2560: 2, 4096: 1}
MLPS = {
    "mlp-regressor": (mlp.make_regressor, MLPRegressor),
    "mlp-classifier": (mlp.make_classifier, MLPClassifier),
}


@pytest.mark.parametrize("name", MLPS)
def test_mlp_sweep(benchmark, data, totals, name):
    """A fixed number of epochs on each fold and seed; predictions are compared in the tests.

    The peer trains the first seed, three times over: of each side the best time counts.
    """
    dim = data.X.shape[1]
    epochs = EPOCHS[dim]
    make, peer = MLPS[name]
    probe = make(ProbeOptions(seed=0)).set_params(max_iter=epochs)
    benchmark.pedantic(
        probe.fit_folds,
        args=(data.X, data.y, data.folds),
        kwargs={"seeds": SEEDS},
        rounds=3,
        warmup_rounds=1,
    )
    ours = benchmark.stats.stats.min

    def plain() -> object:
        return peer(hidden_layer_sizes=(dim,), random_state=0, max_iter=epochs)

    runs = [extrapolated(plain, data, wide=dim > 1024) for _ in range(3)]
    note = f", one of {len(SEEDS)} seeds" + runs[0][2]
    peers = {side: len(SEEDS) * min(run[0][side] for run in runs) for side in runs[0][0]}
    steps = len(SEEDS) * epochs * sum(-(-size // 200) for size in TRAIN_SIZES)
    floor = steps * 4 * 200 * dim * dim / matrix_rate(np.float32)
    note += f"; {epochs} epochs a fold, whose two large products alone would take {floor:.2f} s"
    report(totals, "MLP", name, dim, ours, peers, note)


def peak_of_a_layer(name: str) -> float:
    """GiB that a process takes at most to fit one probe on a layer of the 8B shape.

    Nine corpora, 6,400 texts, one fold in distribution and ten out of it; MLPs train one epoch,
    with one seed, and take no more memory in the second.
    """
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6400, 4096)).astype(np.float32)
    y = rng.integers(0, 5, 6400)
    corpus = rng.integers(0, 10, 6400)
    parts = [rng.random(6400) < 0.2, *(corpus == c for c in range(10))]
    folds = [FoldRows(np.flatnonzero(~part), np.flatnonzero(part)) for part in parts]
    if name in MLPS:
        MLPS[name][0](ProbeOptions(seed=0)).set_params(max_iter=1).fit_folds(
            X, y, folds, seeds=(0,)
        )
    else:
        fit_folds(LINEAR[name].spec, ProbeOptions(), X, y, folds)
    # Not ru_maxrss: a process begins with that of its parent.
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 2**20


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's own figure")
@pytest.mark.parametrize("name", [*LINEAR, *MLPS])
def test_memory_of_a_wide_layer(benchmark, name):
    with get_context("spawn").Pool(1) as pool:
        peak = benchmark.pedantic(pool.apply, args=(peak_of_a_layer, (name,)), rounds=1)
    seconds = benchmark.stats.stats.min
    print(f"\n{name}, 6,400 texts at 4,096, 11 folds: {peak:.2f} GiB at most, {seconds:.0f} s")
