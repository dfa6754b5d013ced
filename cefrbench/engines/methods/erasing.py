"""INLP: a corpus is told, what told it is projected away, and again (Ravfogel et al. 2020)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Singular values below this share of the largest are rounding.
LEAST = 1e-9


def nullspace(X: Doubles, corpus: Ints, weight: Doubles, rounds: int) -> Doubles:
    """Find the directions that linear classifiers of the corpus read, one round after another.

    The classifier is least squares on one column a corpus, with a penalty of one a feature, each
    corpus weighing the same; the paper takes any linear one. It is in closed form, and it never
    reads a direction twice: weights of ridge regression on projected features lie in what is left.

    Parameters
    ----------
    X : ndarray of float64, shape (n, dim)
    corpus : ndarray of int64, shape (n,)
    weight : ndarray of float64, shape (n,)
    rounds : int

    Returns
    -------
    ndarray of float64, shape (dim, rank)
        Directions at right angles, to be projected away; none where there is one corpus.
    """
    place = np.unique(corpus, return_inverse=True)[1]
    held = np.bincount(place, weights=weight)[place]
    share = np.divide(weight, held, out=np.zeros_like(weight), where=held > 0)
    share = share * (len(X) / share.sum())
    told = np.eye(place.max() + 1)[place]
    told = told - share @ told / len(X)
    left = X - share @ X / len(X)
    dim = X.shape[1]
    read = np.zeros((dim, 0))
    for _ in range(rounds):
        weights = _ridge(left, told, share, float(dim))
        axes, strength, _ = np.linalg.svd(weights, full_matrices=False)
        axes = axes[:, strength > LEAST * max(1.0, strength.max(initial=0.0))]
        # Rounding leaves a little of what is gone already.
        axes = np.linalg.qr(axes - read @ (read.T @ axes))[0]
        if not axes.shape[1]:
            break
        read = np.hstack([read, axes])
        left = left - (left @ axes) @ axes.T
    return read


def _ridge(X: Doubles, target: Doubles, weight: Doubles, alpha: float) -> Doubles:
    """Weights of weighted ridge regression of centred targets ``[dim, k]``."""
    n, dim = X.shape
    if n < dim:
        root = np.sqrt(weight)[:, None]
        scaled = X * root
        dual = np.linalg.solve(scaled @ scaled.T + alpha * np.eye(n), target * root)
        return np.asarray(scaled.T @ dual, np.float64)
    gram = (X.T * weight) @ X
    return np.asarray(
        np.linalg.solve(gram + alpha * np.eye(dim), (X.T * weight) @ target), np.float64
    )


def projected(X: Doubles, axes: Doubles) -> Doubles:
    """Take the part along axes out of features ``[n, dim]``."""
    return X - (X @ axes) @ axes.T
