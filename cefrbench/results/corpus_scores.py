"""Score a corpus under a protocol: the texts of all its folds taken together.

Five folds in distribution score each text of a corpus once; its score is that of all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cefrbench.results.model import ChoiceRecord, CorpusScore, UnitRecord
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.selection import run_of
from cefrbench.statistics.continuous import rank_scores
from cefrbench.statistics.scores import Scores, Sums, all_scores, scores, tally

#: Protocol, corpus, probe, seed.
Place = tuple[str, str, str, "int | None"]


@dataclass(frozen=True, slots=True, eq=False)
class ScoredPart:
    """What one fold predicted of one corpus; all arrays are parallel.

    Attributes
    ----------
    place : tuple
        Protocol, corpus, probe, seed.
    keys : ndarray of str
        Of the texts.
    low, high : ndarray of int64
    values : ndarray of float64
    scores : ndarray of float64, optional
        Continuous scores.
    clip : bool
        Whether errors are of predictions clipped to the scale.
    """

    place: Place
    keys: NDArray[np.str_]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    values: NDArray[np.float64]
    scores: NDArray[np.float64] | None
    clip: bool = True


def corpus_scores(
    parts: Iterable[ScoredPart], n_classes: int, *, layer: int | None
) -> Iterator[CorpusScore]:
    """Score the parts of each place together.

    Parameters
    ----------
    parts : iterable of ScoredPart
    n_classes : int
    layer : int or None
        What the records say of it; None: in each fold the layer that counts there.
    """
    found: dict[Place, list[ScoredPart]] = {}
    for part in parts:
        found.setdefault(part.place, []).append(part)
    for (protocol, corpus, probe, seed), own in found.items():
        yield CorpusScore(
            protocol=protocol,
            corpus=corpus,
            probe=probe,
            layer=layer,
            seed=seed,
            n=sum(len(part.values) for part in own),
            scores=_score(own, n_classes),
        )


def _score(parts: list[ScoredPart], n_classes: int) -> Scores:
    keys, low, high, values = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("keys", "low", "high", "values")
    )
    counted = tally(values, low, high, n_classes, clip=parts[0].clip)
    found = scores(counted.confusion, counted.sums)
    ranked = [part.scores for part in parts if part.scores is not None]
    if len(ranked) < len(parts):
        return found
    order = np.argsort(keys, kind="stable")
    spearman, recut = rank_scores(np.concatenate(ranked)[order], low[order], high[order], n_classes)
    return found.model_copy(update={"spearman": spearman, "recut": recut})


def layer_scores(units: Iterable[UnitRecord]) -> list[CorpusScore]:
    """Scores of each layer that follow from confusion matrices and sums: all but those of ranks.

    One a protocol, corpus, probe, layer and seed, in the order of their first units.
    """
    found: dict[tuple[Place, int], list[UnitRecord]] = {}
    for unit in units:
        place = unit.protocol, unit.corpus, unit.probe, unit.seed
        found.setdefault((place, unit.layer), []).append(unit)
    confusions = [np.sum([u.confusion for u in own], axis=0) for own in found.values()]
    sums = [
        Sums(**{name: math.fsum(getattr(u.sums, name) for u in own) for name in Sums.model_fields})
        for own in found.values()
    ]
    return [
        CorpusScore(
            protocol=protocol,
            corpus=corpus,
            probe=probe,
            layer=layer,
            seed=seed,
            n=sum(unit.n for unit in own),
            scores=of_sums,
        )
        for (((protocol, corpus, probe, seed), layer), own), of_sums in zip(
            found.items(), all_scores(confusions, sums), strict=True
        )
    ]


def choice_scores(
    table: PredictionTable, choices: Iterable[ChoiceRecord], n_classes: int
) -> tuple[CorpusScore, ...]:
    """Score stored predictions at the layers that were chosen; what is of layer 0 is left out.

    Parameters
    ----------
    table : PredictionTable
    choices : iterable of ChoiceRecord
    n_classes : int
    """
    chosen = {run_of(choice): choice.layer for choice in choices}
    parts = (
        ScoredPart(
            (key.protocol, key.corpus, key.probe, key.seed),
            rows.text,
            rows.low,
            rows.high,
            rows.prediction,
            None if np.isnan(rows.score).any() else rows.score,
        )
        for key, rows in table.units()
        if chosen.get((key.protocol, key.fold, key.probe, key.seed)) == key.layer
    )
    return tuple(corpus_scores(parts, n_classes, layer=None))
