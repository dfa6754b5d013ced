"""Layers that don't fit: the same predictions from blocks of rows, in memory that is counted."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from planted import badly_scaled, planted

from cefrbench.contracts.probe import FoldRows
from cefrbench.engines.linear import blocks, streamed
from cefrbench.engines.linear import probe as linear_probe
from cefrbench.engines.linear.arrays import DeviceArrays
from cefrbench.engines.linear.design import fold_bytes
from cefrbench.engines.linear.logistic import LogisticProbe
from cefrbench.engines.linear.ordinal import OrdinalProbe
from cefrbench.engines.linear.passes import Passes
from cefrbench.engines.linear.ridge import RidgeProbe
from cefrbench.engines.mlp import probe as mlp_probe
from cefrbench.engines.mlp.probe import MLPClassifierProbe, MLPRegressorProbe
from cefrbench.errors import CacheError
from cefrbench.mapped import Gathered, gather

#: From the strongest to the weakest.
PENALTIES = {RidgeProbe: (1e4, 1.0), LogisticProbe: (1e-2, 1.0), OrdinalProbe: (1e2, 1.0)}
SHAPES = {"rows stand for others": (400, 20), "more features than rows": (70, 90)}


def own_folds(data):
    """Weights (an eighth are zero) and units of their own; in one, rows in no order, some twice."""
    draw = np.random.default_rng(7)
    folds = []
    for fold in data.folds:
        there = draw.random(len(fold.train)) > 1 / 8
        weight = there * draw.uniform(0.2, 3.0, len(fold.train))
        folds.append(replace(fold, weight=weight, count=1.0 * there))
    train = draw.choice(folds[0].train, len(folds[0].train))
    return [*folds, FoldRows(train, draw.permutation(folds[0].predict), count=np.ones(len(train)))]


def on_disk(X, folder):
    """The same features, mapped."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cefrbench.mapped.HELD_BYTES", 0)
        gathered = Gathered(X.shape, folder)
    gathered.put(np.arange(len(X)), X)
    return gathered.rows()


@pytest.mark.parametrize("classes", [5, 2])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", PENALTIES)
def test_a_streamed_fold_has_the_minimum_of_one_that_is_held(kind, shape, classes, tmp_path):
    data = planted(*SHAPES[shape])
    y = data.y if classes == 5 else (data.y > 2).astype(np.int64)
    for X, folds in (
        (data.X, data.folds),
        (data.X, own_folds(data)),
        (badly_scaled(data.X), own_folds(data)),
    ):

        def fit(X, y=y, folds=folds):
            return kind().fit_paths(
                X, y, folds, penalties=PENALTIES[kind], sample_weight=data.weight
            )

        held = fit(X)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(linear_probe, "HOST_BYTES", 0)
            patch.setattr(blocks, "BLOCK_BYTES", 8 * 24 * 37)
            there = fit(on_disk(X, tmp_path))
        for path, expected in zip(there, held, strict=True):
            for (ours,), (theirs,) in zip(path, expected, strict=True):
                assert ours.converged
                # Bounds of test_linear_probes for one minimum reached by two ways.
                np.testing.assert_allclose(ours.predictions, theirs.predictions, atol=1e-8)
                np.testing.assert_allclose(ours.scores, theirs.scores, rtol=1e-4, atol=1e-3)


def test_a_fold_is_held_where_it_fits_beside_those_that_are_streamed(monkeypatch):
    data = planted(400, 12)
    alone = FoldRows(np.arange(60), np.arange(60, 80))
    (expected,) = RidgeProbe().fit_folds(data.X, data.y, [alone])
    monkeypatch.setattr(linear_probe, "HOST_BYTES", fold_bytes(100, 12))
    made = []
    kept = linear_probe.StreamedPart
    monkeypatch.setattr(
        linear_probe, "StreamedPart", lambda s, f, w: made.append(f) or kept(s, f, w)
    )
    fits = RidgeProbe().fit_folds(data.X, data.y, [*data.folds, alone])
    assert made == data.folds
    np.testing.assert_allclose(fits[3][0].predictions, expected[0].predictions, atol=1e-10)


@pytest.mark.parametrize("kind", PENALTIES)
def test_what_a_streamed_fold_holds_is_what_is_counted(kind, monkeypatch, tmp_path):
    n, dim = 8000, 160
    data = planted(n, dim)
    fold = FoldRows(np.arange(n - 500), np.arange(n - 500, n), count=np.ones(n - 500))
    X = on_disk(data.X, tmp_path)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1 << 18)
    monkeypatch.setattr(streamed, "BLOCK_BYTES", 1 << 18)
    monkeypatch.setattr(linear_probe, "HOST_BYTES", fold_bytes(n, dim) // 2)
    counted = streamed.streamed_bytes(n, dim)
    assert counted < fold_bytes(n, dim) / 5
    tracemalloc.start()
    try:
        kind().fit_folds(X, data.y, [fold])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert counted / 4 < peak < counted


def test_the_arithmetic_of_the_docs():
    """400,000 rows, 4,096 wide: docs/performance.md."""
    rows, dim = 400_000, 4096
    folds = [FoldRows(np.arange(rows), np.arange(0))] * 20
    at_once = RidgeProbe().at_once(folds, (rows, dim))
    assert at_once == 3
    assert round(streamed.streamed_bytes(rows, dim) / 2**20) == 954
    assert at_once * streamed.streamed_bytes(rows, dim) < 3 * 2**30
    assert round(fold_bytes(rows, dim) / 2**30) == 37


def test_a_process_that_streams_stays_small(tmp_path):
    """Its largest resident memory, mapped pages too, stays far below one copy of the layer."""
    script = """
        import resource, sys
        from pathlib import Path
        import numpy as np
        from cefrbench import mapped
        from cefrbench.contracts.probe import FoldRows
        from cefrbench.engines.linear import blocks, probe
        from cefrbench.engines.linear.ordinal import OrdinalProbe
        from cefrbench.engines.mlp.probe import MLPRegressorProbe
        mapped.HELD_BYTES, mapped.STRETCH_BYTES = 0, 1 << 21
        blocks.BLOCK_BYTES, probe.HOST_BYTES = 1 << 21, 1 << 22
        n, dim = 40_000, 384
        gathered, draw = mapped.Gathered((n, dim), Path(sys.argv[1])), np.random.default_rng(0)
        for start in range(0, n, 1000):
            rows = draw.normal(size=(1000, dim)).astype(np.float32)
            gathered.put(np.arange(start, start + 1000), rows)
        X, y = gathered.rows(), np.arange(n) % 5
        small = FoldRows(np.arange(100), np.arange(100, 200))
        probes = OrdinalProbe(), MLPRegressorProbe(max_iter=1)
        for one in probes:
            one.fit_folds(X[:200], y[:200], [small])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for one in probes:
            one.fit_folds(X, y, [FoldRows(np.arange(n), np.arange(0, n, 7))])
            print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    layer = 40_000 * 384 * 4
    linear, network = map(int, done.stdout.split())
    assert linear < layer / 2
    assert network < layer / 2


@pytest.mark.parametrize("probe", [MLPRegressorProbe, MLPClassifierProbe])
@pytest.mark.parametrize("stopping", [False, True])
def test_networks_read_a_mapped_layer_as_one_that_is_held(probe, stopping, monkeypatch, tmp_path):
    """To the last bit, and folds a few at a time too."""
    data = planted(120, 10)
    made = probe(max_iter=6, batch_size=20, early_stopping=stopping)
    held = made.fit_folds(data.X, data.y, own_folds(data), seeds=(0, 1))
    monkeypatch.setattr(mlp_probe, "ROWS_BYTES", 1)
    there = made.fit_folds(on_disk(data.X, tmp_path), data.y, own_folds(data), seeds=(0, 1))
    for ours, theirs in zip(there, held, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one.predictions, other.predictions)
            np.testing.assert_array_equal(one.scores, other.scores)


def test_a_file_of_rows_leaves_no_name_and_a_full_disk_is_one_sentence(monkeypatch, tmp_path):
    X = np.arange(60, dtype=np.float32).reshape(12, 5)
    order = np.random.default_rng(0).permutation(12)
    monkeypatch.setattr("cefrbench.mapped.HELD_BYTES", 0)
    gathered = Gathered(X.shape, tmp_path)
    gathered.put(order[:7], X[order[:7]])
    gathered.put(order[7:], X[order[7:]])
    np.testing.assert_array_equal(gathered.rows(), X)
    assert list(Path(tmp_path).iterdir()) == []
    rows = gathered.rows()
    for asked in ([3, 4, 5, 1, 1, 11], [0], [], list(range(12))):
        np.testing.assert_array_equal(gather(rows, np.array(asked, int)), X[np.array(asked, int)])
        np.testing.assert_array_equal(gather(X, np.array(asked, int)), X[np.array(asked, int)])
    np.testing.assert_array_equal(gather(rows[2:], np.array([1, 8])), X[[3, 10]])
    with pytest.raises(IndexError, match="row 12 of 12"):
        gather(rows, np.array([12]))
    with pytest.raises(CacheError, match="another folder"):
        Gathered(X.shape, tmp_path / "nowhere")


@pytest.mark.parametrize("kind", PENALTIES)
def test_a_streamed_fold_is_the_same_alone_and_in_company(kind, monkeypatch):
    """To the last bit: who reads a block besides changes nothing."""
    data = planted(200, 12)
    monkeypatch.setattr(linear_probe, "HOST_BYTES", 0)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 8 * 12 * 37)
    folds = own_folds(data)
    together = kind().fit_folds(data.X, data.y, folds)
    for fold, (fit,) in zip(folds, together, strict=True):
        ((alone,),) = kind().fit_folds(data.X, data.y, [fold])
        np.testing.assert_array_equal(fit.scores, alone.scores)


@pytest.mark.parametrize("kind", PENALTIES)
def test_an_accelerators_arithmetic_streams_to_the_same(kind, monkeypatch):
    data = planted(200, 12)
    folds = [*data.folds, *own_folds(data)]
    held = kind().fit_paths(data.X, data.y, folds, penalties=PENALTIES[kind])
    monkeypatch.setattr(linear_probe, "arrays_on", lambda device: DeviceArrays("cpu"))
    monkeypatch.setattr(linear_probe, "HOST_BYTES", 0)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 8 * 12 * 37)
    there = kind().fit_paths(data.X, data.y, folds, penalties=PENALTIES[kind])
    for path, expected in zip(there, held, strict=True):
        for (ours,), (theirs,) in zip(path, expected, strict=True):
            np.testing.assert_allclose(ours.predictions, theirs.predictions, atol=1e-8)
            np.testing.assert_allclose(ours.scores, theirs.scores, rtol=1e-4, atol=1e-3)


def in_step(passes, work):
    """Call each piece of work in a thread that is a member, once all of them are."""
    ready = threading.Barrier(len(work))

    def one(function):
        with passes.member():
            ready.wait()
            return function()

    with ThreadPoolExecutor(len(work)) as pool:
        return [future.exception() or future.result() for future in [
            pool.submit(one, function) for function in work
        ]]  # fmt: skip


def test_threads_in_step_read_a_block_once():
    passes = Passes(5, lambda number: 10 * number)

    def over(numbers, times):
        return lambda: [passes.block(number) for _ in range(times) for number in numbers]

    found = in_step(passes, [over(range(5), 3), over(range(5), 2), over((1, 4), 2)])
    assert found == [[0, 10, 20, 30, 40] * 3, [0, 10, 20, 30, 40] * 2, [10, 40] * 2]
    assert passes.reads == 5 * 3


def test_a_block_that_cannot_be_read_fails_whoever_asked_and_nobody_waits_for_ever():
    def read(number):
        if number == 1:
            raise OSError("gone")
        return number

    passes = Passes(2, read)
    both = [lambda: [passes.block(number) for number in (0, 1)]] * 2
    found = in_step(passes, [*both, lambda: [passes.block(0), passes.block(0)]])
    assert [type(one) for one in found[:2]] == [OSError, OSError]
    assert found[2] == [0, 0]


def test_a_plan_fits_as_many_folds_as_a_run_has_in_memory(monkeypatch):
    data = planted(400, 12)
    probe, one = RidgeProbe(), streamed.streamed_bytes(len(data.folds[0].train), 12)
    monkeypatch.setattr(linear_probe, "HOST_BYTES", 0)
    monkeypatch.setattr(linear_probe, "STREAMED_BYTES", 2 * one)
    made = []
    over_cores = linear_probe.over_cores
    monkeypatch.setattr(
        linear_probe, "over_cores", lambda f, some, n: made.append(n) or over_cores(f, some, n)
    )
    probe.fit_folds(data.X, data.y, data.folds)
    assert made == [probe.at_once(data.folds, data.X.shape)] == [2]
