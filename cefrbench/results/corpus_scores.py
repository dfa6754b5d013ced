"""Score a corpus under a protocol: the texts of all its folds taken together.

Five folds in distribution score each text of a corpus once; its score is that of all of them. Most
scores follow from the units. Those of continuous predictions (:data:`.CONTINUOUS`) don't: they are
computed while predictions pass by, for every layer, and can be computed again where predictions of
all the texts are stored.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cefrbench.results.levels import scores_in_levels
from cefrbench.results.model import ChoiceRecord, CorpusScore, UnitRecord
from cefrbench.results.predictions import PredictionTable, UnitKey
from cefrbench.results.selection import run_of
from cefrbench.statistics.continuous import RECUT, SPEARMAN
from cefrbench.statistics.matched import LOCATED, SCALED
from cefrbench.statistics.ranking import rank_all
from cefrbench.statistics.scores import CONTINUOUS, Scores, Sums, all_scores
from cefrbench.statistics.scoring import Floats

#: Protocol, corpus, probe, seed, layer; no layer means: in each fold the one that was chosen.
Place: TypeAlias = "tuple[str, str, str, int | None, int | None]"
#: Scores that results of schema 2.0 don't hold.
NOT_YET: Final[dict[str, float | None]] = {"located": None, "scaled": None}


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
        (place_of(score, score.layer), score.n): {
            name: getattr(score.scores, name) for name in CONTINUOUS
        }
        for score in known
        if score.layer is not None
    }
    continuous |= scores_at(table, choices, n_classes)
    return tuple(
        score.model_copy(update={"scores": score.scores.model_copy(update=own)})
        if (own := continuous.get((place_of(score, score.layer), score.n)))
        else score
        for score in found
    )


def as_of(version: str, scores: Sequence[CorpusScore]) -> tuple[CorpusScore, ...]:
    """Leave out the scores that results of a schema version don't hold."""
    if version != "2.0":
        return tuple(scores)
    return tuple(
        score.model_copy(update={"scores": score.scores.model_copy(update=NOT_YET)})
        for score in scores
    )


def layer_scores(units: Iterable[UnitRecord]) -> list[CorpusScore]:
    """Scores of each layer, without those of continuous predictions.

    One a protocol, corpus, probe, layer and seed, in the order of their first units.
    """
    found: dict[Place, list[UnitRecord]] = {}
    for unit in units:
        found.setdefault(place_of(unit, unit.layer), []).append(unit)
    return _scored(found)


def choice_scores(
    units: Iterable[UnitRecord], choices: Iterable[ChoiceRecord]
) -> list[CorpusScore]:
    """Scores at the layers that were chosen, fold by fold, likewise."""
    chosen = {run_of(choice): choice.layer for choice in choices}
    found: dict[Place, list[UnitRecord]] = {}
    for unit in units:
        if chosen.get(run_of(unit)) == unit.layer:
            found.setdefault(place_of(unit, None), []).append(unit)
    return _scored(found)


def place_of(record: UnitRecord | CorpusScore, layer: int | None) -> Place:
    """Where a unit or score stands, at some layer."""
    return record.protocol, record.corpus, record.probe, record.seed, layer


def _scored(found: Mapping[Place, Sequence[UnitRecord]]) -> list[CorpusScore]:
    """Score the units of each place together: confusion matrices and sums add up."""
    if not found:
        return []
    each = np.array([unit.confusion for own in found.values() for unit in own], dtype=np.int64)
    begins = np.cumsum([0, *(len(own) for own in found.values())])[:-1]
    confusions = np.add.reduceat(each, begins, axis=0)
    sums = [_added(own) for own in found.values()]
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


def _added(units: Sequence[UnitRecord]) -> Sums:
    if len(units) == 1:
        return units[0].sums
    parts = zip(*(unit.sums.numbers for unit in units), strict=True)
    return Sums(**dict(zip(Sums.model_fields, map(math.fsum, parts), strict=True)))


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
        for (place, n), found in scores_at(table, (), n_classes).items()
    ]


def scores_at(
    table: PredictionTable, choices: Iterable[ChoiceRecord], n_classes: int
) -> dict[tuple[Place, int], dict[str, float | None]]:
    """Scores of continuous predictions by place and number of texts, at layers and choices."""
    chosen = {run_of(choice): choice.layer for choice in choices}
    found: dict[Place, list[int]] = {}
    units = list(table.units())
    for number, (key, _) in enumerate(units):
        own = key.protocol, key.corpus, key.probe, key.seed
        found.setdefault((*own, key.layer), []).append(number)
        if chosen.get((key.protocol, key.fold, key.probe, key.seed)) == key.layer:
            found.setdefault((*own, None), []).append(number)
    ends = np.cumsum([len(rows) for _, rows in units])
    levels = np.split(scores_in_levels(table, n_classes), ends[:-1])
    known = _continuous(dict.fromkeys(map(tuple, found.values())), units, levels, n_classes)
    return {
        (place, sum(len(units[number][1]) for number in numbers)): known[tuple(numbers)]
        for place, numbers in found.items()
    }


class _Sorter:
    """Sorts texts by their keys; the next probe's are mostly the same."""

    def __init__(self) -> None:
        self._known: dict[tuple[int | str, ...], tuple[NDArray[np.str_], NDArray[np.intp]]] = {}

    def order(self, texts: NDArray[np.str_]) -> NDArray[np.intp]:
        """Places of the texts in the order of their keys."""
        place = len(texts), *texts[:1].tolist()
        known, order = self._known.get(place, (texts[:0], np.zeros(0, np.intp)))
        if not np.array_equal(known, texts):
            order = np.argsort(texts, kind="stable")
            self._known[place] = texts, order
        return order


def _continuous(
    wanted: Iterable[tuple[int, ...]],
    units: Sequence[tuple[UnitKey, PredictionTable]],
    levels: Sequence[Floats],
    n_classes: int,
) -> dict[tuple[int, ...], dict[str, float | None]]:
    """Scores of corpora, each some units; undefined where a text has no continuous score.

    Where all folds chose one layer, its score is that of the choice. Those of the same texts are
    ranked at once.
    """
    sorter = _Sorter()
    alike: dict[tuple[bytes, bytes], list[tuple[tuple[int, ...], Floats, Floats]]] = {}
    for numbers in wanted:
        parts = [units[number][1] for number in numbers]
        # By their keys, so that ties are cut alike whatever the order of the folds.
        order = sorter.order(np.concatenate([part.text for part in parts]))
        score, low, high = (
            np.concatenate([getattr(part, name) for part in parts])[order]
            for name in ("score", "low", "high")
        )
        level = np.concatenate([levels[number] for number in numbers])[order]
        alike.setdefault((low.tobytes(), high.tobytes()), []).append((numbers, score, level))
    found: dict[tuple[int, ...], dict[str, float | None]] = {}
    for (lows, highs), own in alike.items():
        low, high = np.frombuffer(lows, np.int64), np.frombuffer(highs, np.int64)
        for place, statistics in ((1, (SPEARMAN, RECUT)), (2, (LOCATED, SCALED))):
            values = np.array([one[place] for one in own])
            defined = ~np.isnan(values).any(1)
            rankings = rank_all(values[defined], low, high, n_classes)
            keys = [one[0] for one, there in zip(own, defined, strict=True) if there]
            for statistic in statistics:
                for key, value in zip(keys, statistic.or_none(rankings), strict=True):
                    found.setdefault(key, dict.fromkeys(CONTINUOUS))[statistic.name] = value
    return {numbers: found.get(numbers, dict.fromkeys(CONTINUOUS)) for numbers in wanted}
