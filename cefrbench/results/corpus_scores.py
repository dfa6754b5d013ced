"""Score a corpus under a protocol: the texts of all its folds taken together.

Five folds in distribution score each text of a corpus once; its score is that of all of them. Most
scores follow from the units. Those of continuous predictions (:data:`.CONTINUOUS`) don't: they are
computed while predictions pass by, for every layer, and can be computed again where predictions of
all the texts are stored.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from cefrbench.results.levels import as_levels
from cefrbench.results.model import ChoiceRecord, CorpusScore, UnitRecord
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.selection import run_of
from cefrbench.statistics.continuous import rank_scores
from cefrbench.statistics.matched import matched_scores
from cefrbench.statistics.scores import CONTINUOUS, Scores, Sums, all_scores
from cefrbench.statistics.scoring import Floats

#: Protocol, corpus, probe, seed, layer; no layer means: in each fold the one that was chosen.
Place: TypeAlias = "tuple[str, str, str, int | None, int | None]"


def corpus_scores(
    units: Sequence[UnitRecord],
    choices: Iterable[ChoiceRecord],
    table: PredictionTable,
    n_classes: int,
    known: Iterable[CorpusScore] = (),
) -> tuple[CorpusScore, ...]:
    """Score each layer, in the order of the units, and then what was chosen.

    Parameters
    ----------
    units : sequence of UnitRecord
    choices : iterable of ChoiceRecord
    table : PredictionTable
        Stored predictions: those at the layers that count, and at layer 0.
    n_classes : int
    known : iterable of CorpusScore
        Scores of continuous predictions that are not in the table.
    """
    choices = tuple(choices)
    found = [*layer_scores(units), *choice_scores(units, choices)]
    continuous: dict[tuple[Place, int], dict[str, float | None]] = {
        (_place(score, score.layer), score.n): {
            name: getattr(score.scores, name) for name in CONTINUOUS
        }
        for score in known
        if score.layer is not None
    }
    continuous |= _at_choice(table, choices, n_classes)
    return tuple(
        score.model_copy(update={"scores": score.scores.model_copy(update=own)})
        if (own := continuous.get((_place(score, score.layer), score.n)))
        else score
        for score in found
    )


def as_of(version: str, scores: Sequence[CorpusScore]) -> tuple[CorpusScore, ...]:
    """Leave out the scores that results of a schema version don't hold."""
    if version != "2.0":
        return tuple(scores)
    none = {"located": None, "scaled": None}
    return tuple(
        score.model_copy(update={"scores": score.scores.model_copy(update=none)})
        for score in scores
    )


def layer_scores(units: Iterable[UnitRecord]) -> list[CorpusScore]:
    """Scores of each layer, without those of continuous predictions.

    One a protocol, corpus, probe, layer and seed, in the order of their first units.
    """
    found: dict[Place, list[UnitRecord]] = {}
    for unit in units:
        found.setdefault(_place(unit, unit.layer), []).append(unit)
    return _scored(found)


def choice_scores(
    units: Iterable[UnitRecord], choices: Iterable[ChoiceRecord]
) -> list[CorpusScore]:
    """Scores at the layers that were chosen, fold by fold, likewise."""
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


def continuous_scores(table: PredictionTable, n_classes: int) -> list[CorpusScore]:
    """Score the continuous predictions of each layer: nothing else stands in these records."""
    return [
        CorpusScore(
            protocol=place[0],
            corpus=place[1],
            probe=place[2],
            seed=place[3],
            layer=place[4],
            n=n,
            scores=Scores.undefined().model_copy(update=found),
        )
        for (place, n), found in _at_choice(table, (), n_classes).items()
    ]


def _at_choice(
    table: PredictionTable, choices: Iterable[ChoiceRecord], n_classes: int
) -> dict[tuple[Place, int], dict[str, float | None]]:
    """Scores of continuous predictions by place and number of texts, at layers and choices."""
    chosen = {run_of(choice): choice.layer for choice in choices}
    found: dict[Place, list[PredictionTable]] = {}
    levels: dict[Place, list[Floats]] = {}
    in_levels, start = as_levels(table.without_refits(), n_classes).score, 0
    for key, rows in table.units():
        own = key.protocol, key.corpus, key.probe, key.seed
        places: list[Place] = [(*own, key.layer)]
        if chosen.get((key.protocol, key.fold, key.probe, key.seed)) == key.layer:
            places.append((*own, None))
        for place in places:
            found.setdefault(place, []).append(rows)
            levels.setdefault(place, []).append(in_levels[start : start + len(rows)])
        start += len(rows)
    return {
        (place, sum(map(len, parts))): _continuous(parts, levels[place], n_classes)
        for place, parts in found.items()
    }


def _continuous(
    parts: Sequence[PredictionTable], levels: Sequence[Floats], n_classes: int
) -> dict[str, float | None]:
    """Scores of one corpus, undefined where a text has no continuous score."""
    whole, level = PredictionTable.concat(parts), np.concatenate(levels)
    if np.isnan(whole.score).any():
        return dict.fromkeys(CONTINUOUS)
    # By their keys, so that ties are cut alike whatever the order of the folds.
    order = np.argsort(whole.text, kind="stable")
    rows, level = whole.take(order), level[order]
    ranks = rank_scores(rows.score, rows.low, rows.high, n_classes)
    matched: tuple[float | None, float | None] = (None, None)
    if not np.isnan(level).any():
        matched = matched_scores(level, rows.low, rows.high, n_classes)
    return dict(zip(CONTINUOUS, (*ranks, *matched), strict=True))
