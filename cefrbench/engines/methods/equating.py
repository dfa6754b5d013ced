"""Scores moved onto a scale by their distribution alone, as tests are equated (Kolen & Brennan).

Linear equating gives scores a mean and a spread, equipercentile equating a whole distribution. Both
keep the order, so that they move thresholds and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]


def level_moments(y: Ints, corpus: Ints, weight: Doubles) -> tuple[float, float]:
    """Mean level of the texts, and the spread of levels that a corpus has inside itself.

    Parameters
    ----------
    y, corpus : ndarray of int64, shape (n,)
    weight : ndarray of float64, shape (n,)
    """
    place = np.unique(corpus, return_inverse=True)[1]
    of_corpus = np.bincount(place, weights=weight)
    sums = np.bincount(place, weights=weight * y)
    means = np.divide(sums, of_corpus, out=np.zeros_like(sums), where=of_corpus > 0)
    inside = float(weight @ np.square(y - means[place]) / weight.sum())
    return float(weight @ y / weight.sum()), float(np.sqrt(inside))


def linear(scores: Doubles, mean: float, spread: float) -> Doubles:
    """Give scores a mean and a spread; without a spread of their own they are only moved."""
    own = float(scores.std())
    flat = own <= np.finfo(np.float64).eps * float(np.abs(scores).max(initial=0.0))
    moved: Doubles = mean + (scores - scores.mean()) * (1.0 if flat else spread / own)
    return moved


def towards(scores: Doubles, moved: Doubles, share: float) -> Doubles:
    """Go a share of the way from scores to where they would be moved."""
    return scores + share * (moved - scores)


@dataclass(frozen=True, slots=True)
class Equated:
    """A rising map through points, straight between them and beyond the outer ones.

    Attributes
    ----------
    score, level : ndarray of float64, shape (points,)
    """

    score: Doubles
    level: Doubles

    def __call__(self, scores: Doubles) -> Doubles:
        """Move scores onto the scale of levels."""
        return np.interp(scores, self.score, self.level)


def equipercentile(scores: Doubles, weight: Doubles, shares: Doubles) -> Equated:
    """Find the map under which rounded levels have given shares.

    Thresholds lie at the quantiles of the scores; the least score becomes the middle of its level,
    and so does the largest.

    Parameters
    ----------
    scores : ndarray of float64, shape (n,)
    weight : ndarray of float64, shape (n,)
        What each score counts.
    shares : ndarray of float64, shape (classes,)
        Not negative, of sum 1.
    """
    order = np.argsort(scores, kind="stable")
    ranked, counted = scores[order], weight[order]
    place = (np.cumsum(counted) - 0.5 * counted) / counted.sum()
    levels = np.flatnonzero(shares > 0)
    lowest, highest = int(levels[0]), int(levels[-1])
    below = np.cumsum(shares)[lowest:highest]
    cuts = np.interp(below, place, ranked)
    score = np.concatenate([ranked[:1], cuts, ranked[-1:]])
    level = np.concatenate([[lowest], np.arange(lowest, highest) + 0.5, [highest]])
    if score[0] == score[-1]:
        return Equated(score[:1], np.array([shares @ np.arange(len(shares))]))
    # Where points are tied, a level is jumped: what is above the score goes on from the last.
    for place in range(1, len(score)):
        score[place] = max(score[place], np.nextafter(score[place - 1], np.inf))
    return Equated(score, level)


def shares_of(y: Ints, weight: Doubles, n_classes: int) -> Doubles:
    """What share of the weight each class has: ndarray of float64 ``[n_classes]``."""
    shares: Doubles = np.bincount(y, weights=weight, minlength=n_classes) / weight.sum()
    return shares


def midranks(y: Ints, corpus: Ints, weight: Doubles) -> Doubles:
    """Rank of each text's level inside its corpus, 0 to 1; ties have the middle of their ranks."""
    ranks = np.empty(len(y))
    for one in np.unique(corpus):
        rows = np.flatnonzero(corpus == one)
        level, place = np.unique(y[rows], return_inverse=True)
        held = np.bincount(place, weights=weight[rows], minlength=len(level))
        total = held.sum() or 1.0
        ranks[rows] = ((np.cumsum(held) - 0.5 * held) / total)[place]
    return ranks
