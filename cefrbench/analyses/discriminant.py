"""Linear discriminant analysis over folds: one pass over a layer for all questions asked of it.

Chosen because what it needs of a layer are sums: second moments of five parts, from which every
fold and every set of classes follows. It has a closed form, nothing to tune, and is the best there
is for Gaussian classes of one covariance, so that what it must reach is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.engines.cores import over_cores, workers_for

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Share of a column's variance over all rows below which it is constant over training rows.
CONSTANT = 1e-12
#: Most memory for folds in work.
HOST_BYTES = 1 << 30


class Scatter:
    """Second moments of some rows of a layer, part by part.

    Parameters
    ----------
    X : ndarray of float32, shape (n, dim)
    parts : sequence of ndarray of int
        Places in ``X``, each in one part: what is held out together.
    weight : ndarray of float64, shape (n,), optional
        How much each row counts; none means 1.
    """

    def __init__(
        self,
        X: NDArray[np.floating[Any]],
        parts: Sequence[NDArray[np.intp]],
        weight: Doubles | None = None,
    ) -> None:
        self.parts = parts
        self._weight = np.ones(len(X)) if weight is None else weight
        rows = X.astype(np.float64)
        rows -= rows.mean(axis=0)
        spread = rows.std(axis=0)
        # A move and a scale change no discriminant; they keep large means out of the moments.
        rows *= np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0)
        self._rows = rows
        self._moments = self._each(self._moment)
        self._all = np.sum(self._moments, axis=0)

    def predict(self, y: Ints) -> Ints:
        """Predict each row's class by what all other parts say.

        Parameters
        ----------
        y : ndarray of int, shape (n,)
            Classes from 0.

        Returns
        -------
        ndarray of int, shape (n,)
        """

        def fold(place: int) -> Ints:
            held = self.parts[place]
            train = np.setdiff1d(np.arange(len(y)), held)
            coef, offset, classes = self._fit(place, train, y[train])
            found: Ints = classes[(self._rows[held] @ coef + offset).argmax(axis=1)]
            return found

        predicted = np.full(len(y), -1, dtype=np.int64)
        for held, found in zip(self.parts, self._each(fold), strict=True):
            predicted[held] = found
        return predicted

    def _each(self, function: Callable[[int], NDArray[Any]]) -> list[NDArray[Any]]:
        """Call a function for each part, on a core of its own."""
        dim = self._rows.shape[1]
        workers = workers_for(3 * 8 * dim**2, HOST_BYTES)
        return over_cores(function, range(len(self.parts)), min(workers, len(self.parts)))

    def _moment(self, place: int) -> Doubles:
        part = self.parts[place]
        rows = self._rows[part]
        moment: Doubles = (rows.T * self._weight[part]) @ rows
        return moment

    def _fit(self, place: int, train: NDArray[np.intp], y: Ints) -> tuple[Doubles, Doubles, Ints]:
        """Directions ``[dim, k]``, offsets ``[k]`` and classes of equal prior probability."""
        from scipy.linalg import cho_factor, cho_solve

        classes, codes = np.unique(y, return_inverse=True)
        hit = np.eye(len(classes))[codes] * self._weight[train][:, None]
        sizes = hit.sum(axis=0)
        means = (hit.T @ self._rows[train]) / sizes[:, None]
        shares = sizes / sizes.sum()
        total = (self._all - self._moments[place]) / sizes.sum()
        centre = shares @ means
        variance = np.diag(total) - centre**2
        varies = np.flatnonzero(variance > CONSTANT)
        scale = 1.0 / np.sqrt(variance[varies])
        means = means[:, varies] * scale
        within = total[np.ix_(varies, varies)] * scale * scale[:, None]
        within -= (means.T * shares) @ means
        coef = np.zeros((len(variance), len(classes)))
        if not len(varies):
            return coef, coef.sum(axis=0), classes
        # Shrunk, it is positive definite: half the work of a solver for any matrix.
        factor = cho_factor(shrunk(within, len(train)), overwrite_a=True, check_finite=False)
        solved = cho_solve(factor, means.T)
        coef[varies] = solved * scale[:, None]
        return coef, -0.5 * (means.T * solved).sum(axis=0), classes


def shrunk(covariance: Doubles, n: int) -> Doubles:
    """Shrink a covariance towards a multiple of the identity: OAS (Chen et al. 2010).

    The amount follows from two traces and n, as in ``sklearn.covariance.OAS``; nothing is tuned.

    Parameters
    ----------
    covariance : ndarray, shape (dim, dim)
    n : int
        Rows that it was taken of.
    """
    dim = len(covariance)
    mean = np.trace(covariance) / dim
    if mean <= 0:
        # Inside classes nothing varies: the nearest mean decides.
        return np.eye(dim)
    square = float((covariance**2).mean())
    # As scikit-learn has it: what Chen et al. call (1 - 2/p) is left out there and here.
    top, bottom = square + mean**2, (n + 1.0) * (square - mean**2 / dim)
    share = 1.0 if bottom <= 0 else min(1.0, top / bottom)
    out: Doubles = (1.0 - share) * covariance
    out.flat[:: dim + 1] += share * mean
    return out
