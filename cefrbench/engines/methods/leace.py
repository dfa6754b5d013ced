"""LEACE: erase a concept from features so that no linear map can tell it (Belrose et al. 2023).

The package ``concept-erasure`` has no weights, so what it erases is not what a weighted probe could
still read; and it leaves out small singular values. With its shrinkage off and weights all equal
both are one map, which a test holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

#: Canonical correlations below this are rounding.
LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Eraser:
    """``x − (x − mean) · right · left``.

    Attributes
    ----------
    mean : ndarray, shape (dim,)
    right : ndarray, shape (dim, rank)
    left : ndarray, shape (rank, dim)
    """

    mean: Doubles
    right: Doubles
    left: Doubles

    @property
    def rank(self) -> int:
        """Directions that are erased: fewer than there are classes."""
        return int(self.right.shape[1])

    def __call__(self, X: Doubles) -> Doubles:
        """Erase from features ``[n, dim]``."""
        return X - ((X - self.mean) @ self.right) @ self.left


def fit_eraser(X: Doubles, concept: Doubles, weight: Doubles) -> Eraser:
    """Fit the map that moves features least, of those that leave no covariance with a concept.

    With the weights given, the mean of the erased features is then the same in every class, and no
    linear map of them beats a constant in any convex loss.

    Parameters
    ----------
    X : ndarray of float64, shape (n, dim)
    concept : ndarray of float64, shape (n, k)
        One column a class, 1 in rows of it.
    weight : ndarray of float64, shape (n,)
        Not negative, not all zero.
    """
    share = weight / weight.sum()
    mean = share @ X
    centred, told = X - mean, concept - share @ concept
    values, vectors = np.linalg.eigh((centred.T * share) @ centred)
    kept = values > values[-1] * len(values) * np.finfo(np.float64).eps
    vectors, spread = vectors[:, kept], np.sqrt(values[kept])
    # Covariance with the concept in whitened coordinates along the axes that vary.
    crossed = (vectors / spread).T @ ((centred.T * share) @ told)
    directions, strength, _ = np.linalg.svd(crossed, full_matrices=False)
    directions = directions[:, strength > LEAST]
    return Eraser(mean, (vectors / spread) @ directions, (vectors * spread @ directions).T)
