"""Errors of the whole procedure: variances of independent sources, added, with their freedom.

A score varies with the texts that are scored, with the texts that the probe was fitted on, and
with the probe's seeds. Each source gives a variance; their sum is the square of the standard error.
The first comes from thousands of replicates and counts as known; the others come from tens of
refits and a few seeds, and what is uncertain of them is in the degrees of freedom of Student's
distribution (after Welch 1947, Satterthwaite 1946)::

    error² = V(texts) + V(refits) + 2 C + V(seeds)
    D = (V(refits)² + 2 V(texts) V(refits) + 2 C² + 4 V(refits) C) / (R - 1)
    ν = error⁴ / (D + error² min(error², s²/S) / (S - 1))

A text that one fold scores another fold is trained on, so both sources move together: ``C`` is
their covariance, over the replicates that have a refit, for refit ``r`` draws each text as often as
replicate ``r`` of the scored texts does. ``2 D`` is the variance of ``V(refits) + 2 C`` as both are
taken from ``R`` pairs (Wishart's distribution).

``s²`` is the whole spread of the seeds. Welch and Satterthwaite have its square, ``(s²/S)²``: with
three seeds that varies so much that intervals hold the truth in 92 % of cases where seeds matter
most, for freedom is large just when ``s²`` is small by luck. Linear in it, they hold 94 to 97 %,
and freedom is never more than theirs (a test draws both).

Where no refits were made, the error holds the fits fixed, and the normal distribution is meant.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cefrbench.statistics.scoring import Floats


class Errors(NamedTuple):
    """Standard errors with their degrees of freedom, parallel arrays of any shape.

    Attributes
    ----------
    error : ndarray of float64
        NaN where unknown.
    freedom : ndarray of float64
        Infinite for the normal distribution.
    """

    error: Floats
    freedom: Floats


def whole_error(
    texts: ArrayLike,
    refits: ArrayLike,
    together: ArrayLike,
    count: ArrayLike,
    luck: ArrayLike,
    spread: ArrayLike,
    doubt: ArrayLike,
) -> Errors:
    """Add up the sources of error.

    Parameters
    ----------
    texts : array_like of float
        Variance over resamples of the scored texts.
    refits : array_like of float
        Variance over refits.
    together : array_like of float
        Covariance of the two. The sum of all three is never taken for less than either variance.
    count : array_like of int
        How many refits; 0 or 1 where there are none.
    luck : array_like of float
        Variance over the probe's seeds, of their mean.
    spread : array_like of float
        ``s²/S``: the same as all the seeds' spread tells it, whatever is known of a part of it;
        summed over what was drawn independently. 0 without several seeds.
    doubt : array_like of float
        ``(s²/S)² / (S - 1)``, summed likewise.
    """
    texts, refits, together, luck, spread, doubt = (
        np.asarray(v, np.float64) for v in (texts, refits, together, luck, spread, doubt)
    )
    count = np.asarray(count, np.float64)
    made = count > 1
    both = np.maximum(texts + refits + 2 * together, np.maximum(texts, refits))
    variance = luck + np.where(made, both, texts)
    pairs = refits**2 + 2 * texts * refits + 2 * together**2 + 4 * refits * together
    # With doubts of several sources, 1 / (S - 1) is their mean by spread, as in Welch's formula.
    scarce = np.divide(doubt, spread**2, out=np.zeros(variance.shape), where=spread > 0)
    by_seeds = variance * np.minimum(variance, spread) * scarce
    unsure = np.where(made, pairs / np.maximum(count - 1, 1) + by_seeds, 0.0)
    freedom = np.full(variance.shape, np.inf)
    np.divide(variance**2, unsure, out=freedom, where=(unsure > 0) & (variance > 0))
    return Errors(np.sqrt(variance), freedom)


def covariance(first: Floats, other: Floats) -> float:
    """Covariance over the replicates that both have; 0 with fewer than two."""
    there = ~(np.isnan(first) | np.isnan(other))
    if there.sum() < 2:
        return 0.0
    return float(np.cov(first[there], other[there])[0, 1])


def quantile(freedom: ArrayLike, tests: ArrayLike = 1.0) -> Floats:
    """Where Student's t leaves 5 % in both tails, over so many tests; the normal's where infinite.

    From ``scipy.special``: all of ``scipy.stats`` takes a second to import.
    """
    from scipy.special import stdtrit

    found: Floats = stdtrit(freedom, 1 - 0.025 / np.asarray(tests, np.float64))
    return found


def difference_variance(covariance: NDArray[np.floating[Any]]) -> Floats:
    """``var(a - b) = var a + var b - 2 cov(a, b)`` of all pairs, from their covariances."""
    own = np.broadcast_to(np.diag(covariance)[:, None], covariance.shape)
    return without_rounding(own + own.T - 2 * covariance, own + own.T)


def without_rounding(variance: NDArray[np.floating[Any]], own: NDArray[np.floating[Any]]) -> Floats:
    """0 where a difference of variances is no more than their rounding."""
    floor = 100 * np.finfo(variance.dtype).eps * own
    return np.where(variance > floor, variance, 0.0).astype(np.float64)
