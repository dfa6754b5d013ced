"""What each score is: a function of sums over texts, so that a resample costs one matrix product.

These are the only definitions. A score is two things: columns, one row a text, and a function of
the columns' sums; :mod:`cefrbench.statistics.scores` takes the sums from confusion matrices. QWK,
for one, needs no matrix: ``Σ w·observed = Σ (g - p)²`` and, with both marginals written out,
``Σ w·expected = Σ g² + Σ p² - 2 Σ g Σ p / n``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cefrbench.errors import unknown_name

Floats = NDArray[np.float64]
Link = Literal["fisher", "logit", "log", "log1m", "identity"]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What a probe's predictions came to, text by text; all arrays are of shape ``(n,)``.

    Attributes
    ----------
    gold, predicted : ndarray of int64
        Classes, as they are counted in a confusion matrix.
    error : ndarray of float64
        Of the unrounded prediction, signed, from the nearer end of the gold interval.
    middle : ndarray of float64
        Middle of the gold interval.
    n_classes : int
    """

    gold: NDArray[np.int64]
    predicted: NDArray[np.int64]
    error: Floats
    middle: Floats
    n_classes: int


def round_to_class(predictions: Floats, n_classes: int) -> NDArray[np.int64]:
    """Nearest class of each unrounded prediction, inside the scale."""
    return np.rint(np.clip(predictions, 0, n_classes - 1)).astype(np.int64)


def outcomes(
    prediction: Floats,
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    n_classes: int,
    *,
    clip: bool = True,
) -> Outcomes:
    """Score predictions against gold intervals ``[low, high]`` (equal where one level is right).

    A prediction inside the interval is right; outside, it is scored against the nearer end. The
    spread that R² compares with is that of the intervals' middles, which no prediction moves.

    Parameters
    ----------
    prediction : ndarray of float64, shape (n,)
        Unrounded, unclipped.
    low, high : ndarray of int64, shape (n,)
    n_classes : int
    clip : bool
        Whether errors are of predictions clipped to the scale; classes always are.
    """
    value = np.clip(prediction, 0, n_classes - 1) if clip else prediction
    predicted = round_to_class(prediction, n_classes)
    return Outcomes(
        gold=np.clip(predicted, low, high),
        predicted=predicted,
        error=value - np.clip(value, low, high),
        middle=(low + high) / 2.0,
        n_classes=n_classes,
    )


def cell_outcomes(n_classes: int) -> Outcomes:
    """One outcome a cell of the confusion matrix, row by row.

    The unrounded prediction is not known there, so ``error`` is that of the rounded one.
    """
    gold, predicted = np.divmod(np.arange(n_classes**2, dtype=np.int64), n_classes)
    return Outcomes(gold, predicted, (predicted - gold).astype(np.float64), gold * 1.0, n_classes)


@dataclass(frozen=True, slots=True)
class Statistic:
    """One score.

    Attributes
    ----------
    name : str
        As in :class:`cefrbench.statistics.scores.Scores`.
    columns : callable
        Outcomes of ``n`` texts to an array ``[n, k]``; the first column is 1.
    value : callable
        Sums of those columns ``[..., k]`` to scores ``[...]``; NaN where undefined.
    link : str
        Scale on which its sampling distribution is nearly normal.
    bounds : (float, float)
        Lowest and highest possible value.
    from_cells : bool
        Whether the confusion matrix determines it.
    proportion : bool
        Whether it is a share of texts.
    """

    name: str
    columns: Callable[[Outcomes], Floats]
    value: Callable[[Floats], Floats]
    link: Link
    bounds: tuple[float, float]
    from_cells: bool = True
    proportion: bool = False


def _columns(*columns: NDArray[np.float64] | NDArray[np.int64] | NDArray[np.bool_]) -> Floats:
    return np.stack([np.ones(len(columns[0])), *columns], axis=1).astype(np.float64)


def _ratio(above: Floats, below: Floats, defined: NDArray[np.bool_]) -> Floats:
    """``above / below`` where defined, else NaN."""
    full = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    ratio: Floats = np.divide(above, below, out=full, where=defined)
    return ratio


def _qwk_columns(o: Outcomes) -> Floats:
    g, p = o.gold, o.predicted
    return _columns(g, g * g, p, p * p, (g - p) ** 2)


def _qwk(sums: Floats) -> Floats:
    n, g, gg, p, pp, apart = np.moveaxis(sums, -1, 0)
    # n Σg² - (Σg)² is a whole number: 0 with one gold level, where kappa says nothing.
    defined = n * gg - g * g > 0.5
    # Both times n: whole numbers below 2⁵³, which are exact whatever the order of the texts.
    return 1.0 - _ratio(n * apart, n * (gg + pp) - 2 * g * p, defined)


def _f1_columns(o: Outcomes) -> Floats:
    classes = np.arange(o.n_classes)
    gold, predicted = o.gold[:, None] == classes, o.predicted[:, None] == classes
    hits, seen = (gold & predicted), gold.astype(np.int64) + predicted
    return np.concatenate([np.ones((len(gold), 1)), hits, seen], axis=1).astype(np.float64)


def _macro_f1(sums: Floats) -> Floats:
    """Mean F1 over the classes that occur in gold or predictions (scikit-learn's ``macro``)."""
    hits, seen = np.split(sums[..., 1:], 2, axis=-1)
    occurs = seen > 0
    f1 = np.divide(2 * hits, seen, out=np.zeros_like(hits), where=occurs)
    count = occurs.sum(-1).astype(np.float64)
    return _ratio(f1.sum(-1), count, count > 0)


def _r2(sums: Floats) -> Floats:
    n, squared, gold, gold_squared = np.moveaxis(sums, -1, 0)
    spread = gold_squared - _ratio(gold**2, n, n > 0)
    return 1.0 - _ratio(squared, spread, spread > 1e-9 * n)


def _mean(sums: Floats) -> Floats:
    n, total = np.moveaxis(sums, -1, 0)
    return _ratio(total, n, n > 0)


_SHARE = (0.0, 1.0)
_ALL = (
    Statistic("qwk", _qwk_columns, _qwk, "fisher", (-1.0, 1.0)),
    Statistic("macro_f1", _f1_columns, _macro_f1, "logit", _SHARE),
    Statistic(
        "mae",
        lambda o: _columns(np.abs(o.error)),
        _mean,
        "log",
        (0.0, np.inf),
        from_cells=False,
    ),
    Statistic(
        "r2",
        lambda o: _columns(o.error**2, o.middle, o.middle**2),
        _r2,
        "log1m",
        (-np.inf, 1.0),
        from_cells=False,
    ),
    Statistic(
        "accuracy",
        lambda o: _columns(o.gold == o.predicted),
        _mean,
        "identity",
        _SHARE,
        proportion=True,
    ),
    Statistic(
        "adjacent",
        lambda o: _columns(np.abs(o.gold - o.predicted) <= 1),
        _mean,
        "identity",
        _SHARE,
        proportion=True,
    ),
)
STATISTICS = {statistic.name: statistic for statistic in _ALL}


def get_statistic(name: str) -> Statistic:
    """Find a score by name.

    Raises
    ------
    UserError
        With the nearest names.
    """
    if name not in STATISTICS:
        raise unknown_name("score", name, STATISTICS)
    return STATISTICS[name]
