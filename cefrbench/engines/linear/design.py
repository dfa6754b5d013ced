"""What the folds of one layer share, and the coordinates in which a fold is solved.

The linear probes penalise ``‖w‖²`` and leave the intercept alone. Two changes of coordinates are
then exact: moving the features' mean into the intercept, and turning to another orthonormal basis
of the rows' span, outside which ``w`` is zero. All rows of a layer may have a part in choosing the
coordinates, those to predict too: the minimum is the same point in any.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cefrbench.engines.linear.arrays import Array, Arrays, DeviceArrays, Doubles
from cefrbench.engines.linear.blocks import RowIndices, StreamedRows
from cefrbench.engines.linear.operand import HeldRows, Operand


@dataclass(slots=True)
class Design:
    """One fold in the coordinates in which it is solved.

    Attributes
    ----------
    train : Array or StreamedRows, shape (n_train, rank)
        Features of the training rows.
    predict : Array, shape (n_predict, rank)
        Features of the rows to predict, moved and turned alike.
    weight : Array, shape (n_train, 1)
        Weight of each training row, all positive.
    gram : callable
        Gives ``trainᵀ diag(weight) train [rank, rank]``.
    coefficients : callable
        Turns ``[rank, k]`` coefficients back into the features' own coordinates, ``[dim, k]``.
    mean : ndarray, shape (dim,)
        What was taken off each row, in the features' own coordinates.
    inner : bool
        Whether ``train`` and ``predict`` hold inner products with the training rows, so that
        ``‖w‖²`` is not the sum of the coefficients' squares but ``aᵀ train a``.
    one_scale : bool
        Whether all columns have about one spread, so that rounding to single precision in one of
        them is little beside any other.
    """

    train: Array
    predict: Array
    weight: Array
    gram: Callable[[], Array]
    coefficients: Callable[[Array], Doubles]
    mean: Doubles
    inner: bool = False
    one_scale: bool = False

    def operand(self, arrays: Arrays, *, intercept: bool = False) -> Operand:
        """The training rows as an objective uses them, each after a 1 if it has an intercept."""
        if isinstance(self.train, StreamedRows):
            return self.train.with_intercept() if intercept else self.train
        if not intercept:
            rounded = arrays.single(self.train) if self.one_scale else self.train
            return HeldRows(self.train, rounded, arrays)
        n, rank = self.train.shape
        rows = arrays.zeros(n, 1 + rank)
        rows[:, 0] = 1.0
        rows[:, 1:] = self.train
        return HeldRows(rows, arrays.single(rows), arrays)

    def pull(self, right: Array) -> Array:
        """``trainᵀ right``."""
        return (
            self.train.pull(right) if isinstance(self.train, StreamedRows) else self.train.T @ right
        )


class FoldPart(Protocol):
    """One fold before its coordinates are chosen.

    Attributes
    ----------
    rows : ndarray of int
        Training rows of positive weight, in the order of the designs.
    is_dual : bool
        Whether there are so few rows that their inner products are less work than features.
    """

    @property
    def rows(self) -> RowIndices: ...  # noqa: D102 - above

    @property
    def is_dual(self) -> bool: ...  # noqa: D102 - above

    def centred(self) -> Design:
        """Coordinates in which the training rows' weighted mean is zero.

        As many as there are features, or training rows if those are fewer.
        """

    def principal(self) -> Design:
        """Coordinates along principal axes, the widest first."""

    def kernel(self) -> Design:
        """Inner products with the centred training rows; coefficients are then one for each."""


def fold_bytes(rows: int, dim: int) -> int:
    """Roughly the memory that one fold takes while it is solved."""
    rank = min(rows, dim)
    return 8 * (3 * rows * rank + 2 * rank * rank)


def few_rows(rows: int, dim: int, arrays: Arrays) -> bool:
    """Whether a fold has so few rows that their inner products are less work than features."""
    # An accelerator multiplies faster than it factorises: it stays with the features.
    return 4 * rows < 3 * dim and not isinstance(arrays, DeviceArrays)


def weighted_gram(train: Array, weight: Array, arrays: Arrays) -> Array:
    """``trainᵀ diag(weight) train``."""
    return arrays.gram(train * arrays.xp.sqrt(weight))


class Layer:
    """One layer's features, with the products that its folds share.

    Parameters
    ----------
    X : ndarray, shape (n, dim)
    weight : ndarray of float64, shape (n,), optional
        Weight of each row; none means all 1.
    arrays : Arrays
        Where to compute.
    """

    def __init__(self, X: NDArray[np.floating], weight: Doubles | None, arrays: Arrays) -> None:
        self.arrays = arrays
        self.centre: Doubles = X.mean(axis=0, dtype=np.float64)
        # Around a common centre, sums of squares of features with a large mean lose no digits.
        self.X = arrays.put(X - self.centre)
        self.weight = np.ones(len(X)) if weight is None else weight
        self.weighted = weight is not None
        self._from_whole = False

    def part(self, train: RowIndices, predict: RowIndices) -> LayerPart:
        """One fold; rows of weight zero are left out of the training rows."""
        return LayerPart(self, train[self.weight[train] > 0], predict)

    # -- centred features ----------------------------------------------------------------------

    def share_products(self, trains: Sequence[RowIndices]) -> None:
        """Compute the products that folds' designs read for these folds.

        The Gram matrix of the larger part of the rows is that of the whole without that of the
        smaller part. Over all folds that has to save more than the whole itself costs.
        """
        dual = [few_rows(len(train), self.X.shape[1], self.arrays) for train in trains]
        if any(dual):
            _ = self._kernel
        kept = [len(t) for t, is_dual in zip(trains, dual, strict=True) if not is_dual]
        self._from_whole = sum(max(0, 2 * n - len(self.X)) for n in kept) > len(self.X)
        if self._from_whole:
            _ = self._gram

    def primal(self, train: RowIndices, predict: RowIndices) -> Design:
        """Features less their weighted mean over the training rows."""
        arrays = self.arrays
        weight = arrays.put(self.weight[train][:, None])
        total = float(self.weight[train].sum())
        mean = (self.X[train] * weight).sum(axis=0) / total

        def gram() -> Array:
            inside = np.bincount(train, minlength=len(self.X))
            outside = np.flatnonzero(inside == 0)
            if self._from_whole and len(outside) < len(train) and inside.max() == 1:
                raw = self._gram - self._product(outside)
            else:
                raw = self._product(train)
            return raw - total * mean[:, None] * mean[None, :]

        return Design(
            train=self.X[train] - mean,
            predict=self.X[predict] - mean,
            weight=weight,
            gram=gram,
            coefficients=arrays.get,
            mean=self.centre + arrays.get(mean),
        )

    @cached_property
    def _gram(self) -> Array:
        return self._product(np.arange(len(self.X)))

    def _product(self, rows: RowIndices) -> Array:
        """``XᵀWX`` of some rows."""
        X = self.X[rows]
        if self.weighted:
            X = X * self.arrays.put(np.sqrt(self.weight[rows])[:, None])
        return self.arrays.gram(X)

    # -- principal axes ------------------------------------------------------------------------

    def principal(self, train: RowIndices, predict: RowIndices) -> Design:
        """Coordinates along the principal axes of all the layer's rows, the same for all folds.

        The widest axis comes first. Along them the features are uncorrelated, nearly so in a part
        of the rows too.
        """
        scores, axes = self._axes
        weight = self.arrays.put(self.weight[train][:, None])
        return Design(
            train=scores[train],
            predict=scores[predict],
            weight=weight,
            gram=lambda: weighted_gram(scores[train], weight, self.arrays),
            coefficients=lambda turned: self.arrays.get(axes() @ turned),
            mean=self.centre,
        )

    def share_axes(self) -> None:
        """Compute the axes that :meth:`principal` turns to."""
        _ = self._axes

    @cached_property
    def _axes(self) -> tuple[Array, Callable[[], Array]]:
        """Rows along the axes ``[n, rank]``; and, when called, the axes ``[dim, rank]``."""
        if self.X.shape[1] <= len(self.X):
            _, axes = self.arrays.eigh(self.arrays.gram(self.X))
            return self.X @ axes, lambda: axes
        variances, scores = self.arrays.eigh(self._kernel)
        kept = variances > len(variances) * np.finfo(np.float64).eps * variances[0]
        spread = self.arrays.xp.sqrt(variances[kept])
        scores = scores[:, kept]
        return scores * spread, lambda: (self.X.T @ scores) / spread

    # -- fewer rows than features --------------------------------------------------------------

    @cached_property
    def _kernel(self) -> Array:
        """Inner products of all rows, ``[n, n]``."""
        return self.arrays.gram(self.X.T)

    def kernel(self, train: RowIndices, predict: RowIndices) -> Design:
        """Inner products with the centred training rows; coefficients are then one for each row."""
        share = self.weight[train] / self.weight[train].sum()
        kernel = self._kernel[np.ix_(train, train)]
        across = self._kernel[np.ix_(predict, train)]
        towards = kernel @ share
        kernel += share @ towards - towards[:, None] - towards[None, :]
        across += share @ towards - (across @ share)[:, None] - towards[None, :]
        mean = share @ self.X[train]
        weight = self.weight[train][:, None]

        def coefficients(of_rows: Array) -> Doubles:
            back: Doubles = (self.X[train] - mean).T @ of_rows
            return back

        return Design(
            train=kernel,
            predict=across,
            weight=weight,
            gram=lambda: weighted_gram(kernel, weight, self.arrays),
            coefficients=coefficients,
            mean=self.centre + mean,
            inner=True,
        )


@dataclass(frozen=True, slots=True)
class LayerPart:
    """One fold of a layer that others share; see :class:`FoldPart`."""

    layer: Layer
    rows: RowIndices
    predict: RowIndices

    @property
    def is_dual(self) -> bool:
        """See :func:`few_rows`."""
        return few_rows(len(self.rows), self.layer.X.shape[1], self.layer.arrays)

    def centred(self) -> Design:
        """Features, or coordinates from inner products."""
        spanned = spanning(self.kernel()) if self.is_dual else None
        return spanned or self.layer.primal(self.rows, self.predict)

    def principal(self) -> Design:
        """Along the axes of all the layer's rows."""
        return self.layer.principal(self.rows, self.predict)

    def kernel(self) -> Design:
        """Inner products, from those of all rows."""
        return self.layer.kernel(self.rows, self.predict)


def spanning(inner: Design) -> Design | None:
    """Coordinates from a pivoted Cholesky factor of a centred kernel; None when all rows are alike.

    The last tokens' embeddings are.
    """
    from scipy.linalg import solve_triangular
    from scipy.linalg.lapack import dpstrf

    factor, pivots, rank, _ = dpstrf(inner.train, lower=1)
    if rank == 0:
        return None
    pivots = pivots - 1
    chosen = pivots[:rank]
    triangle = np.tril(factor[:rank, :rank])
    coordinates = np.zeros((len(inner.train), rank))
    coordinates[pivots] = np.tril(factor)[:, :rank]

    def coefficients(turned: Array) -> Doubles:
        of_rows = np.zeros((len(coordinates), turned.shape[1]))
        of_rows[chosen] = solve_triangular(triangle, turned, lower=True, trans=1)
        return inner.coefficients(of_rows)

    return Design(
        train=coordinates,
        predict=solve_triangular(triangle, inner.predict[:, chosen].T, lower=True).T,
        weight=inner.weight,
        gram=lambda: weighted_gram(coordinates, inner.weight, Arrays()),
        coefficients=coefficients,
        mean=inner.mean,
    )
