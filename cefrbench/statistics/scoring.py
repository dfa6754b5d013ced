"""What each score is that is a function of sums over texts: a resample costs one matrix product.

These are the only definitions; what ranks decide is in :mod:`cefrbench.statistics.continuous`.
A score is two things: columns, one row a text, and a function of the columns' sums;
:mod:`cefrbench.statistics.scores` takes the sums from confusion matrices. QWK, for one, needs no
matrix: ``Σ w·observed = Σ (g - p)²`` and, with both marginals written out,
``Σ w·expected = Σ g² + Σ p² - 2 Σ g Σ p / n``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cefrbench.statistics.resampling import TextWeights
    from cefrbench.statistics.sample import Part

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
    low, high : ndarray of int64
        Gold intervals.
    n_classes : int
    score : ndarray of float64, optional
        Continuous score, from which ranks are taken; None where the probe has none.
    """

    gold: NDArray[np.int64]
    predicted: NDArray[np.int64]
    error: Floats
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    n_classes: int
    score: Floats | None = None

    @property
    def middle(self) -> Floats:
        """Middle of each gold interval."""
        return (self.low + self.high) / 2.0

    def take(self, rows: NDArray[np.intp]) -> Outcomes:
        """Keep some rows, in the given order."""
        return replace(
            self,
            gold=self.gold[rows],
            predicted=self.predicted[rows],
            error=self.error[rows],
            low=self.low[rows],
            high=self.high[rows],
            score=None if self.score is None else self.score[rows],
        )


def round_to_class(predictions: Floats, n_classes: int) -> NDArray[np.int64]:
    """Nearest class of each unrounded prediction, inside the scale."""
    return np.rint(np.clip(predictions, 0, n_classes - 1)).astype(np.int64)


def outcomes(
    prediction: Floats,
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    n_classes: int,
    score: Floats | None = None,
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
    score : ndarray of float64, shape (n,), optional
        Continuous score, on whatever scale; kept as it is.
    clip : bool
        Whether errors are of predictions clipped to the scale; classes always are.
    """
    value = np.clip(prediction, 0, n_classes - 1) if clip else prediction
    predicted = round_to_class(prediction, n_classes)
    return Outcomes(
        gold=np.clip(predicted, low, high),
        predicted=predicted,
        error=value - np.clip(value, low, high),
        low=low,
        high=high,
        n_classes=n_classes,
        score=score,
    )


def cell_outcomes(n_classes: int) -> Outcomes:
    """One outcome a cell of the confusion matrix, row by row.

    The unrounded prediction is not known there, so ``error`` is that of the rounded one.
    """
    gold, predicted = np.divmod(np.arange(n_classes**2, dtype=np.int64), n_classes)
    error = (predicted - gold).astype(np.float64)
    return Outcomes(gold, predicted, error, gold, gold, n_classes)


@dataclass(frozen=True, kw_only=True)
class Statistic(ABC):
    """One score.

    Attributes
    ----------
    name : str
    link : str
        Scale on which its sampling distribution is nearly normal.
    bounds : (float, float)
        Lowest and highest possible value.
    proportion : bool
        Whether it is a share of texts.
    more_is_better : bool
    """

    name: str
    link: Link
    bounds: tuple[float, float]
    proportion: bool = False
    more_is_better: bool = True

    @abstractmethod
    def scores(self, outcomes: Sequence[Outcomes]) -> Floats:
        """Score of each of some outcomes of the same texts; NaN where undefined."""

    @abstractmethod
    def resampled(self, part: Part, weights: TextWeights) -> Floats:
        """Scores of a part in all replicates of its texts, shape ``(replicates, seeds)``."""

    def resampled_all(self, parts: Sequence[Part], weights: TextWeights) -> list[Floats]:
        """The same of many parts."""
        return [self.resampled(part, weights) for part in parts]

    @abstractmethod
    def losses(self, part: Part) -> Floats:
        """What the score of each seed loses without each text, shape ``(seeds, texts)``."""


@dataclass(frozen=True)
class SumStatistic(Statistic):
    """A score that is a function of sums over texts.

    Attributes
    ----------
    columns : callable
        Outcomes of ``n`` texts to an array ``[n, k]``; the first column is 1.
    value : callable
        Sums of those columns ``[..., k]`` to scores ``[...]``; NaN where undefined.
    from_cells : bool
        Whether the confusion matrix determines it.
    """

    columns: Callable[[Outcomes], Floats]
    value: Callable[[Floats], Floats]
    from_cells: bool = True

    def scores(self, outcomes: Sequence[Outcomes]) -> Floats:
        """See :meth:`Statistic.scores`."""
        columns = self.columns(_joined(outcomes))
        # Along the texts, which is the quick way to add them up.
        each = columns.T.reshape(columns.shape[1], len(outcomes), len(outcomes[0].gold))
        return self.value(each.sum(2).T)

    def resampled(self, part: Part, weights: TextWeights) -> Floats:
        """See :meth:`Statistic.resampled`."""
        return self.resampled_all([part], weights)[0]

    def resampled_all(self, parts: Sequence[Part], weights: TextWeights) -> list[Floats]:
        """See :meth:`Statistic.resampled_all`; parts of the same texts share one product."""
        alike: dict[bytes, list[int]] = {}
        for p, part in enumerate(parts):
            alike.setdefault(part.texts.tobytes(), []).append(p)
        found: dict[int, Floats] = {}
        for own in alike.values():
            columns = [self._by_text(parts[p]) for p in own]
            values = self.value(weights.sums(parts[own[0]].texts, np.concatenate(columns)))
            ends = np.cumsum([len(one) for one in columns])
            found |= zip(own, np.split(values, ends[:-1], axis=1), strict=True)
        return [found[p] for p in range(len(parts))]

    def losses(self, part: Part) -> Floats:
        """See :meth:`Statistic.losses`."""
        columns = self._by_text(part)
        total = columns.sum(1, keepdims=True)
        return self.value(total) - self.value(total - columns)

    def _by_text(self, part: Part) -> Floats:
        """Columns summed by text, shape ``(seeds, texts, k)``."""
        return part.by_text(np.stack([self.columns(seed) for seed in part.outcomes]))


def _joined(outcomes: Sequence[Outcomes]) -> Outcomes:
    """Outcomes one after the other: many short arrays take longer than a long one."""
    names = ("gold", "predicted", "error", "low", "high")
    joined = {name: np.concatenate([getattr(one, name) for one in outcomes]) for name in names}
    return Outcomes(**joined, n_classes=outcomes[0].n_classes)


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
    SumStatistic(name="qwk", columns=_qwk_columns, value=_qwk, link="fisher", bounds=(-1.0, 1.0)),
    SumStatistic(
        name="macro_f1", columns=_f1_columns, value=_macro_f1, link="logit", bounds=_SHARE
    ),
    SumStatistic(
        name="mae",
        columns=lambda o: _columns(np.abs(o.error)),
        value=_mean,
        link="log",
        bounds=(0.0, np.inf),
        from_cells=False,
        more_is_better=False,
    ),
    SumStatistic(
        name="r2",
        columns=lambda o: _columns(o.error**2, o.middle, o.middle**2),
        value=_r2,
        link="log1m",
        bounds=(-np.inf, 1.0),
        from_cells=False,
    ),
    SumStatistic(
        name="accuracy",
        columns=lambda o: _columns(o.gold == o.predicted),
        value=_mean,
        link="identity",
        bounds=_SHARE,
        proportion=True,
    ),
    SumStatistic(
        name="adjacent",
        columns=lambda o: _columns(np.abs(o.gold - o.predicted) <= 1),
        value=_mean,
        link="identity",
        bounds=_SHARE,
        proportion=True,
    ),
)
#: Scores that are functions of sums; all scores are in :data:`.listing.STATISTICS`.
SUM_STATISTICS = {statistic.name: statistic for statistic in _ALL}
