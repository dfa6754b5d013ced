"""A fold that reads features in a unit of its own, with weights of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cefrbench.contracts.probe import FoldRows
from cefrbench.engines.linear.arrays import Array, Arrays, Doubles
from cefrbench.engines.linear.design import Design, few_rows, spanning, weighted_gram
from cefrbench.engines.standardise import in_unit, standardise


class OwnPart:
    """One fold, alone; see :class:`cefrbench.engines.linear.design.FoldPart`.

    Features are moved to the training rows' weighted mean as they are read, so that no product
    needs a correction for it.

    Parameters
    ----------
    X : ndarray, shape (n, dim)
        One layer's features.
    fold : FoldRows
    weight : ndarray of float64, shape (len(fold.train),), optional
        None means all 1.
    arrays : Arrays
    """

    def __init__(
        self, X: NDArray[np.floating], fold: FoldRows, weight: Doubles | None, arrays: Arrays
    ) -> None:
        if weight is None:
            weight = np.ones(len(fold.train))
        kept = weight > 0
        self.rows = fold.train[kept]
        self._arrays = arrays
        mean, scale = X.mean(axis=0, dtype=np.float64), np.ones(X.shape[1])
        if fold.count is not None:
            mean, scale = standardise(X, fold.train, fold.count)
        features = in_unit(X, np.concatenate([self.rows, fold.predict]), mean, scale)
        n = len(self.rows)
        self._mean = weight[kept] @ features[:n] / weight[kept].sum()
        features -= self._mean
        self._train, self._predict = arrays.put(features[:n]), arrays.put(features[n:])
        self._weight = arrays.put(weight[kept][:, None])
        self._one_scale = fold.count is not None
        if fold.count is None:
            self._mean = self._mean + mean

    @property
    def is_dual(self) -> bool:
        """See :func:`few_rows`."""
        n, dim = self._train.shape
        return few_rows(n, dim, self._arrays)

    def centred(self) -> Design:
        """Features, or coordinates from inner products."""
        spanned = spanning(self.kernel()) if self.is_dual else None
        return spanned or self._features()

    def _features(self) -> Design:
        return Design(
            train=self._train,
            predict=self._predict,
            weight=self._weight,
            gram=lambda: weighted_gram(self._train, self._weight, self._arrays),
            coefficients=self._arrays.get,
            mean=self._mean,
            one_scale=self._one_scale,
        )

    def kernel(self) -> Design:
        """Inner products with the training rows."""
        train = self._train
        kernel = self._arrays.gram(train.T)
        return Design(
            train=kernel,
            predict=self._predict @ train.T,
            weight=self._weight,
            gram=lambda: weighted_gram(kernel, self._weight, self._arrays),
            coefficients=lambda of_rows: self._arrays.get(train.T @ of_rows),
            mean=self._mean,
            inner=True,
        )

    def principal(self) -> Design:
        """Along the principal axes of the weighted training rows."""
        arrays = self._arrays
        axes = self._axes()
        train = self._train @ axes
        return Design(
            train=train,
            predict=self._predict @ axes,
            weight=self._weight,
            gram=lambda: weighted_gram(train, self._weight, arrays),
            coefficients=lambda turned: arrays.get(axes @ turned),
            mean=self._mean,
        )

    def _axes(self) -> Array:
        """Axes ``[dim, rank]``, the widest first."""
        arrays, (n, dim) = self._arrays, self._train.shape
        if dim <= n:
            _, axes = arrays.eigh(weighted_gram(self._train, self._weight, arrays))
            return axes
        weighted = self._train * arrays.xp.sqrt(self._weight)
        variances, scores = arrays.eigh(arrays.gram(weighted.T))
        kept = variances > n * np.finfo(np.float64).eps * variances[0]
        return (weighted.T @ scores[:, kept]) / arrays.xp.sqrt(variances[kept])
