"""Scores from the confusion matrix and four sums: everything reported follows from these.

The confusion matrix counts gold classes in rows and predicted classes in columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from cefrbench.cards import Card


class Sums(Card):
    """Sums over scored texts, from which the unrounded MAE and R² follow exactly."""

    absolute: float = Field(description="Σ |error| of the unrounded predictions.")
    squared: float = Field(description="Σ error² of the unrounded predictions.")
    gold: float = Field(description="Σ gold class (the middle, where two levels are right).")
    gold_squared: float = Field(description="Σ gold class².")


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
    observed = np.asarray(confusion, dtype=np.float64)
    rows, columns = observed.sum(1), observed.sum(0)
    if np.count_nonzero(rows) < 2:
        return None
    classes = np.arange(len(observed))
    weights = (classes[:, None] - classes[None, :]) ** 2
    expected = np.outer(rows, columns) / observed.sum()
    return float(1.0 - (weights * observed).sum() / (weights * expected).sum())


def macro_f1(confusion: ArrayLike) -> float | None:
    """Mean F1 over the classes that occur in gold or predictions (scikit-learn's ``macro``)."""
    counts = np.asarray(confusion, dtype=np.float64)
    total = counts.sum(0) + counts.sum(1)
    seen = total > 0
    if not seen.any():
        return None
    return float(np.mean(2 * np.diag(counts)[seen] / total[seen]))


def scores(confusion: ArrayLike, sums: Sums) -> Scores:
    """All scores of one unit."""
    counts = np.asarray(confusion, dtype=np.int64)
    n = int(counts.sum())
    if n == 0:
        return Scores(qwk=None, macro_f1=None, mae=None, r2=None, accuracy=None, adjacent=None)
    classes = np.arange(len(counts))
    off = np.abs(classes[:, None] - classes[None, :])
    spread = sums.gold_squared - sums.gold**2 / n
    return Scores(
        qwk=qwk(counts),
        macro_f1=macro_f1(counts),
        mae=sums.absolute / n,
        r2=1.0 - sums.squared / spread if spread > 1e-9 * n else None,
        accuracy=float(np.trace(counts) / n),
        adjacent=float(counts[off <= 1].sum() / n),
    )


def all_scores(confusions: Sequence[ArrayLike], sums: Sequence[Sums]) -> list[Scores]:
    """Score many units of one scale at once: what :func:`scores` gives, some ten times faster.

    Parameters
    ----------
    confusions : sequence of array_like of int, each of shape (C, C)
    sums : sequence of Sums
    """
    if not confusions:
        return []
    counts = np.asarray(confusions, dtype=np.float64)
    absolute, squared, gold, gold_squared = np.array(
        [(s.absolute, s.squared, s.gold, s.gold_squared) for s in sums]
    ).T
    rows, columns, n = counts.sum(2), counts.sum(1), counts.sum((1, 2))
    hits = np.diagonal(counts, axis1=1, axis2=2)
    classes = np.arange(counts.shape[1])
    off = np.abs(classes[:, None] - classes[None, :])
    seen = rows + columns > 0
    # What is undefined divides by zero here and is left out below.
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.einsum("ng,gp,np->n", rows, off**2, columns) / n
        f1 = np.where(seen, 2 * hits / (rows + columns), 0.0)
        spread = gold_squared - gold**2 / n
        values = {
            "qwk": 1.0 - (off**2 * counts).sum((1, 2)) / expected,
            "macro_f1": f1.sum(1) / seen.sum(1),
            "mae": absolute / n,
            "r2": 1.0 - squared / spread,
            "accuracy": hits.sum(1) / n,
            "adjacent": (counts * (off <= 1)).sum((1, 2)) / n,
        }
    some = n > 0
    defined = dict.fromkeys(values, some)
    defined["qwk"] = (rows > 0).sum(1) >= 2
    defined["r2"] = some & (spread > 1e-9 * n)
    lists = {name: np.where(defined[name], found, 0.0).tolist() for name, found in values.items()}
    known = {name: found.tolist() for name, found in defined.items()}
    return [
        Scores(**{name: lists[name][u] if known[name][u] else None for name in DIRECTIONS})
        for u in range(len(counts))
    ]


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
        return float(np.mean(values)) if values else None

    return Scores(**{name: mean(name) for name in DIRECTIONS})
