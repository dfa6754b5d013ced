"""Score a corpus under a protocol: the texts of all its folds taken together.

Five folds in distribution score each text of a corpus once; its score is that of all of them. All
but two scores follow from the units. Spearman and recut need ranks, and so predictions: they stand
where those of all the texts are stored.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from cefrbench.results.model import ChoiceRecord, CorpusScore, UnitRecord
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.selection import run_of
from cefrbench.statistics.continuous import rank_scores
from cefrbench.statistics.scores import Sums, all_scores

#: Protocol, corpus, probe, seed, layer; no layer means: in each fold the one that was chosen.
Place: TypeAlias = "tuple[str, str, str, int | None, int | None]"


def corpus_scores(
    units: Sequence[UnitRecord],
    choices: Iterable[ChoiceRecord],
    table: PredictionTable,
    n_classes: int,
) -> tuple[CorpusScore, ...]:
    """Score each layer, in the order of the units, and then what was chosen.

    Parameters
    ----------
    units : sequence of UnitRecord
    choices : iterable of ChoiceRecord
    table : PredictionTable
        Stored predictions: those at the layers that count, and at layer 0.
    n_classes : int
    """
    choices = tuple(choices)
    found = [*layer_scores(units), *choice_scores(units, choices)]
    ranks = _ranks(table, choices, n_classes)
    return tuple(
        score.model_copy(update={"scores": score.scores.model_copy(update=own)})
        if (own := ranks.get((_place(score, score.layer), score.n)))
        else score
        for score in found
    )


def layer_scores(units: Iterable[UnitRecord]) -> list[CorpusScore]:
    """Scores of each layer, without those of ranks.

    One a protocol, corpus, probe, layer and seed, in the order of their first units.
    """
    found: dict[Place, list[UnitRecord]] = {}
    for unit in units:
        found.setdefault(_place(unit, unit.layer), []).append(unit)
    return _scored(found)


def choice_scores(
    units: Iterable[UnitRecord], choices: Iterable[ChoiceRecord]
) -> list[CorpusScore]:
    """Scores at the layers that were chosen, fold by fold, without those of ranks."""
    chosen = {run_of(choice): choice.layer for choice in choices}
    found: dict[Place, list[UnitRecord]] = {}
    for unit in units:
        if chosen.get(run_of(unit)) == unit.layer:
            found.setdefault(_place(unit, None), []).append(unit)
    return _scored(found)


def _place(record: UnitRecord | CorpusScore, layer: int | None) -> Place:
    return record.protocol, record.corpus, record.probe, record.seed, layer


def _scored(found: Mapping[Place, Sequence[UnitRecord]]) -> list[CorpusScore]:
    """Score the units of each place together: confusion matrices and sums add up."""
    confusions = [np.sum([u.confusion for u in own], axis=0) for own in found.values()]
    sums = [
        Sums(**{name: math.fsum(getattr(u.sums, name) for u in own) for name in Sums.model_fields})
        for own in found.values()
    ]
    return [
        CorpusScore(
            protocol=place[0],
            corpus=place[1],
            probe=place[2],
            layer=place[4],
            seed=place[3],
            n=sum(unit.n for unit in own),
            scores=scores,
        )
        for (place, own), scores in zip(found.items(), all_scores(confusions, sums), strict=True)
    ]


def _ranks(
    table: PredictionTable, choices: Iterable[ChoiceRecord], n_classes: int
) -> dict[tuple[Place, int], dict[str, float | None]]:
    """Scores of ranks by place and number of texts, where every text has a continuous score."""
    chosen = {run_of(choice): choice.layer for choice in choices}
    found: dict[Place, list[PredictionTable]] = {}
    for key, rows in table.units():
        own = key.protocol, key.corpus, key.probe, key.seed
        found.setdefault((*own, key.layer), []).append(rows)
        if chosen.get((key.protocol, key.fold, key.probe, key.seed)) == key.layer:
            found.setdefault((*own, None), []).append(rows)
    ranks: dict[tuple[Place, int], dict[str, float | None]] = {}
    for place, parts in found.items():
        whole = PredictionTable.concat(parts)
        if np.isnan(whole.score).any():
            continue
        # By their keys, so that ties are cut alike whatever the order of the folds.
        rows = whole.take(np.argsort(whole.text, kind="stable"))
        spearman, recut = rank_scores(rows.score, rows.low, rows.high, n_classes)
        ranks[place, len(rows)] = {"spearman": spearman, "recut": recut}
    return ranks
