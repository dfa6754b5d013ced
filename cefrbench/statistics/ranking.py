"""Rows in the order of their scores, and what all scores of that order have in common."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from cefrbench.statistics.resampling import TextWeights, Weights
from cefrbench.statistics.sample import Part
from cefrbench.statistics.scoring import SUM_STATISTICS, Floats, Outcomes, Statistic, outcomes

Integers = NDArray[np.int64]
#: Weights in work at once: few enough to stay in a processor's cache.
_BLOCK = 2**17


@dataclass(frozen=True)
class RankStatistic(Statistic):
    """A score of the order of continuous scores; NaN where a probe has none."""

    def scores(self, outcomes: Sequence[Outcomes]) -> Floats:
        """See :meth:`Statistic.scores`; what shares its gold intervals is ranked at once."""
        first = outcomes[0] if outcomes else None
        if first and all(
            is_ranked(one) and one.low is first.low and one.high is first.high for one in outcomes
        ):
            return self.of(_ranked(outcomes, first))
        found = np.full(len(outcomes), np.nan)
        for s, one in enumerate(outcomes):
            if is_ranked(one):
                found[s : s + 1] = self.of(_ranked([one], one))
        return found

    def of(self, rankings: Rankings) -> Floats:
        """Score of each of some rankings of rows that are counted once; NaN without any."""
        some = rankings.score.size > 0
        return self._whole(rankings) if some else np.full(len(rankings.score), np.nan)

    def or_none(self, rankings: Rankings) -> list[float | None]:
        """The same; None where it is undefined."""
        return [None if math.isnan(found) else found for found in self.of(rankings).tolist()]

    def resampled(self, part: Part, weights: TextWeights) -> Floats:
        """See :meth:`Statistic.resampled`."""
        found = np.full((weights.replicates, len(part.outcomes)), np.nan)
        for s, one in enumerate(part.outcomes):
            if is_ranked(one):
                ranking = sort_by_score(one)
                drawn = weights.of(part.texts)[part.rows[ranking.order]]
                found[:, s] = self._drawn(ranking, drawn)
        return found

    def _drawn(self, ranking: Ranking, drawn: Weights) -> Floats:
        """Score in each replicate, of how often each sorted row is drawn, ``(rows, replicates)``.

        What is asked for the weights as floats gets them in blocks.
        """
        found = np.empty(drawn.shape[1])
        for block in _blocks(drawn.shape[1], len(drawn)):
            found[block] = self._weighted(ranking, drawn[:, block].T.astype(np.float64, "C"))
        return found

    @abstractmethod
    def _whole(self, rankings: Rankings) -> Floats:
        """Score of each ranking of rows, at least one, each counted once."""

    @abstractmethod
    def _weighted(self, ranking: Ranking, weights: Floats) -> Floats:
        """Score in each replicate; weights of shape ``(replicates, rows)`` are whole numbers."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """Rows in the order of their scores; what only some scores need of it is made when asked for.

    Attributes
    ----------
    order : ndarray of int, shape (m,)
        Sorted rows.
    score : ndarray of float64, shape (m,)
        Scores of the sorted rows.
    kind : ndarray of int, shape (m,)
        Gold interval of each sorted row, as a place in ``low`` and ``high``.
    low, high : ndarray of int64, shape (kinds,)
        The different gold intervals.
    n_classes : int
    """

    order: NDArray[np.intp]
    score: Floats
    kind: NDArray[np.intp]
    low: Integers
    high: Integers
    n_classes: int

    @cached_property
    def first(self) -> NDArray[np.intp]:
        """For each sorted row, where its score first stands."""
        return np.searchsorted(self.score, self.score, "left")

    @cached_property
    def last(self) -> NDArray[np.intp]:
        """For each sorted row, one past where its score last stands."""
        return np.searchsorted(self.score, self.score, "right")

    @cached_property
    def before(self) -> Integers:
        """How many rows of each kind are among the first ``i``, shape ``(m + 1, kinds)``."""
        found = np.zeros((len(self.order) + 1, len(self.low)), dtype=np.int64)
        np.cumsum(self.kind[:, None] == np.arange(len(self.low)), axis=0, out=found[1:])
        return found

    @cached_property
    def by_kind(self) -> NDArray[np.intp]:
        """Sorted rows, those of one kind together."""
        return np.argsort(self.kind, kind="stable")

    @cached_property
    def levels(self) -> Floats:
        """Which middle of gold intervals, of those that there are, a sorted row has, one-hot."""
        middles, which = np.unique((self.low + self.high) / 2, return_inverse=True)
        return one_hot(which[self.kind], len(middles))

    @cached_property
    def kinds(self) -> Kinds:
        """What follows from the different gold intervals alone."""
        return _kinds(self.low.tobytes(), self.high.tobytes(), self.n_classes)


@dataclass(frozen=True, eq=False)
class Kinds:
    """What follows from the gold intervals of a ranking, which many rankings share.

    Attributes
    ----------
    columns : ndarray of float64, shape (classes * kinds, columns)
        What a row of each level and kind, level by level, adds to the sums that QWK is of.
    below : ndarray of int64, shape (kinds, classes - 1)
        The share of a row of each kind that is below each cut, in units.
    unit : int
        Units in a row: any width of an interval takes a whole number of them.
    """

    columns: Floats
    below: Integers
    unit: int


@lru_cache(maxsize=256)
def _kinds(lows: bytes, highs: bytes, n_classes: int) -> Kinds:
    low, high = np.frombuffer(lows, np.int64), np.frombuffer(highs, np.int64)
    level, kind = np.divmod(np.arange(n_classes * len(low)), len(low))
    cells = outcomes(level.astype(np.float64), low[kind], high[kind], n_classes)
    classes = np.arange(n_classes)
    unit = math.lcm(*range(2, n_classes + 1))
    inside = (low[:, None] <= classes) & (classes <= high[:, None])
    shares = np.where(inside, unit // inside.sum(1, keepdims=True), 0)
    return Kinds(SUM_STATISTICS["qwk"].columns(cells), shares.cumsum(1)[:, :-1], unit)


def is_ranked(one: Outcomes) -> bool:
    """Whether there are rows, with scores."""
    return one.score is not None and len(one.score) > 0


def sort_by_score(one: Outcomes) -> Ranking:
    """Sort the rows by their scores, which they must have."""
    return rank(np.asarray(one.score, dtype=np.float64), one.low, one.high, one.n_classes)


def rank(score: Floats, low: Integers, high: Integers, n_classes: int) -> Ranking:
    """Sort rows by scores; of equal ones in the order in which they stand."""
    order = np.argsort(score, kind="stable")
    kind, lows, highs = _kinds_of(low, high, n_classes)
    return Ranking(order, score[order], kind[order], lows, highs, n_classes)


def _kinds_of(
    low: Integers, high: Integers, n_classes: int
) -> tuple[NDArray[np.intp], Integers, Integers]:
    """Gold interval of each row, as a place in the different ones, and these."""
    pair = low * n_classes + high
    counts = np.bincount(pair)
    (pairs,) = counts.nonzero()
    place = np.empty(len(counts), dtype=np.intp)
    place[pairs] = np.arange(len(pairs))
    return place[pair], *np.divmod(pairs, n_classes)


@dataclass(frozen=True, eq=False)
class Rankings:
    """The same rows in the orders of several scores, each counted once.

    Attributes
    ----------
    score : ndarray of float64, shape (s, m)
        Each ascending.
    kind : ndarray of int, shape (s, m)
        Gold interval of each sorted row, as a place in ``low`` and ``high``.
    low, high : ndarray of int64, shape (kinds,)
        The different gold intervals.
    n_classes : int
    """

    score: Floats
    kind: NDArray[np.intp]
    low: Integers
    high: Integers
    n_classes: int

    @property
    def kinds(self) -> Kinds:
        """What follows from the different gold intervals alone."""
        return _kinds(self.low.tobytes(), self.high.tobytes(), self.n_classes)

    @property
    def count(self) -> Integers:
        """Rows of each kind, the same in all orders."""
        return np.bincount(self.kind[0], minlength=len(self.low))

    def ends(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """For each sorted row, where its score first stands, and one past where it last does."""
        m = self.score.shape[1]
        place = np.arange(m)
        first, last = np.zeros_like(self.kind), np.full_like(self.kind, m)
        other = self.score[:, 1:] != self.score[:, :-1]
        np.maximum.accumulate(np.where(other, place[1:], 0), axis=1, out=first[:, 1:])
        back = np.where(other, place[1:], m)[:, ::-1]
        np.minimum.accumulate(back, axis=1, out=last[:, :-1][:, ::-1])
        return first, last

    def qwk(self, level: NDArray[np.intp]) -> Floats:
        """QWK where each sorted row has a level, ``(s, m)`` or the same in all orders."""
        kinds = len(self.low)
        size = self.n_classes * kinds
        cell = np.arange(len(self.kind))[:, None] * size + level * kinds + self.kind
        counts = np.bincount(cell.reshape(-1), minlength=len(self.kind) * size)
        return SUM_STATISTICS["qwk"].value(counts.reshape(-1, size) @ self.kinds.columns)


def rank_all(scores: Floats, low: Integers, high: Integers, n_classes: int) -> Rankings:
    """Sort rows by each of some scores, ``(s, m)``, as :func:`rank` does."""
    order = np.argsort(scores, axis=1, kind="stable")
    kind, lows, highs = _kinds_of(low, high, n_classes)
    return Rankings(np.take_along_axis(scores, order, 1), kind[order], lows, highs, n_classes)


def _ranked(outcomes: Sequence[Outcomes], first: Outcomes) -> Rankings:
    scores = np.array([one.score for one in outcomes], dtype=np.float64)
    return rank_all(scores, first.low, first.high, first.n_classes)


def one_hot(which: NDArray[np.intp], count: int) -> Floats:
    """A column each for so many kinds, 1 in the rows that are of it."""
    found: Floats = (which[:, None] == np.arange(count)).astype(np.float64)
    return found


def _blocks(replicates: int, rows: int) -> Iterator[slice]:
    step = max(1, _BLOCK // rows)
    return (slice(start, start + step) for start in range(0, replicates, step))
