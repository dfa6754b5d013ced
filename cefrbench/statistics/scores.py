"""Scores from the confusion matrix and four sums: everything reported follows from these.

The confusion matrix counts gold classes in rows and predicted classes in columns. What each score
is stands in :mod:`cefrbench.statistics.scoring`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from cefrbench.contracts.cards import Card
from cefrbench.statistics.scoring import SUM_STATISTICS, Floats, cell_outcomes, outcomes


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
    spearman: float | None = Field(default=None, description="Spearman, of continuous scores.")
    recut: float | None = Field(
        default=None, description="QWK, scores cut at the gold level shares."
    )
    located: float | None = Field(
        default=None, description="QWK, scores in levels moved to the gold levels' mean."
    )
    scaled: float | None = Field(
        default=None, description="QWK, scores moved and stretched to the gold mean and spread."
    )

    @classmethod
    def undefined(cls) -> Scores:
        """Make scores of which none is defined."""
        return cls(**dict.fromkeys(cls.model_fields))


#: Scores of continuous predictions: no confusion matrix says them.
CONTINUOUS = ("spearman", "recut", "located", "scaled")

#: Score names in the order of tables, with whether more is better.
DIRECTIONS = {
    "qwk": True,
    "macro_f1": True,
    "mae": False,
    "r2": True,
    "accuracy": True,
    "adjacent": True,
    "spearman": True,
    "recut": True,
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
    return (
        _or_none(SUM_STATISTICS["qwk"].value(_sums(confusions, "qwk"))) if len(confusions) else []
    )


def mean_qwk(confusions: Sequence[ArrayLike] | NDArray[np.int64]) -> float | None:
    """Mean of :func:`qwk` over matrices for which it is defined; None where it is for none."""
    return mean_defined(qwks(confusions))


def mean_defined(values: Sequence[float | None]) -> float | None:
    """Mean over the values that are defined; None where none is."""
    defined = [value for value in values if value is not None]
    return math.fsum(defined) / len(defined) if defined else None


def all_scores(
    confusions: Sequence[ArrayLike] | NDArray[np.int64], sums: Sequence[Sums]
) -> list[Scores]:
    """All scores of many units of one scale, at once.

    Parameters
    ----------
    confusions : sequence of array_like of int, each of shape (C, C)
    sums : sequence of Sums
    """
    return [named_scores(row) for row in score_rows(confusions, sums)]


def named_scores(row: Sequence[float | None]) -> Scores:
    """Scores of what :func:`score_rows` gives of a unit."""
    return Scores(**dict(zip(SUM_STATISTICS, row, strict=True)))


def score_rows(
    confusions: Sequence[ArrayLike] | NDArray[np.int64], sums: Sequence[Sums]
) -> list[tuple[float | None, ...]]:
    """The same as plain numbers, in the order of :data:`SUM_STATISTICS`."""
    if not len(confusions):
        return []
    n = np.asarray(confusions, dtype=np.float64).sum((1, 2))
    absolute, squared, gold, gold_squared = np.array([one.numbers for one in sums]).T
    unrounded = {
        "mae": np.stack([n, absolute], axis=1),
        "r2": np.stack([n, squared, gold, gold_squared], axis=1),
    }
    columns = [
        _or_none(
            SUM_STATISTICS[name].value(
                unrounded[name] if name in unrounded else _sums(confusions, name)
            )
        )
        for name in SUM_STATISTICS
    ]
    return list(zip(*columns, strict=True))


def _sums(confusions: Sequence[ArrayLike] | NDArray[np.int64], score: str) -> Floats:
    """Sums of a score's columns over the texts of each matrix; exact, for they are whole."""
    counts = np.asarray(confusions, dtype=np.float64)
    cells = SUM_STATISTICS[score].columns(cell_outcomes(counts.shape[1]))
    sums: Floats = counts.reshape(len(counts), -1) @ cells
    return sums


def _or_none(values: Floats) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


@dataclass(frozen=True, slots=True)
class Tally:
    """What one set of predictions comes to: confusion matrix and sums."""

    confusion: NDArray[np.int64]
    sums: Sums

    @property
    def n(self) -> int:
        """Number of scored texts."""
        return int(self.confusion.sum())


def tally(
    predictions: NDArray[np.float64],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    n_classes: int,
    *,
    clip: bool = True,
) -> Tally:
    """Count predictions against gold intervals, by the rules of :func:`~.scoring.outcomes`."""
    seen = outcomes(predictions, low, high, n_classes, clip=clip)
    confusion = np.bincount(seen.gold * n_classes + seen.predicted, minlength=n_classes**2)
    return Tally(
        confusion.reshape(n_classes, n_classes).astype(np.int64),
        Sums(
            absolute=float(np.abs(seen.error).sum()),
            squared=float((seen.error**2).sum()),
            gold=float(seen.middle.sum()),
            gold_squared=float((seen.middle**2).sum()),
        ),
    )


def tallies(
    predictions: NDArray[np.float64],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    n_classes: int,
    *,
    ends: Sequence[int],
    clip: NDArray[np.bool_],
) -> list[Tally]:
    """:func:`tally` of many sets of predictions that stand one after the other, at once.

    Parameters
    ----------
    predictions : ndarray of float64, shape (n,)
    low, high : ndarray of int64, shape (n,)
    n_classes : int
    ends : sequence of int
        One past the last row of each set.
    clip : ndarray of bool, shape (n,)
    """
    inside = np.where(clip, np.clip(predictions, 0, n_classes - 1), predictions)
    seen = outcomes(inside, low, high, n_classes, clip=False)
    sizes = np.diff([0, *ends])
    cells = np.repeat(np.arange(len(ends)), sizes) * n_classes**2
    cells += seen.gold * n_classes + seen.predicted
    counts = np.bincount(cells, minlength=len(ends) * n_classes**2).astype(np.int64)
    columns = np.abs(seen.error), seen.error**2, seen.middle, seen.middle**2
    return [
        Tally(
            confusion,
            Sums(
                **{
                    name: float(column[end - size : end].sum())
                    for name, column in zip(Sums.model_fields, columns, strict=True)
                }
            ),
        )
        for confusion, size, end in zip(
            counts.reshape(-1, n_classes, n_classes), sizes.tolist(), ends, strict=True
        )
    ]


_VALUES = attrgetter(*Scores.model_fields)


def mean_scores(parts: Sequence[Scores]) -> Scores:
    """Mean of each score over units, over those where it is defined."""
    columns = zip(*map(_VALUES, parts), strict=True) if parts else [()] * len(Scores.model_fields)
    # Each sum is rounded once, so the order of the units changes no digit.
    return Scores(**dict(zip(Scores.model_fields, map(mean_defined, columns), strict=True)))
