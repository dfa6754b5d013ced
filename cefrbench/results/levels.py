"""Continuous scores of stored predictions, put on the scale of levels fit by fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cefrbench.results.predictions import PredictionTable
from cefrbench.statistics.matched import cut_scores, is_cut, level_scores
from cefrbench.statistics.scoring import Floats

#: Protocol, fold, probe, seed, layer: one fit.
Fit = tuple[str, str, str, int | None, int]


def as_levels(table: PredictionTable, n_classes: int) -> PredictionTable:
    """Replace continuous scores by scores in levels; NaN where a fit's unit is unknown.

    A fit's cuts are taken from all the texts that it scored, whatever their corpus; those of a
    refit from its own.
    """
    score = scores_in_levels(table, n_classes)
    refits = np.full(table.refit_score.shape, np.nan, dtype=np.float64)
    for rows in _fits(table):
        prediction, own = table.prediction[rows], table.score[rows]
        if np.isnan(score[rows]).any():
            continue
        drawn = table.refit_score[rows].astype(np.float64)
        if is_cut(prediction, own):
            drawn = _refitted(table.refit_prediction[rows].astype(np.float64), drawn, n_classes)
        refits[rows] = drawn
    return replace(table, score=score, refit_score=refits.astype(np.float16))


def scores_in_levels(table: PredictionTable, n_classes: int) -> Floats:
    """Continuous scores of all rows, in levels; NaN where a fit's unit is unknown."""
    score = np.full(len(table), np.nan)
    for rows in _fits(table):
        found = level_scores(table.prediction[rows], table.score[rows], n_classes)
        if found is not None:
            score[rows] = found
    return score


def _refitted(predictions: Floats, scores: Floats, n_classes: int) -> Floats:
    """Scores of refits in levels, shape ``(n, replicates)``."""
    found = np.full(scores.shape, np.nan)
    for r in range(scores.shape[1]):
        if not np.isnan(scores[:, r]).any():
            found[:, r] = cut_scores(predictions[:, r], scores[:, r], n_classes)
    return found


def _fits(table: PredictionTable) -> list[NDArray[np.intp]]:
    """Rows of each fit."""
    found: dict[Fit, list[NDArray[np.intp]]] = {}
    start = 0
    for key, unit in table.units():
        fit = key.protocol, key.fold, key.probe, key.seed, key.layer
        found.setdefault(fit, []).append(np.arange(start, start + len(unit)))
        start += len(unit)
    return [np.concatenate(parts) for parts in found.values()]
