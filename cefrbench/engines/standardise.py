"""The unit of a feature: mean and spread over a fold's training rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.mapped import gather

Doubles = NDArray[np.float64]

#: A spread this small beside the mean is what rounding leaves of a constant in float64.
NOISE = 1e-12

#: Values of a block of rows: what is done to them is done in a core's cache.
BLOCK = 1 << 16


def standardise(
    X: NDArray[np.floating[Any]], train: NDArray[np.intp], count: Doubles
) -> tuple[Doubles, Doubles]:
    """Mean of each column over counted rows, and what to multiply by for a deviation of 1.

    The standardised features are ``(X - mean) * scale`` in float64. Both passes are in float64:
    the spread is that of the deviations, not a difference of two large sums.

    A column is constant where its largest value is its least over rows that count, or where its
    deviation is below ``NOISE`` times its largest absolute value; its scale is 0, so that it
    becomes 0 in every row, the rows to predict too (but for the sign of a zero).

    Parameters
    ----------
    X : ndarray, shape (n, dim)
    train : ndarray of int, shape (n_train,)
        Rows of ``X``.
    count : ndarray of float64, shape (n_train,)
        How often each training row counts; not negative, not all zero.

    Returns
    -------
    mean, scale : ndarray of float64, shape (dim,)

    Raises
    ------
    ValueError
        Counts of another shape, negative or not finite, or none above zero.
    """
    count = np.asarray(count, dtype=np.float64)
    if count.shape != train.shape:
        raise ValueError(f"count has shape {count.shape}, expected {train.shape}.")
    if not np.isfinite(count).all() or not (count >= 0).all() or not count.any():
        raise ValueError("count must be finite, not negative, and not all zero.")
    rows, share = train[count > 0], count[count > 0] / count.sum()
    low, high = np.full(X.shape[1], np.inf), np.full(X.shape[1], -np.inf)
    mean, variance = np.zeros(X.shape[1]), np.zeros(X.shape[1])
    for part in _blocks(len(rows), X.shape[1]):
        block = gather(X, rows[part])
        np.minimum(low, block.min(axis=0), out=low)
        np.maximum(high, block.max(axis=0), out=high)
        mean += share[part] @ block.astype(np.float64)
    for part in _blocks(len(rows), X.shape[1]):
        deviations = gather(X, rows[part]) - mean
        variance += share[part] @ np.square(deviations, out=deviations)
    spread = np.sqrt(variance)
    constant = (low == high) | (spread <= NOISE * np.maximum(np.abs(low), np.abs(high)))
    scale = np.zeros_like(spread)
    np.divide(1.0, spread, out=scale, where=~constant)
    return mean, scale


def in_unit(
    X: NDArray[np.floating[Any]],
    rows: NDArray[np.intp],
    mean: Doubles,
    scale: Doubles,
    dtype: Any = np.float64,
) -> NDArray[Any]:
    """``(X[rows] - mean) * scale``, computed in float64: ndarray of ``dtype`` ``[rows, dim]``."""
    units = np.empty((len(rows), X.shape[1]), dtype)
    for part in _blocks(len(rows), X.shape[1]):
        deviations = gather(X, rows[part]) - mean
        units[part] = np.multiply(deviations, scale, out=deviations)
    return units


def _blocks(n: int, dim: int) -> Iterator[slice]:
    size = max(1, BLOCK // max(1, dim))
    return (slice(start, start + size) for start in range(0, n, size))


def standardised(
    X: NDArray[Any], train: NDArray[np.intp], count: Doubles, rows: NDArray[np.intp]
) -> NDArray[Any]:
    """Some rows of ``X`` in the unit of the training rows, in the precision of ``X``."""
    return in_unit(X, rows, *standardise(X, train, count), dtype=X.dtype)
