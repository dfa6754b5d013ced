"""Invented features with a planted signal: five ordered classes along one noisy direction."""

from typing import NamedTuple

import numpy as np

from cefrbench.contracts.probe import FoldRows


class Planted(NamedTuple):
    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    folds: list[FoldRows]


def planted(n=260, dim=24, seed=0, dtype=np.float32, classes=5):
    """Features, classes 0 to 4 (few at both ends), weights, and three overlapping folds."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, dim))
    signal = X[:, : min(dim, 6)].sum(axis=1) + rng.normal(size=n)
    cuts = np.quantile(signal, [0.08, 0.4, 0.75, 0.95][: classes - 1])
    y = np.digitize(signal, cuts).astype(np.int64)
    rows = rng.permutation(n)
    fifth = n // 5
    folds = [
        FoldRows(np.sort(rows[fifth:]), np.sort(rows[:fifth])),
        FoldRows(np.sort(rows[: 3 * fifth]), np.sort(rows[3 * fifth :])),
        FoldRows(np.sort(rows[2 * fifth + 3 :]), np.sort(rows[: 2 * fifth])),
    ]
    return Planted(X.astype(dtype), y, rng.uniform(0.2, 2.0, n), folds)


def badly_scaled(X):
    """Features of scales from 1e-3 to 1e3, far from zero, one of them huge: as in raw states."""
    scaled = X * np.geomspace(1e-3, 1e3, X.shape[1]) + np.linspace(-50, 50, X.shape[1])
    scaled[:, 0] = 2000 + 30 * X[:, 0]
    return scaled.astype(X.dtype)
