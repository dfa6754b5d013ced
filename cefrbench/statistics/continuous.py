"""Scores of continuous predictions: rank correlation, and QWK *recut* at the corpus's own levels.

*Spearman* is the correlation of midranks of the continuous scores and of the gold levels (of a gold
interval its middle), so equal values share their mean rank.

*Recut* QWK asks what is left when thresholds are no matter. The scores of one corpus are sorted,
and its lowest ``n(A1)`` texts get A1, the next ``n(A2)`` get A2, and so on, where ``n`` counts that
corpus's own gold levels; then it is QWK. The level shares of the corpus are used, never a single
label. Three rules make it one number:

- Equal scores are taken in the order of their texts' keys, which know nothing of a level.
- A text of which several levels are right counts once, in equal shares for each of them: any other
  rule would pick a label, or look at the prediction. A cut between the levels ``k`` and ``k + 1``
  is then at ``c = Σ shares of levels up to k``, and the text that ``c`` divides is on the side on
  which its larger half is, the upper one if they are equal. So each text has one level.
- Against the gold interval a recut level is scored as any prediction is.

A resample counts a text as often as it is drawn, in the shares and among the sorted: copies of a
text stand side by side, tied in rank, and a cut may fall between them. Both scores then need the
cumulative weights of the sorted texts in each replicate and little else: a text's order doesn't
depend on the replicate.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.statistics.ranking import (
    Integers,
    Kinds,
    Ranking,
    Rankings,
    RankStatistic,
    is_ranked,
    rank_all,
    sort_by_score,
)
from cefrbench.statistics.resampling import MOST_DRAWN, Weights
from cefrbench.statistics.sample import Part
from cefrbench.statistics.scoring import (
    SUM_STATISTICS,
    Floats,
)


def _cumulative(weights: Floats) -> Floats:
    """Weight of the first ``i`` rows, shape ``(replicates, rows + 1)``."""
    found = np.zeros((len(weights), weights.shape[1] + 1))
    np.cumsum(weights, axis=1, out=found[:, 1:])
    return found


# -- Spearman ----------------------------------------------------------------------------------


class _Spearman(RankStatistic):
    """Pearson's correlation of midranks, which are taken about their middle."""

    def _whole(self, rankings: Rankings) -> Floats:
        half = rankings.score.shape[1] / 2
        first, last = rankings.ends()
        rank = (first + last) / 2 - half
        middles, which = np.unique((rankings.low + rankings.high) / 2, return_inverse=True)
        count = np.bincount(which, rankings.count, len(middles))
        level = np.cumsum(count) - count / 2 - half
        # Halves and quarters of whole numbers: exact, in whatever order they are added.
        together = (rank * level[which][rankings.kind]).sum(1)
        return _correlation(together, (rank * rank).sum(1), (count * level**2).sum())

    def _weighted(self, ranking: Ranking, weights: Floats) -> Floats:
        below = _cumulative(weights)
        half = below[:, -1:] / 2
        if (ranking.last - ranking.first == 1).all():
            rank = (below[:, :-1] + below[:, 1:]) / 2 - half
        else:
            rank = (below[:, ranking.first] + below[:, ranking.last]) / 2 - half
        there = ranking.levels
        count = weights @ there
        level_below = _cumulative(count)
        level = (level_below[:, :-1] + level_below[:, 1:]) / 2 - half
        weighted = weights * rank
        together = ((weighted @ there) * level).sum(1)
        return _correlation(together, (weighted * rank).sum(1), (count * level**2).sum(1))

    def losses(self, part: Part) -> Floats:
        """See :meth:`Statistic.losses`; of a text in several rows, the sum of what each does."""
        by_row = np.full((len(part.outcomes), len(part.rows)), np.nan)
        for loss, one in zip(by_row, part.outcomes, strict=True):
            if is_ranked(one):
                ranking = sort_by_score(one)
                whole = self._weighted(ranking, np.ones((1, len(loss))))
                loss[ranking.order] = whole - self._without(ranking)
        return part.by_text(by_row)

    @staticmethod
    def _without(ranking: Ranking) -> Floats:
        """Score without each row: ranks above it fall by one, and by half where they are equal.

        With ``a`` the centred rank, the others' become ``a + s / 2``, where ``s`` is the sign of
        the removed row's score less theirs; likewise ``b`` and ``t`` for the gold levels. So every
        sum follows from sums over what is below and what is above.
        """
        m = len(ranking.order)
        first, last = ranking.first, ranking.last
        there = ranking.levels
        place = there.argmax(1)
        a = (first + last - m) / 2
        count = there.sum(0)
        top = np.cumsum(count)
        level = top - count / 2 - m / 2
        b = level[place]

        def apart(below: Floats) -> Floats:
            """What is below each row less what is above it, of sums over the first ``i``."""
            found: Floats = below[first] - (below[-1] - below[last])
            return found

        def level_apart(by_level: Floats) -> Floats:
            below = np.concatenate([[0.0], np.cumsum(by_level)])
            found: Floats = below[place] - (below[-1] - below[place + 1])
            return found

        counts = np.concatenate([np.zeros((1, len(count))), np.cumsum(there, axis=0)])
        # Of what is below and above in score, what is below in level less what is above.
        sides = counts[first] - (counts[-1] - counts[last])
        signs = np.sign(place[:, None] - np.arange(len(count)))
        together = (
            (a @ b)
            - a * b
            + apart(_prefix(b)) / 2
            + level_apart(a @ there) / 2
            + (sides * signs).sum(1) / 4
        )
        own = (a @ a) - a * a + apart(_prefix(a)) + (m - (last - first)) / 4
        other = (b @ b) - b * b + level_apart(level * count) + (m - count[place]) / 4
        return _correlation(together, own, other)


def _prefix(values: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(values)])


def _correlation(together: Floats, own: Floats, other: Floats) -> Floats:
    """NaN where either side has one value only."""
    both = own * other
    # Ranks are halves of whole numbers, so a variance that is not 0 is at least 1/4.
    defined = (own > 0.1) & (other > 0.1)
    full = np.full(both.shape, np.nan)
    found: Floats = np.divide(together, np.sqrt(np.where(defined, both, 1.0)), full, where=defined)
    return found


# -- recut ---------------------------------------------------------------------------------------


class _Recut(RankStatistic):
    """QWK of scores that are cut at the corpus's own level counts."""

    def losses(self, part: Part) -> Floats:
        """Nothing, so that the error is the bootstrap's alone.

        Without one text another one jumps over each cut, as the median jumps: the jackknife is
        not consistent for what jumps (Miller 1974), and was 1.3 times too large.
        """
        return np.zeros((len(part.outcomes), len(part.texts)))

    def _whole(self, rankings: Rankings) -> Floats:
        return rankings.qwk(_recut_levels(rankings))

    def _weighted(self, ranking: Ranking, weights: Floats) -> Floats:
        return self._drawn(ranking, weights.T.astype(np.uint8))

    def _drawn(self, ranking: Ranking, drawn: Weights) -> Floats:
        """See :meth:`RankStatistic._drawn`; whole numbers, rows first: a step adds to all."""
        below, by_kind = _running(drawn), _running(drawn[ranking.by_kind])
        ends = np.cumsum(ranking.before[-1])
        begin = ends - ranking.before[-1]
        lower = by_kind[begin].T.astype(np.float64)
        total = by_kind[ends].T - lower
        cuts = _cuts(total, ranking.kinds)
        at = _last_at_most(below[:-1], cuts)
        column = np.arange(drawn.shape[1])[:, None]
        # Of the row that a cut falls into, a part of its copies is below.
        part = cuts - below[at, column]
        within = ranking.kind[at][..., None] == np.arange(len(ranking.low))
        of_kind = by_kind[begin + ranking.before[at], column[..., None]] - lower[:, None]
        return qwk_below(ranking, of_kind + within * part[..., None], total)


def _running(drawn: Weights) -> NDArray[np.uint16] | NDArray[np.uint32]:
    """How often the first ``i`` rows are drawn, shape ``(rows + 1, replicates)``."""
    short = len(drawn) * MOST_DRAWN < 2**16
    found = np.zeros((len(drawn) + 1, drawn.shape[1]), np.uint16 if short else np.uint32)
    # One addition a row, of all replicates at once; `cumsum` would go down column by column.
    for row, one in enumerate(drawn):
        np.add(found[row], one, out=found[row + 1])
    return found


class KindWeights:
    """Weights of sorted rows, summed up by kind.

    Attributes
    ----------
    total : ndarray of float64, shape (replicates, kinds)
        Weight of each kind.
    """

    def __init__(self, ranking: Ranking, weights: Floats) -> None:
        self._before = ranking.before
        self._below = _cumulative(weights[:, ranking.by_kind])
        ends = np.cumsum(ranking.before[-1])
        self._begin = ends - ranking.before[-1]
        self._lower = self._below[:, self._begin]
        self.total: Floats = self._below[:, ends] - self._lower

    def of_first(self, at: Integers) -> Floats:
        """Weight of each kind among the first ``at`` rows, shape ``(replicates, cuts, kinds)``."""
        place = self._begin + self._before[at]
        found = np.take_along_axis(self._below, place.reshape(len(at), -1), 1)
        weight: Floats = found.reshape(place.shape) - self._lower[:, None]
        return weight


def _last_at_most(ascending: NDArray[Any], values: Floats) -> Integers:
    """Last row of each column whose value is at most each of some values; a search by halves.

    Parameters
    ----------
    ascending : ndarray of whole numbers, shape (rows, columns)
        The first row is 0.
    values : ndarray of float64, shape (columns, k)
        From 0, whole.
    """
    last, width = len(ascending) - 1, ascending.shape[1]
    flat, column = ascending.reshape(-1), np.arange(width)[:, None]
    wanted = values.astype(ascending.dtype)
    found = np.zeros(values.shape, dtype=np.int64)
    for step in (2**k for k in reversed(range(last.bit_length()))):
        further = np.minimum(found + step, last)
        reached = flat.take(further * width + column) <= wanted
        found = np.where(reached, further, found)
    return found


def _cuts(count: Floats, kinds: Kinds) -> Floats:
    """How much is below each cut, ``(replicates, classes - 1)``; whole, if the counts are."""
    unit = kinds.unit
    below = np.rint(count).astype(np.int64) @ kinds.below
    # The nearest whole number, the lower one of two: a half that is below is no more than a half.
    cuts: Floats = ((2 * below + unit - 1) // (2 * unit)).astype(np.float64)
    return cuts


def qwk_below(ranking: Ranking, below: Floats, count: Floats) -> Floats:
    """QWK from the weight of each kind below each cut, ``(replicates, cuts, kinds)``."""
    ends = np.zeros((len(count), 1, count.shape[1]))
    levels = np.diff(np.concatenate([ends, below, count[:, None]], axis=1), axis=1)
    sums: Floats = levels.reshape(len(count), -1) @ ranking.kinds.columns
    return SUM_STATISTICS["qwk"].value(sums)


SPEARMAN = _Spearman(name="spearman", link="fisher", bounds=(-1.0, 1.0))
RECUT = _Recut(name="recut", link="fisher", bounds=(-1.0, 1.0))


def recut_classes(
    score: Floats, low: Integers, high: Integers, n_classes: int
) -> NDArray[np.int64]:
    """Class of each text when scores are cut at the corpus's own level counts.

    Parameters
    ----------
    score : ndarray of float64, shape (n,)
        Continuous scores of one corpus, in the order of the texts' keys.
    low, high : ndarray of int64, shape (n,)
        Gold intervals.
    n_classes : int
    """
    classes = np.empty(len(score), dtype=np.int64)
    order = np.argsort(score, kind="stable")
    classes[order] = _recut_levels(rank_all(score[None], low, high, n_classes))
    return classes


def _recut_levels(rankings: Rankings) -> NDArray[np.intp]:
    """Level of each sorted row, the same in all orders."""
    cuts = _cuts(rankings.count[None].astype(np.float64), rankings.kinds)[0]
    return np.searchsorted(cuts, np.arange(rankings.score.shape[1]), "right")


def rank_scores(
    score: Floats | None, low: Integers, high: Integers, n_classes: int
) -> tuple[float | None, float | None]:
    """Spearman and recut QWK of one corpus, texts in the order of their keys; None: undefined."""
    if score is None:
        return None, None
    rankings = rank_all(score[None], low, high, n_classes)
    return SPEARMAN.or_none(rankings)[0], RECUT.or_none(rankings)[0]
