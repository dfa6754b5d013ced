"""How differences of scores on the same texts move: the standard errors of all pairs at once.

What one score moves with, and how its sources add up, stands in :mod:`.errors`; here they are
paired: by text, by replicate and by refit, so that what two scores share takes itself away.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.statistics.draws import Replicates
from cefrbench.statistics.errors import (
    Errors,
    difference_variance,
    whole_error,
    without_rounding,
)
from cefrbench.statistics.scoring import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Movements:
    """How some scores on the same texts move: with texts, with seeds, with refits.

    Attributes
    ----------
    values : ndarray of float64, shape (n, replicates)
        Over resampled texts; NaN where a replicate is undefined.
    influence : ndarray of float64 or float32, shape (n, t)
        What each score loses without each text.
    luck : ndarray of float64, shape (n, replicates), optional
        What drawing the seeds anew adds; None: nothing.
    spread, doubt : ndarray of float64, shape (n,), optional
        The variance of ``luck`` as all seeds tell it, and the doubt about it.
    refits : ndarray of float64, shape (n, refits), optional
        Paired by their place; a score that has none repeats itself. None: all fits held fixed.
    scores : ndarray of float64, shape (n,), optional
        The scores themselves, about which refits move.
    """

    values: Floats
    influence: NDArray[np.floating[Any]]
    luck: Floats | None = None
    spread: Floats | None = None
    doubt: Floats | None = None
    refits: Floats | None = None
    scores: Floats | None = None


def difference_errors(moves: Movements) -> Errors:
    """Standard errors of all differences between scores on the same texts.

    Of the error over texts, the larger of the bootstrap's and the jackknife's: with the
    bootstrap's alone the test rejects up to 8 % of true null hypotheses on skewed corpora of 30
    texts. Refits count by their mean square about the measured difference: a choice of layer or
    penalty that few refits repeat is no property of the encoder, and their variance alone would
    not show it. What else a difference varies with is added here, and nowhere else.

    Returns
    -------
    Errors
        Of shape ``(n, n)``; NaN where less than half of the replicates are defined for both.
    """
    texts = np.maximum(
        _replicate_variance(moves.values),
        difference_variance(moves.influence @ moves.influence.T),
    )
    luck = spread = doubt = refits = together = count = np.zeros_like(texts)
    if moves.luck is not None and moves.spread is not None and moves.doubt is not None:
        luck = _replicate_variance(moves.luck)
        # Two encoders' seeds are drawn apart, and so are the doubts about their variances.
        spread = moves.spread[:, None] + moves.spread
        doubt = moves.doubt[:, None] + moves.doubt
    if moves.refits is not None and moves.refits.shape[1] > 1:
        refits = _replicate_variance(moves.refits)
        if moves.scores is not None:
            refits = refits + _shift(moves.refits, moves.scores)
        together = _replicate_covariance(moves.values[:, : moves.refits.shape[1]], moves.refits)
        made = (moves.refits != moves.refits[:, :1]).any(1)
        there = (~np.isnan(moves.refits)).astype(np.float64)
        count = np.where(made[:, None] | made, there @ there.T, 0.0)
    return whole_error(texts, refits, together, count, luck, spread, doubt)


def errors_of(draws: Sequence[Replicates]) -> Errors:
    """:func:`difference_errors` of scores, matched text by text, shape ``(n, n)``.

    Raises
    ------
    ValueError
        When two of them have refits, but not as many.
    """
    if all(np.array_equal(one.texts, draws[0].texts) for one in draws):
        influence = np.stack([one.influence for one in draws])
    else:
        texts = np.unique(np.concatenate([one.texts for one in draws]))
        influence = np.zeros((len(draws), len(texts)))
        for row, one in zip(influence, draws, strict=True):
            row[np.searchsorted(texts, one.texts)] = one.influence
    refits = max(len(one.refits) for one in draws)
    return difference_errors(
        Movements(
            np.stack([one.values for one in draws]),
            influence,
            np.stack([one.luck for one in draws]),
            np.array([one.spread for one in draws]),
            np.array([one.doubt for one in draws]),
            np.stack([one.refits_as(refits) for one in draws]),
            np.array([one.estimate for one in draws]),
        )
    )


def _replicate_variance(values: Floats) -> Floats:
    """Variance of every difference over the replicates that both have."""
    there = ~np.isnan(values)
    some = there.any(1, keepdims=True)
    filled = np.where(there, values, 0.0)
    mean = filled.sum(1, keepdims=True) / np.maximum(there.sum(1, keepdims=True), 1)
    deviation = np.where(there & some, values - mean, 0.0)
    if there.all():
        return difference_variance(deviation @ deviation.T / (values.shape[1] - 1))
    here = there.astype(np.float64)
    n = here @ here.T
    squares = deviation**2 @ here.T
    total = deviation @ here.T
    total = total - total.T
    # The sum over what both have of (a - b)², and from it the variance about their mean.
    apart = np.maximum(squares + squares.T - 2 * deviation @ deviation.T, 0.0)
    variance = (apart - total**2 / np.maximum(n, 1)) / np.maximum(n - 1, 1)
    variance = without_rounding(variance, (squares + squares.T) / np.maximum(n, 1))
    return np.where((2 * n >= values.shape[1]) & (n > 1), variance, np.nan)


def _shift(refits: Floats, scores: Floats) -> Floats:
    """Square of what the mean difference of refits is off the measured one, of all pairs."""
    there = ~np.isnan(refits)
    count = np.maximum(there.sum(1), 1)
    off = np.nan_to_num(np.where(there, refits - scores[:, None], 0.0).sum(1) / count)
    found: Floats = (off[:, None] - off) ** 2
    return found


def _replicate_covariance(values: Floats, refits: Floats) -> Floats:
    """Covariance of every difference of ``values`` with that of ``refits``, replicate by replicate.

    A replicate that is undefined for one score counts as its mean.
    """
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of nothing
        apart = [np.nan_to_num(one - np.nanmean(one, 1, keepdims=True)) for one in (values, refits)]
    cross = apart[0] @ apart[1].T / (values.shape[1] - 1)
    own = np.diag(cross)
    found: Floats = own[:, None] + own - cross - cross.T
    return found
