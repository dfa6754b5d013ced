"""The study's residual analysis, exact: what probes predict, and how far off, by level and layer.

From confusion matrices, for every layer (predictions rounded to levels). Texts of all scored
corpora and seeds are pooled, groups left out. Where two levels are right, the true level is the
nearer one, as everywhere in a result.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cefrbench.results.model import RunResult, SplitRecord, UnitRecord
from cefrbench.statistics.scoring import Floats


@dataclass(frozen=True, slots=True)
class Residuals:
    """Residuals (prediction less truth, in levels) of the texts of one true level.

    Attributes
    ----------
    level : str
    n : int
        Texts, counted once a seed.
    mean, sd : float or None
        None without texts; the standard deviation is that of these texts (divided by n).
    quartiles : (float, float, float) or None
        25 %, 50 % and 75 % (the lowest value that so many texts reach).
    histogram : dict of float to int
        Texts by residual.
    """

    level: str
    n: int
    mean: float | None
    sd: float | None
    quartiles: tuple[float, float, float] | None
    histogram: dict[float, int]


@dataclass(frozen=True, slots=True)
class PredictedLevels:
    """How often each level is predicted, against three distributions it might drift to.

    Attributes
    ----------
    predicted, truth : tuple of float
        Shares by level.
    prior : tuple of float or None
        Shares in the training part (of each fold, weighted by the texts it scores); None where
        a result doesn't record them.
    entropy : float
        Of the predicted levels, in bits.
    evenness : float
        Entropy over that of the uniform distribution: 1 where all levels are predicted alike.
    to_uniform, to_prior, to_truth : float or None
        Total-variation distance, from 0 (the same) to 1.
    n : int
        Texts, counted once a seed.
    """

    predicted: tuple[float, ...]
    truth: tuple[float, ...]
    prior: tuple[float, ...] | None
    entropy: float
    evenness: float
    to_uniform: float
    to_prior: float | None
    to_truth: float
    n: int


Place = tuple[str, str, int]


def level_residuals(
    result: RunResult, *, corpora: Collection[str] | None = None
) -> dict[Place, list[Residuals]]:
    """Residuals of rounded predictions by ``(protocol, probe, layer)``, one entry a true level.

    Parameters
    ----------
    result : RunResult
    corpora : collection of str, optional
        Scored corpora to pool; none means all.
    """
    return {
        place: residuals_of(counts, result.scale)
        for place, counts in confusions(result, corpora).items()
    }


def predicted_levels(
    result: RunResult, *, corpora: Collection[str] | None = None
) -> dict[Place, PredictedLevels]:
    """Distribution of predicted levels by ``(protocol, probe, layer)``."""
    priors = {(split.protocol, split.fold): split for split in result.splits}
    units = _by_place(result, corpora)
    return {
        place: _levels(sum_confusions(found), _prior(found, priors))
        for place, found in units.items()
    }


def confusions(
    result: RunResult, corpora: Collection[str] | None = None
) -> dict[Place, NDArray[np.int64]]:
    """Confusion matrices pooled over corpora and seeds, by ``(protocol, probe, layer)``."""
    return {place: sum_confusions(found) for place, found in _by_place(result, corpora).items()}


def sum_confusions(units: Iterable[UnitRecord]) -> NDArray[np.int64]:
    """Add up confusion matrices, shape ``(C, C)``."""
    total: NDArray[np.int64] = np.array([unit.confusion for unit in units], np.int64).sum(0)
    return total


def row_percentages(confusion: ArrayLike) -> list[list[float | None]]:
    """What the texts of each true level were taken for, in per cent; None without such texts."""
    counts = np.asarray(confusion, dtype=np.int64)
    return [
        [100.0 * int(cell) / int(row.sum()) for cell in row] if row.sum() else [None] * len(row)
        for row in counts
    ]


def entropy(shares: ArrayLike) -> float:
    """Shannon entropy in bits, with ``0 log 0 = 0``."""
    p = np.asarray(shares, dtype=np.float64)
    p = p[p > 0]
    return float(-(p * np.log2(p)).sum()) + 0.0


def total_variation(first: ArrayLike, second: ArrayLike) -> float:
    """Total-variation distance of two distributions: half the sum of absolute differences."""
    return float(np.abs(np.asarray(first, np.float64) - np.asarray(second, np.float64)).sum() / 2)


def _pooled(result: RunResult, corpora: Collection[str] | None) -> set[str]:
    names = {record.card.name for record in result.corpora}
    return names if corpora is None else names & set(corpora)


def _by_place(result: RunResult, corpora: Collection[str] | None) -> dict[Place, list[UnitRecord]]:
    names = _pooled(result, corpora)
    found: dict[Place, list[UnitRecord]] = {}
    for unit in result.units:
        if unit.corpus in names and unit.n:
            found.setdefault((unit.protocol, unit.probe, unit.layer), []).append(unit)
    return found


def residuals_of(counts: NDArray[np.int64], scale: Sequence[str]) -> list[Residuals]:
    """Residuals of one confusion matrix, one entry a true level."""
    offsets = np.arange(len(scale), dtype=np.float64)
    entries = []
    for gold, (level, row) in enumerate(zip(scale, counts, strict=True)):
        seen = row > 0
        values, weight = (offsets - gold)[seen], row[seen]
        histogram = dict(zip(values.tolist(), weight.tolist(), strict=True))
        entries.append(_describe(level, np.repeat(values, weight), histogram))
    return entries


def _describe(level: str, values: Floats, histogram: dict[float, int]) -> Residuals:
    """Describe ascending residuals."""
    if not len(values):
        return Residuals(level, 0, None, None, None, {})
    first, middle, third = np.quantile(values, [0.25, 0.5, 0.75], method="inverted_cdf").tolist()
    return Residuals(
        level=level,
        n=len(values),
        mean=float(values.mean()),
        sd=float(values.std()),
        quartiles=(first, middle, third),
        histogram=histogram,
    )


def _prior(
    units: Sequence[UnitRecord], splits: dict[tuple[str, str], SplitRecord]
) -> Floats | None:
    """Training prior that a scored text met, on average over texts."""
    total = np.zeros(len(units[0].confusion))
    for unit in units:
        split = splits.get((unit.protocol, unit.fold))
        if split is None or not sum(split.train_levels):
            return None
        total += unit.n * np.array(split.train_levels) / sum(split.train_levels)
    prior: Floats = total / total.sum()
    return prior


def _levels(counts: NDArray[np.int64], prior: Floats | None) -> PredictedLevels:
    n = int(counts.sum())
    predicted, truth = counts.sum(0) / n, counts.sum(1) / n
    uniform = np.full(len(counts), 1 / len(counts))
    bits = entropy(predicted)
    return PredictedLevels(
        predicted=tuple(predicted.tolist()),
        truth=tuple(truth.tolist()),
        prior=None if prior is None else tuple(prior.tolist()),
        entropy=bits,
        evenness=bits / entropy(uniform),
        to_uniform=total_variation(predicted, uniform),
        to_prior=None if prior is None else total_variation(predicted, prior),
        to_truth=total_variation(predicted, truth),
        n=n,
    )
