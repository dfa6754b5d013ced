"""Rows mixed of two texts, and labels between two levels, for probes whose classes are whole.

A label between two levels is handed over as two rows of the same features, one of either level,
whose weights are in the shares of the mixture. Squared error and cross-entropy are then what they
are for the label itself, but for a constant.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Singles = NDArray[np.float32]


def even_at_levels(y: Ints, corpus: Ints, weight: Doubles) -> Doubles:
    """Weigh texts so that at each level every corpus that has it says about the same.

    A level keeps its weight. A corpus's share of it is ``n / (n + 10)`` for n texts there, as in
    the standard's weights, so that one text does not stand for a corpus; inside a corpus and level
    texts weigh beside each other as they did.

    Parameters
    ----------
    y, corpus : ndarray of int64, shape (n,)
    weight : ndarray of float64, shape (n,)
    """
    place = np.unique(corpus, return_inverse=True)[1]
    cells = place * (y.max() + 1) + y
    counted = np.bincount(cells, minlength=cells.max() + 1)
    held = np.bincount(cells, weights=weight, minlength=cells.max() + 1)
    share = np.where(held[cells] > 0, counted[cells] / (counted[cells] + 10.0), 0.0)
    even = share * np.divide(weight, held[cells], out=np.zeros_like(weight), where=weight > 0)
    kept, made = np.bincount(y, weights=weight), np.bincount(y, weights=even)
    made_even: Doubles = even * np.divide(kept, made, out=np.zeros_like(kept), where=made > 0)[y]
    return made_even


def partners(
    y: Ints, corpus: Ints, weight: Doubles, bandwidth: float, rng: np.random.Generator
) -> Ints:
    """Draw for every text one of another corpus, at the same level or near it.

    A text is drawn in proportion to its weight times ``exp(−(difference of levels)² / (2 h²))``, as
    in C-Mixup. Where no other corpus has such a text, a text is its own partner.

    Parameters
    ----------
    y, corpus : ndarray of int64, shape (n,)
    weight : ndarray of float64, shape (n,)
    bandwidth : float
        h, in levels; 0 means equal levels alone (LISA).
    rng : numpy.random.Generator
    """
    drawn = np.arange(len(y))
    for one in np.unique(corpus):
        others = np.flatnonzero(corpus != one)
        for level in np.unique(y[corpus == one]):
            rows = np.flatnonzero((corpus == one) & (y == level))
            chance = weight[others] * _near(y[others] - level, bandwidth)
            if chance.sum() > 0:
                drawn[rows] = rng.choice(others, len(rows), p=chance / chance.sum())
    return drawn


def _near(apart: Ints, bandwidth: float) -> Doubles:
    far = np.square(apart.astype(np.float64))
    near: Doubles = np.exp(-far / (2 * bandwidth**2)) if bandwidth else np.float64(1) * (far == 0)
    return near


def between(
    X: Singles, label: Doubles, weight: Doubles, n_classes: int
) -> tuple[Singles, Ints, Doubles]:
    """Hand over labels between levels, 0 to ``n_classes − 1``, as rows of whole ones.

    Parameters
    ----------
    X : ndarray of float32, shape (n, dim)
    label, weight : ndarray of float64, shape (n,)
    n_classes : int

    Returns
    -------
    X : ndarray of float32, shape (m, dim)
    y : ndarray of int64, shape (m,)
    weight : ndarray of float64, shape (m,)
        Of the same sum.
    """
    lower = np.minimum(np.floor(label).astype(np.int64), n_classes - 1)
    share = label - lower
    rows = np.concatenate([np.flatnonzero(share < 1), np.flatnonzero(share > 0)])
    level = np.concatenate([lower[share < 1], lower[share > 0] + 1])
    part = np.concatenate([(1 - share)[share < 1], share[share > 0]])
    return X[rows], level, weight[rows] * part
