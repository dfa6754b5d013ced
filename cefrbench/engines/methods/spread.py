"""Mean and covariance of weighted texts, shrunk so that every power of it exists.

The shrinkage is Ledoit and Wolf's (2004, Journal of Multivariate Analysis 88), with weights: each
text says ``pᵢ`` of the covariance, and the error of the covariance is the sum of ``pᵢ²`` times how
far a text's own product lies from it. With equal weights it is
``sklearn.covariance.ledoit_wolf_shrinkage``, which takes none; so are the classes of skada.

It is at least one over the number of texts that the weights amount to, ``1 / Σ pᵢ²``: two texts
have one product, from which that formula would tell no error at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A mean, and a covariance ``floor · I + axes · diag(variance − floor) · axesᵀ``.

    So nothing of size dim × dim is taken apart where texts are fewer than features.

    Attributes
    ----------
    mean : ndarray of float64, shape (dim,)
    axes : ndarray of float64, shape (dim, rank)
        Directions in which the texts vary, of length 1 and at right angles.
    variance : ndarray of float64, shape (rank,)
        Shrunk variance along them.
    floor : float
        Variance in all other directions, above 0.
    """

    mean: Doubles
    axes: Doubles
    variance: Doubles
    floor: float

    def power(self, X: Doubles, exponent: float) -> Doubles:
        """Multiply features ``[n, dim]`` from the right by a power of the covariance."""
        base = self.floor**exponent
        along = (X @ self.axes) * (self.variance**exponent - base)
        multiplied: Doubles = base * X + along @ self.axes.T
        return multiplied

    def covariance(self) -> Doubles:
        """The covariance itself, ``[dim, dim]``."""
        return self.power(np.eye(len(self.mean)), 1.0)


def spread_of(X: NDArray[np.floating[Any]], weight: Doubles | None = None) -> Shrunk:
    """Tell mean and shrunk covariance.

    Texts that don't vary at all, or one alone, are given the covariance 1 in every direction.

    Parameters
    ----------
    X : ndarray, shape (n, dim)
    weight : ndarray of float64, shape (n,), optional
        Not negative, not all zero; none means that all weigh the same.
    """
    n, dim = X.shape
    share = np.full(n, 1 / n) if weight is None else weight / weight.sum()
    mean = share @ X
    centred = X - mean
    scaled = centred * np.sqrt(share)[:, None]
    # Right singular vectors from the smaller of the two products.
    small = scaled @ scaled.T if n < dim else scaled.T @ scaled
    values, vectors = np.linalg.eigh(small)
    kept = values > max(values[-1], 0.0) * len(small) * np.finfo(np.float64).eps
    values, vectors = values[kept], vectors[:, kept]
    axes = scaled.T @ (vectors / np.sqrt(values)) if n < dim else vectors
    total = float(values.sum())
    if total == 0:
        return Shrunk(mean, np.zeros((dim, 0)), np.zeros(0), 1.0)
    middle = total / dim
    shrinkage = _shrinkage(centred, share, axes, values, middle)
    floor = shrinkage * middle
    return Shrunk(mean, axes, (1 - shrinkage) * values + floor, floor)


def _shrinkage(
    centred: Doubles, share: Doubles, axes: Doubles, values: Doubles, middle: float
) -> float:
    """Share of the multiple of the identity, 0 to 1."""
    dim = len(axes)
    norm = float(values @ values)
    length = np.square(centred).sum(axis=1)
    along = np.square(centred @ axes) @ values
    error = float(np.square(share) @ (np.square(length) - 2 * along + norm))
    apart = norm - dim * middle**2
    told = min(error / apart, 1.0) if apart > 0 else 1.0
    return max(told, min(1.0, float(np.square(share).sum())))
