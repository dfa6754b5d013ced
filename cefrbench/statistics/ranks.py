"""Ranks that say how sure they are: rank intervals, and ties where no difference is shown.

Every result is resampled once, on its own; since a text weighs the same in all results, all pairs
follow from one matrix product over replicates. A thousand results take seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cefrbench.errors import ResultError
from cefrbench.scores import DIRECTIONS
from cefrbench.statistics.bootstrap import GAP
from cefrbench.statistics.comparable import labels_of, question_of
from cefrbench.statistics.compare import Entry
from cefrbench.statistics.draws import Draws, gap, resample
from cefrbench.statistics.intervals import Interval, from_draws
from cefrbench.statistics.pairs import holm
from cefrbench.statistics.resampling import Codes, TextWeights
from cefrbench.statistics.sample import samples
from cefrbench.statistics.scoring import Floats, get_statistic


@dataclass(frozen=True, slots=True, eq=False)
class Contender:
    """What ranking needs of one result; some 40 kB, so that a thousand are held at once.

    Attributes
    ----------
    name : str
        Label of the result.
    question : str
        What was asked of it: only contenders with the same question are ranked together.
    interval : Interval
    replicates : ndarray of float32, shape (replicates,)
    texts : ndarray of uint64, shape (t,)
        Codes of the texts, ascending.
    influence : ndarray of float32, shape (t,)
        What the score loses without each text.
    """

    name: str
    question: str
    interval: Interval
    replicates: NDArray[np.float32]
    texts: Codes
    influence: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RankedEntry:
    """One line of a ranking.

    Attributes
    ----------
    name : str
    interval : Interval
        Score and its 95 % interval.
    rank : int or None
        Position of the first of its tie group, from 1; None where the score is undefined.
    rank_low, rank_high : int or None
        95 % interval of the position among all, over resamples of texts; no ties in it.
    tie : int or None
        Number of the tie group, from 1: none of its entries is shown to be worse than its first.
    better_than, worse_than : int
        From how many others a difference is shown, after Holm's correction over all pairs.
    """

    name: str
    interval: Interval
    rank: int | None
    rank_low: int | None
    rank_high: int | None
    tie: int | None
    better_than: int
    worse_than: int


def contenders(
    entry: Entry,
    score: str = "qwk",
    *,
    name: str | None = None,
    weights: TextWeights | None = None,
) -> dict[tuple[str, str], Contender]:
    """Resample one result for all rankings that it can stand in.

    Parameters
    ----------
    entry : (RunResult, PredictionTable)
    score : str
    name : str, optional
        Label; the encoder's name if none is given.
    weights : TextWeights, optional
        The same for all contenders of a ranking.

    Returns
    -------
    dict of (protocol, probe) to Contender
        ``("gap", probe)`` too where both its protocols were run.
    """
    result, predictions = entry
    weights = weights or TextWeights()
    statistic = get_statistic(score)
    found = {
        place: resample(sample, statistic, weights)
        for place, sample in samples(result, predictions).items()
    }
    drawn = {
        place: (one.draws(), from_draws(one.draws(), statistic)) for place, one in found.items()
    }
    for probe in dict.fromkeys(probe for _, probe in found):
        if all((protocol, probe) in found for protocol in GAP):
            difference = gap(*(found[protocol, probe] for protocol in GAP))
            drawn["gap", probe] = difference, from_draws(difference)
    question = f"{question_of(result)} {score} {weights.seed} {weights.replicates}"
    return {
        place: _contender(name or result.encoder.name, f"{question} {place}", draws, interval)
        for place, (draws, interval) in drawn.items()
    }


def _contender(name: str, question: str, draws: Draws, interval: Interval) -> Contender:
    return Contender(
        name=name,
        question=question,
        interval=interval,
        replicates=draws.values.astype(np.float32),
        texts=draws.texts,
        influence=draws.influence.astype(np.float32),
    )


def ranking(
    entries: Sequence[Entry],
    probe: str,
    protocol: str,
    score: str = "qwk",
    *,
    weights: TextWeights | None = None,
) -> list[RankedEntry]:
    """Rank results under one probe and protocol, best first; those without it are left out.

    Raises
    ------
    ResultError
        When they were not asked the same question on the same texts.
    """
    weights = weights or TextWeights()
    labels = labels_of([result for result, _ in entries])
    found = [
        contenders(entry, score, name=label, weights=weights).get((protocol, probe))
        for entry, label in zip(entries, labels, strict=True)
    ]
    more_is_better = DIRECTIONS[score] != (protocol == "gap")
    return rank([one for one in found if one is not None], more_is_better=more_is_better)


def rank(contenders: Sequence[Contender], *, more_is_better: bool = True) -> list[RankedEntry]:
    """Rank contenders, best first; equal scores by name.

    An entry is tied with the first of its group when no difference from it is shown: the test of
    :func:`cefrbench.statistics.compare_results` on these corpora, with Holm's correction over all
    pairs of the ranking. A group begins with the best entry that is worse than the one before's
    first.

    Raises
    ------
    ResultError
        When contenders were asked different questions.
    """
    _check_same(contenders)
    able = [one for one in contenders if one.interval.low is not None]
    sign = 1.0 if more_is_better else -1.0
    able.sort(key=lambda one: (-sign * (one.interval.estimate or 0.0), one.name))
    rest = sorted((one for one in contenders if one.interval.low is None), key=lambda c: c.name)
    entries = []
    if able:
        scores = sign * np.array([one.interval.estimate for one in able], dtype=np.float64)
        values = sign * np.stack([one.replicates for one in able]).astype(np.float64)
        values = values[:, ~np.isnan(values).any(0)]
        shown = _shown(scores, values, np.stack([one.influence for one in able]))
        low, high = _rank_intervals(scores, values)
        tie, first = 0, 0
        for i, one in enumerate(able):
            if i == 0 or shown[first, i]:
                tie, first = tie + 1, i
            entries.append(
                RankedEntry(
                    name=one.name,
                    interval=one.interval,
                    rank=first + 1,
                    rank_low=int(min(low[i], i + 1)),
                    rank_high=int(max(high[i], i + 1)),
                    tie=tie,
                    better_than=int(shown[i, i:].sum()),
                    worse_than=int(shown[i, :i].sum()),
                )
            )
    return entries + [RankedEntry(o.name, o.interval, None, None, None, None, 0, 0) for o in rest]


def _check_same(contenders: Sequence[Contender]) -> None:
    for one in contenders[1:]:
        first = contenders[0]
        if one.question != first.question or not np.array_equal(one.texts, first.texts):
            raise ResultError(
                f"{first.name} and {one.name} can't be ranked together: the suite, corpora, texts, "
                "probe or protocol differ; see `cefrbench compare` for what."
            )


def _shown(scores: Floats, values: Floats, influence: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which differences are significant after Holm, shape ``(n, n)``.

    The error of each difference is the larger of the bootstrap's and the jackknife's, both from
    ``var(a - b) = var a + var b - 2 cov(a, b)``.
    """
    from scipy.special import ndtr

    n = len(scores)
    deviation = values - values.mean(1, keepdims=True)
    covariance = np.maximum(
        _difference_variance(deviation @ deviation.T / max(values.shape[1] - 1, 1)),
        _difference_variance((influence @ influence.T).astype(np.float64)),
    )
    difference = np.abs(scores[:, None] - scores[None, :])
    # Below this, single precision's rounding is all there is.
    error = np.where(covariance > 1e-12, np.sqrt(covariance), np.inf)
    above = np.triu_indices(n, 1)
    p = 2 * ndtr(-(difference / error)[above])
    p[(covariance[above] <= 1e-12) & (difference[above] > 1e-6)] = 0.0
    shown = np.zeros((n, n), dtype=np.bool_)
    shown[above] = holm(p) < 0.05
    return shown | shown.T


def _difference_variance(covariance: Floats) -> Floats:
    own = np.diag(covariance)
    variance: Floats = np.maximum(own[:, None] + own[None, :] - 2 * covariance, 0.0)
    return variance


def _rank_intervals(scores: Floats, values: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """2.5 % and 97.5 % quantiles of each entry's position over replicates without their bias."""
    centred = values - values.mean(1, keepdims=True) + scores[:, None]
    order = np.argsort(-centred, axis=0, kind="stable")
    position = np.empty_like(order)
    np.put_along_axis(position, order, np.arange(len(scores))[:, None] + 1, axis=0)
    position.sort(axis=1)
    count = position.shape[1]
    low, high = int(0.025 * count), min(count - 1, int(np.ceil(0.975 * count)) - 1)
    return position[:, low], position[:, high]
