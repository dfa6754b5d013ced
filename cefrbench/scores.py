"""Scores from the confusion matrix and four sums: everything reported follows from these.

The confusion matrix counts gold classes in rows and predicted classes in columns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from cefrbench.contracts.cards import Card


class Sums(Card):
    """Sums over scored texts, from which the unrounded MAE and R² follow exactly."""

    absolute: float = Field(description="Σ |error| of the unrounded predictions.")
    squared: float = Field(description="Σ error² of the unrounded predictions.")
    gold: float = Field(description="Σ gold class (the middle, where two levels are right).")
    gold_squared: float = Field(description="Σ gold class².")

    @property
    def numbers(self) -> tuple[float, float, float, float]:
        """The four of them, in order."""
        return self.absolute, self.squared, self.gold, self.gold_squared


class Scores(Card):
    """The scores of one unit; null where a score is undefined."""

    qwk: float | None = Field(description="Quadratic weighted kappa; null with one gold level.")
    macro_f1: float | None = Field(description="Mean F1 of the classes seen or predicted.")
    mae: float | None = Field(description="Mean absolute error, unrounded, in levels.")
    r2: float | None = Field(description="Coefficient of determination, unrounded.")
    accuracy: float | None = Field(description="Share of texts at the right level.")
    adjacent: float | None = Field(description="Share of texts at most one level off.")


#: Score names in the order of tables, with whether more is better.
DIRECTIONS = {
    "qwk": True,
    "macro_f1": True,
    "mae": False,
    "r2": True,
    "accuracy": True,
    "adjacent": True,
}


def qwk(confusion: ArrayLike) -> float | None:
    """Quadratic weighted kappa (Cohen 1968) of a confusion matrix ``[gold, predicted]``.

    ``1 - Σ w·observed / Σ w·expected`` with ``w = (i - j)²``. With one gold level only it is
    always 0 or 0/0, so it says nothing: the value is None.
    """
    return qwks([confusion])[0]


def scores(confusion: ArrayLike, sums: Sums) -> Scores:
    """All scores of one unit."""
    return all_scores([confusion], [sums])[0]


def qwks(confusions: Sequence[ArrayLike] | NDArray[np.int64]) -> list[float | None]:
    """:func:`qwk` of many confusion matrices of one scale, each of shape ``(C, C)``."""
    return _or_none(*_qwk(_stack(confusions))) if len(confusions) else []


def all_scores(
    confusions: Sequence[ArrayLike] | NDArray[np.int64], sums: Sequence[Sums]
) -> list[Scores]:
    """All scores of many units of one scale, at once.

    Parameters
    ----------
    confusions : sequence of array_like of int, each of shape (C, C)
    sums : sequence of Sums
    """
    if not len(confusions):
        return []
    counts = _stack(confusions)
    n = counts.sum((1, 2))
    some = n > 0
    classes = np.arange(counts.shape[1])
    near = np.abs(classes[:, None] - classes[None, :]) <= 1
    absolute, squared, gold, gold_squared = np.array([one.numbers for one in sums]).T
    # What is undefined divides by zero here and is left out below.
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = gold_squared - gold**2 / n
        found = {
            "qwk": _qwk(counts),
            "macro_f1": _macro_f1(counts),
            "mae": (absolute / n, some),
            "r2": (1.0 - squared / spread, some & (spread > 1e-9 * n)),
            "accuracy": (np.trace(counts, axis1=1, axis2=2) / n, some),
            "adjacent": ((counts * near).sum((1, 2)) / n, some),
        }
    columns = [_or_none(*found[name]) for name in DIRECTIONS]
    return [Scores(**dict(zip(DIRECTIONS, row, strict=True))) for row in zip(*columns, strict=True)]


#: Floats, and where they are defined.
_Found = tuple[NDArray[np.float64], NDArray[np.bool_]]


def _stack(confusions: Sequence[ArrayLike] | NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(confusions, dtype=np.float64)


def _qwk(counts: NDArray[np.float64]) -> _Found:
    rows, columns = counts.sum(2), counts.sum(1)
    classes = np.arange(counts.shape[1])
    weights = (classes[:, None] - classes[None, :]) ** 2
    # Whole numbers below 2⁵³: these sums are exact, whatever their order.
    observed = (weights * counts).sum((1, 2)) * rows.sum(1)
    expected = (weights * rows[:, :, None] * columns[:, None, :]).sum((1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1.0 - observed / expected, np.count_nonzero(rows, axis=1) >= 2


def _macro_f1(counts: NDArray[np.float64]) -> _Found:
    """Mean F1 over the classes that occur in gold or predictions (scikit-learn's ``macro``)."""
    total = counts.sum(1) + counts.sum(2)
    seen = total > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        f1 = np.where(seen, 2 * np.diagonal(counts, axis1=1, axis2=2) / total, 0.0)
        return f1.sum(1) / seen.sum(1), seen.any(1)


def _or_none(values: NDArray[np.float64], defined: NDArray[np.bool_]) -> list[float | None]:
    pairs = zip(values.tolist(), defined.tolist(), strict=True)
    return [value if known else None for value, known in pairs]


@dataclass(frozen=True, slots=True)
class Tally:
    """What one set of predictions comes to: confusion matrix and sums."""

    confusion: NDArray[np.int64]
    sums: Sums

    @property
    def n(self) -> int:
        """Number of scored texts."""
        return int(self.confusion.sum())


def round_to_class(predictions: NDArray[np.float64], n_classes: int) -> NDArray[np.int64]:
    """Nearest class of each unrounded prediction, inside the scale."""
    return np.rint(np.clip(predictions, 0, n_classes - 1)).astype(np.int64)


def tally(
    predictions: NDArray[np.float64],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    n_classes: int,
) -> Tally:
    """Count predictions against gold intervals ``[low, high]`` (equal where one level is right).

    A prediction inside the interval is right; outside, it is scored against the nearer end. The
    spread that R² compares with is that of the intervals' middles, which no prediction moves.

    Parameters
    ----------
    predictions : ndarray of float64, shape (n,)
        Unrounded; clipped to the scale here.
    low, high : ndarray of int64, shape (n,)
    n_classes : int
    """
    value = np.clip(predictions, 0, n_classes - 1)
    predicted = round_to_class(predictions, n_classes)
    gold = np.clip(predicted, low, high)
    confusion = np.bincount(gold * n_classes + predicted, minlength=n_classes**2)
    error = value - np.clip(value, low, high)
    middle = (low + high) / 2.0
    return Tally(
        confusion.reshape(n_classes, n_classes).astype(np.int64),
        Sums(
            absolute=float(np.abs(error).sum()),
            squared=float((error**2).sum()),
            gold=float(middle.sum()),
            gold_squared=float((middle**2).sum()),
        ),
    )


def mean_scores(parts: Sequence[Scores]) -> Scores:
    """Mean of each score over units, over those where it is defined."""

    def mean(name: str) -> float | None:
        values = [v for v in (getattr(part, name) for part in parts) if v is not None]
        # Rounded once, so the order of the units changes no digit.
        return math.fsum(values) / len(values) if values else None

    return Scores(**{name: mean(name) for name in DIRECTIONS})
