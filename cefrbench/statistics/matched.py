"""QWK of continuous predictions that are matched to a corpus: moved, then stretched too.

Between predictions as they are and predictions *recut* at the corpus's own level shares
(:mod:`.continuous`) lie two steps. ``x`` is a text's continuous prediction in levels, ``m`` and
``s`` the mean and standard deviation of these, ``μ`` and ``σ`` those of the gold levels (of an
interval its middle)::

    levelled   x
    located    x - m + μ
    scaled     (x - m) σ / s + μ

each rounded to the nearest class inside the scale and scored by QWK. Where all predictions are
equal there is nothing to stretch, and *scaled* is *located*. A resample takes its own means and
spreads. Nothing but the corpus's mean and spread is looked at, never a single label.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cefrbench.statistics.continuous import KindWeights, qwk_below
from cefrbench.statistics.ranking import Ranking, Rankings, RankStatistic, rank_all
from cefrbench.statistics.sample import Part
from cefrbench.statistics.scoring import Floats

#: A spread below this share of the values is rounding.
_NOTHING = 1e-9
#: How far from its middle a class goes.
_HALF = 0.5 - 1e-9


@dataclass(frozen=True)
class MatchedScore(RankStatistic):
    """QWK of matched predictions; ``score`` has to be in levels (:func:`level_scores`).

    Attributes
    ----------
    located, scaled : bool
        Whether they are moved and stretched.
    """

    located: bool
    scaled: bool

    def losses(self, part: Part) -> Floats:
        """Nothing, so that the error is the bootstrap's alone.

        Without one text all predictions move by a little, and the few that a cut lies beside jump
        over it: as in :meth:`.continuous._Recut.losses`, the jackknife is not consistent for that.
        """
        return np.zeros((len(part.outcomes), len(part.texts)))

    def _whole(self, rankings: Rankings) -> Floats:
        score = rankings.score
        cuts = self._cuts(score, rankings.n_classes, _once(rankings))
        place = np.arange(score.shape[1])
        level = np.zeros(score.shape, dtype=np.intp)
        for k, cut in enumerate(cuts.T[..., None]):
            below = score <= cut if k % 2 == 0 else score < cut  # as in `_places`
            level += place >= below.sum(1, keepdims=True)
        return rankings.qwk(level)

    def _weighted(self, ranking: Ranking, weights: Floats) -> Floats:
        moments = Moments.of(ranking.score, _middle(ranking), weights)
        at = _places(ranking.score, self._cuts(ranking.score, ranking.n_classes, moments))
        by_kind = KindWeights(ranking, weights)
        return qwk_below(ranking, by_kind.of_first(at), by_kind.total)

    def _cuts(self, score: Floats, n_classes: int, moments: Moments) -> Floats:
        """Borders between classes on the scale of the predictions, ``(replicates, classes - 1)``.

        Moving the borders the other way is the same as moving the predictions.
        """
        cuts = np.arange(n_classes - 1) + 0.5
        if not self.located:
            return np.broadcast_to(cuts, (len(moments.mean), len(cuts)))
        mean, spread = moments.mean, moments.spread
        gold_mean, gold_spread = moments.gold_mean, moments.gold_spread
        factor = np.ones_like(mean)
        if self.scaled:
            size = np.abs(score).max(-1, initial=0.0) + 1.0
            apart = (spread > _NOTHING * size) & (gold_spread > _NOTHING)
            np.divide(spread, gold_spread, out=factor, where=apart)
        return (cuts - gold_mean[:, None]) * factor[:, None] + mean[:, None]


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and standard deviation of scores and of gold levels, in each replicate."""

    mean: Floats
    spread: Floats
    gold_mean: Floats
    gold_spread: Floats

    @classmethod
    def of(cls, score: Floats, middle: Floats, weights: Floats) -> Moments:
        """Of sorted rows, with weights of shape ``(replicates, rows)``."""
        return cls(*_moments(score, weights), *_moments(middle, weights))


@lru_cache(maxsize=2)
def _once(rankings: Rankings) -> Moments:
    """Of rows counted once: moved and stretched predictions of one ranking need the same."""
    ones = np.ones((1, rankings.score.shape[1]))
    pairs = zip(rankings.score, _middle(rankings), strict=True)
    each = [(*_moments(score, ones), *_moments(middle, ones)) for score, middle in pairs]
    return Moments(*np.array(each)[:, :, 0].T)


def _middle(ranking: Ranking | Rankings) -> Floats:
    """Middle of each sorted row's gold interval."""
    found: Floats = ((ranking.low + ranking.high) / 2)[ranking.kind]
    return found


def _moments(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation in each replicate; 0 where nothing is drawn."""
    total = np.maximum(weights.sum(1), 1.0)
    middle = float(values.mean())
    apart = values - middle
    mean = (weights @ apart) / total
    squares = (weights @ apart**2) / total - mean**2
    return mean + middle, np.sqrt(np.maximum(squares, 0.0))


def _places(ascending: Floats, cuts: Floats) -> NDArray[np.int64]:
    """How many values are below each border.

    Halves round to the even class (:func:`.scoring.round_to_class`): a value on the border
    between the classes 0 and 1 is below it, one on that between 1 and 2 above.
    """
    found = np.empty(cuts.shape, dtype=np.int64)
    for k in range(cuts.shape[1]):
        side = "right" if k % 2 == 0 else "left"
        found[:, k] = np.searchsorted(ascending, cuts[:, k], side)  # type: ignore[call-overload]
    return found


LEVELLED = MatchedScore(
    name="levelled", link="fisher", bounds=(-1.0, 1.0), located=False, scaled=False
)
LOCATED = MatchedScore(
    name="located", link="fisher", bounds=(-1.0, 1.0), located=True, scaled=False
)
SCALED = MatchedScore(name="scaled", link="fisher", bounds=(-1.0, 1.0), located=True, scaled=True)


def matched_scores(
    level: Floats, low: NDArray[np.int64], high: NDArray[np.int64], n_classes: int
) -> tuple[float | None, float | None]:
    """Located and scaled QWK of one corpus; None: undefined.

    Parameters
    ----------
    level : ndarray of float64, shape (n,)
        Continuous predictions in levels.
    low, high : ndarray of int64, shape (n,)
        Gold intervals.
    n_classes : int
    """
    rankings = rank_all(level[None], low, high, n_classes)
    return LOCATED.or_none(rankings)[0], SCALED.or_none(rankings)[0]


# -- on the scale of levels ----------------------------------------------------------------------


def level_scores(prediction: Floats, score: Floats, n_classes: int) -> Floats | None:
    """Continuous scores of one fit, in levels; None where their unit is unknown.

    - A regressor's score is its prediction.
    - Where a fit's classes are cuts of its score (an ordinal probe's latent), the cuts are put at
      the borders between levels (:func:`cut_scores`), so that rounding gives the fit's classes.
    - Else the score is in levels already, as the level that a classifier's probabilities expect;
      one that leaves the scale is on some other one.

    Parameters
    ----------
    prediction, score : ndarray of float64, shape (n,)
        Of all the texts that one fit scored.
    n_classes : int
    """
    if np.isnan(score).any():
        return None
    if not is_cut(prediction, score):
        inside = score.min() >= 0 and score.max() <= n_classes - 1
        return score if inside or np.array_equal(prediction, score) else None
    return cut_scores(prediction, score, n_classes)


def is_cut(prediction: Floats, score: Floats) -> bool:
    """Whether classes are cuts of a score: each above all lower ones."""
    if not np.array_equal(np.rint(prediction), prediction) or np.array_equal(prediction, score):
        return False
    return all(
        score[prediction == lower].max() <= score[prediction == upper].min()
        for lower, upper in pairwise(np.unique(prediction))
    )


def cut_scores(prediction: Floats, score: Floats, n_classes: int) -> Floats:
    """Scores with the cuts between their classes at 0.5, 1.5, …; classes with fewer than two cuts.

    A cut lies in the middle between the scores on its two sides; several between the same two,
    where a class is never predicted, lie evenly. Scores between two cuts are placed linearly, those
    outside the outermost by the mean slope, and none outside the class that the fit gives it. One
    cut has no slope: the classes themselves stand.

    Parameters
    ----------
    prediction, score : ndarray of float64, shape (n,)
        Classes may overlap by a little: by the rounding of scores in half precision.
    n_classes : int
    """
    cuts: list[float] = []
    levels: list[float] = []
    for lower, upper in pairwise(np.unique(prediction)):
        below, above = score[prediction == lower].max(), score[prediction == upper].min()
        count = int(upper - lower)
        cuts += [below + (above - below) * (j + 0.5) / count for j in range(count)]
        levels += [lower + j + 0.5 for j in range(count)]
    places = np.maximum.accumulate(np.array(cuts)) if cuts else np.zeros(1)
    if places[-1] == places[0]:
        return prediction
    slope = (levels[-1] - levels[0]) / (places[-1] - places[0])
    outside = np.minimum(score - places[0], 0.0) + np.maximum(score - places[-1], 0.0)
    found = np.interp(score, places, levels) + slope * outside
    low = np.where(prediction > 0, prediction - _HALF, -np.inf)
    high = np.where(prediction < n_classes - 1, prediction + _HALF, np.inf)
    placed: Floats = np.clip(found, low, high)
    return placed
