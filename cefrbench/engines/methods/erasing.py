"""INLP: a corpus is told, what told it is projected away, and again (Ravfogel et al. 2020)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Singular values of a classifier's weights below this are rounding.
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
    n, dim = X.shape
    # The span of the texts, where they are fewer than features.
    span = np.linalg.qr(left.T)[0] if n < dim else np.eye(dim)
    left = left @ span if n < dim else left
    # All that a round needs of the texts is two products, which are projected as texts would be.
    gram, crossed = (left.T * share) @ left, (left.T * share) @ told
    ridge = float(dim) * np.eye(len(gram))
    read = np.zeros((len(gram), 0))
    for _ in range(rounds):
        axes, strength, _ = np.linalg.svd(np.linalg.solve(gram + ridge, crossed), False)
        axes = axes[:, strength > LEAST]
        # Rounding leaves a little of what is gone already.
        axes = np.linalg.qr(axes - read @ (read.T @ axes))[0]
        if not axes.shape[1]:
            break
        read = np.hstack([read, axes])
        gram = projected(projected(gram, axes).T, axes)
        crossed = projected(crossed.T, axes).T
    return span @ read


def projected(X: Doubles, axes: Doubles) -> Doubles:
    """Take the part along axes out of features ``[n, dim]``."""
    return X - (X @ axes) @ axes.T
