"""Bands around the curve of a score by layer, from confusion matrices alone.

They hold the fitted probes fixed: no layer but the chosen one is fitted anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cefrbench.results.model import UnitRecord
from cefrbench.results.residuals import sum_confusions
from cefrbench.statistics.intervals import Interval, ends
from cefrbench.statistics.scoring import SUM_STATISTICS, Floats, SumStatistic, cell_outcomes


def layer_bands(
    units: Iterable[UnitRecord], corpora: Collection[str], score: str = "qwk"
) -> dict[tuple[str, str, int], Interval]:
    """Interval of the mean over corpora at every layer, by ``(protocol, probe, layer)``.

    Most layers have no stored predictions, so these come from the confusion matrices by the
    jackknife, which the bootstrap approximates. The folds that score one corpus are taken together,
    as in :mod:`cefrbench.results.corpus_scores`. What a text does to one seed it is taken to do to
    all; the seeds' own spread is added.

    Parameters
    ----------
    units : iterable of UnitRecord
    corpora : collection of str
        Corpora in the mean: groups are left out.
    score : {"qwk", "macro_f1", "accuracy", "adjacent"}
    """
    statistic = SUM_STATISTICS.get(score)
    if statistic is None or not statistic.from_cells:
        raise ValueError(f"{score} needs unrounded predictions, not a confusion matrix")
    counted = _pooled(unit for unit in units if unit.corpus in corpora)
    if not counted:
        return {}
    moments = _jackknife(counted, statistic)
    layers: dict[tuple[str, str, int], list[int]] = {}
    for u, unit in enumerate(counted):
        layers.setdefault((unit.protocol, unit.probe, unit.layer), []).append(u)
    return {
        key: _band([counted[u] for u in found], moments[:, found], statistic)
        for key, found in layers.items()
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Pooled:
    """One corpus at one layer with one seed, the texts of all folds together."""

    protocol: str
    corpus: str
    probe: str
    layer: int
    seed: int | None
    confusion: NDArray[np.int64]

    @property
    def n(self) -> int:
        return int(self.confusion.sum())


def _pooled(units: Iterable[UnitRecord]) -> list[_Pooled]:
    found: dict[tuple[str, str, str, int, int | None], list[UnitRecord]] = defaultdict(list)
    for u in units:
        found[u.protocol, u.corpus, u.probe, u.layer, u.seed].append(u)
    return [_Pooled(*place, sum_confusions(own)) for place, own in found.items()]


def _jackknife(units: list[_Pooled], statistic: SumStatistic) -> Floats:
    """Score of each unit, its standard error and its bias, shape ``(3, units)``."""
    counts = np.array([unit.confusion for unit in units], dtype=np.float64)
    columns = statistic.columns(cell_outcomes(counts.shape[1]))
    cells = counts.reshape(len(units), -1)
    total = cells @ columns
    scores = statistic.value(total)
    # Nothing can be left out of an empty cell: what the formula gives there is not used.
    with np.errstate(divide="ignore", invalid="ignore"):
        without = statistic.value(total[:, None] - columns)
    loss = np.nan_to_num(np.where(cells > 0, scores[:, None] - without, np.nan))
    n = cells.sum(1)
    mean_loss = (cells * loss).sum(1) / np.maximum(n, 1)
    error = np.sqrt((cells * (loss - mean_loss[:, None]) ** 2).sum(1))
    return np.stack([scores, error, -(n - 1) * mean_loss])


def _band(units: list[_Pooled], moments: Floats, statistic: SumStatistic) -> Interval:
    """Interval of the mean over corpora, then over seeds."""
    parts = {corpus: p for p, corpus in enumerate(dict.fromkeys(unit.corpus for unit in units))}
    seeds = {seed: s for s, seed in enumerate(dict.fromkeys(unit.seed for unit in units))}
    grid = np.full((3, len(seeds), len(parts)), np.nan)
    for unit, moment in zip(units, moments.T, strict=True):
        if not np.isnan(moment[0]):
            grid[:, seeds[unit.seed], parts[unit.corpus]] = moment
    defined = ~np.isnan(grid[0])
    if not defined.any():
        return Interval(None, None, None, None, sum(unit.n for unit in units), 0)
    by_seed = _row_means(grid[0], defined)
    variance = (_row_means(grid[1].T, defined.T) ** 2).sum() / defined.any(0).sum() ** 2
    if len(by_seed) > 1:
        variance += by_seed.var(ddof=1) / len(by_seed)
    estimate = float(by_seed.mean())
    centre = estimate - float(_row_means(grid[2], defined).mean())
    s = float(np.sqrt(variance))
    low, high = ends(estimate, centre, s, statistic.link, statistic.bounds)
    texts = sum({unit.corpus: unit.n for unit in units}.values())
    return Interval(estimate, low, high, s, texts, 0)


def _row_means(values: Floats, defined: NDArray[np.bool_]) -> Floats:
    """Mean of each row over what is defined, for rows where anything is."""
    some = defined.any(1)
    total: Floats = np.where(defined, np.nan_to_num(values), 0.0).sum(1)[some]
    mean: Floats = total / defined.sum(1)[some]
    return mean
