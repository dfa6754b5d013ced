"""Checks on what a probe is given, shared by all built-in probes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets

from cefrbench.contracts.probe import FoldRows
from cefrbench.errors import ProbeError
from cefrbench.mapped import stretches


def check_finite(X: NDArray[Any]) -> None:
    """Raise :class:`~cefrbench.errors.ProbeError` when a feature is NaN or infinite."""
    for part in stretches(X):
        rows = X[part]
        # The sum is finite unless a value is not (or many are huge): one pass, no copy.
        if np.isfinite(rows.sum(dtype=np.float64)) or np.isfinite(rows).all():
            continue
        row = part.start + int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise ProbeError(
            f"The features hold a value that is not finite (first in row {row}): expected finite "
            "numbers, so compute them again with another --dtype or leave this layer out."
        )


def number_classes(y: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Number the classes that training rows hold without gaps.

    Returns
    -------
    numbers : ndarray of int, shape (n,)
    classes : ndarray
        What the numbers stand for, in order.

    Raises
    ------
    ValueError
        Targets that are no classes, or fewer than two classes.
    """
    check_classification_targets(y)
    classes, numbers = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"A classifier needs at least two classes; these rows hold {len(classes)} class."
        )
    return numbers, classes


def check_weight(sample_weight: Any, n: int) -> NDArray[np.float64] | None:
    """Turn sample weights into float64 ``[n]``, or None when all are 1.

    Raises
    ------
    ValueError
        Wrong shape, a negative or non-finite weight, or nothing but zeros.
    """
    if sample_weight is None:
        return None
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.ndim == 0:
        weight = np.full(n, float(weight))
    if weight.shape != (n,):
        raise ValueError(f"sample_weight has shape {weight.shape}, expected ({n},).")
    if not np.isfinite(weight).all() or weight.min() < 0 or not weight.any():
        raise ValueError("sample_weight must be finite, not negative, and not all zero.")
    return None if (weight == 1).all() else weight


def training_weight(
    fold: FoldRows, sample_weight: NDArray[np.float64] | None
) -> NDArray[np.float64] | None:
    """Weight of each training row of a fold: its own, or that of all rows; None when none is given.

    Raises
    ------
    ValueError
        A fold's own weights of another shape, negative or not finite.
    """
    if fold.weight is None:
        return None if sample_weight is None else sample_weight[fold.train]
    weight = np.asarray(fold.weight, dtype=np.float64)
    if weight.shape != fold.train.shape:
        raise ValueError(f"weight has shape {weight.shape}, expected {fold.train.shape}.")
    if not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("weight must be finite and not negative.")
    return weight
