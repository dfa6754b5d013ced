"""Bands around the curve of a score by layer, from confusion matrices alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from cefrbench.results.model import UnitRecord
from cefrbench.statistics.intervals import Interval, ends
from cefrbench.statistics.scoring import SUM_STATISTICS, Floats, SumStatistic, cell_outcomes

#: Seed and corpus.
Place = tuple[int | None, str]


def layer_bands(
    units: Iterable[UnitRecord], corpora: Collection[str], score: str = "qwk"
) -> dict[tuple[str, str, int], Interval]:
    """Interval of the mean over corpora at every layer, by ``(protocol, probe, layer)``.

    Most layers have no stored predictions, so these come from the confusion matrices by the
    jackknife, which the bootstrap approximates; fits are held fixed, and the folds that score one
    corpus are taken together. What a text does to one seed it is taken to do to all; the seeds'
    own spread is added.

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
    layers: dict[tuple[str, str, int], dict[Place, Floats]] = {}
    own = [unit for unit in units if unit.corpus in corpora]
    if not own:
        return {}
    confusions = np.array([unit.confusion for unit in own], dtype=np.float64)
    for unit, confusion in zip(own, confusions, strict=True):
        found = layers.setdefault((unit.protocol, unit.probe, unit.layer), {})
        place = unit.seed, unit.corpus
        found[place] = found[place] + confusion if place in found else confusion
    every = np.array([one for counts in layers.values() for one in counts.values()])
    moments = _jackknife(every, statistic)
    ends_at = np.cumsum([len(counts) for counts in layers.values()])
    return {
        key: _band(counts, own, statistic)
        for (key, counts), own in zip(
            layers.items(), np.split(moments, ends_at[:-1], axis=1), strict=True
        )
    }


def _jackknife(counts: Floats, statistic: SumStatistic) -> Floats:
    """Score of each confusion matrix, its standard error and its bias, shape ``(3, matrices)``."""
    columns = statistic.columns(cell_outcomes(counts.shape[1]))
    cells = counts.reshape(len(counts), -1)
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


def _band(counts: Mapping[Place, Floats], moments: Floats, statistic: SumStatistic) -> Interval:
    """Interval of the mean over corpora, then over seeds."""
    parts = {corpus: p for p, corpus in enumerate(dict.fromkeys(corpus for _, corpus in counts))}
    seeds = {seed: s for s, seed in enumerate(dict.fromkeys(seed for seed, _ in counts))}
    grid = np.full((3, len(seeds), len(parts)), np.nan)
    for (seed, corpus), moment in zip(counts, moments.T, strict=True):
        if not np.isnan(moment[0]):
            grid[:, seeds[seed], parts[corpus]] = moment
    defined = ~np.isnan(grid[0])
    texts = int(sum({corpus: one.sum() for (_, corpus), one in counts.items()}.values()))
    if not defined.any():
        return Interval(None, None, None, None, texts, 0)
    by_seed = _row_means(grid[0], defined)
    variance = (_row_means(grid[1].T, defined.T) ** 2).sum() / defined.any(0).sum() ** 2
    if len(by_seed) > 1:
        variance += by_seed.var(ddof=1) / len(by_seed)
    estimate = float(by_seed.mean())
    centre = estimate - float(_row_means(grid[2], defined).mean())
    s = float(np.sqrt(variance))
    low, high = ends(estimate, centre, s, statistic.link, statistic.bounds)
    return Interval(estimate, low, high, s, texts, 0)


def _row_means(values: Floats, defined: NDArray[np.bool_]) -> Floats:
    """Mean of each row over what is defined, for rows where anything is."""
    some = defined.any(1)
    total: Floats = np.where(defined, np.nan_to_num(values), 0.0).sum(1)[some]
    mean: Floats = total / defined.sum(1)[some]
    return mean
