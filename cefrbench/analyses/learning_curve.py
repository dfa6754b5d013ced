"""`learning-curve`: how scores grow with the number of training texts, in and out of distribution.

Of each fold's training texts a number is drawn, simply at random and of all corpora together; a
larger number has all texts of a smaller one. The layer stays the one that was chosen with all of
them; the penalty is chosen anew, on what the fold's inner cuts hold out of the texts drawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cefrbench.analyses.chosen import Anew, Chosen, Doubles, choices_of, fit_anew, inside
from cefrbench.analyses.curves import Curve, by_key, score
from cefrbench.analyses.labels import chances
from cefrbench.analyses.price import favoured, records
from cefrbench.analyses.studied import Studied, Yielded
from cefrbench.contracts.probe import FoldFit
from cefrbench.essays import EssayTable, Ints
from cefrbench.probing.fit import FitFailure
from cefrbench.results.model import AnalysisNote

NAME = "learning-curve"
PROTOCOLS = ("iid", "lofo")
#: Numbers of training texts; all of them stand beside.
SIZES = (100, 200, 400, 800)
#: Times that they are drawn.
DRAWS = 10
#: What all training texts are called among targets.
ALL = "all"


@dataclass(slots=True)
class Spread:
    """Predictions of one draw over the folds of one protocol, one entry a row of the table."""

    values: Doubles
    scores: Doubles

    @classmethod
    def over(cls, table: EssayTable) -> Spread:
        """Nothing predicted yet."""
        return cls(np.full(len(table), np.nan), np.full(len(table), np.nan))

    def take(self, rows: Ints, fit: FoldFit) -> None:
        """Take one fold's predictions of its rows."""
        self.values[rows] = fit.predictions
        if fit.scores is not None:
            self.scores[rows] = fit.scores

    def score(self, table: EssayTable, rows: Ints) -> dict[str, float]:
        """Scores of one corpus's texts; undefined where a fold failed."""
        return score(table, rows, self.values[rows], self.scores[rows])


def learning_curve(studied: Studied) -> Yielded:
    """Fit the favoured probe on so many training texts of each fold.

    Parameters
    ----------
    studied : Studied
    """
    probe = favoured(studied)
    for protocol in PROTOCOLS:
        chosen = choices_of(studied, protocol, probe)
        if not chosen:
            cause = f"No fold of {protocol} was run."
            yield AnalysisNote(analysis=NAME, protocol=protocol, cause=cause)
            continue
        least = min(texts_in(studied.table, one.fold.train) for one in chosen)
        sizes = [size for size in SIZES if size < least]
        if missing := [str(size) for size in SIZES if size >= least]:
            cause = f"{', '.join(missing)} can't be drawn: one training set has {least} texts."
            yield AnalysisNote(analysis=NAME, protocol=protocol, cause=cause)
        yield from _curve(studied, chosen, sizes)


def _curve(studied: Studied, chosen: Sequence[Chosen], sizes: Sequence[int]) -> Yielded:
    table = studied.table
    asked: list[Anew] = []
    places: list[tuple[int, int]] = []
    for whole_fold in chosen:
        fold = whole_fold.fold
        predict = np.concatenate(list(fold.scored.values()))
        for draw, order in enumerate(orders(table, fold.train, studied.seed)):
            for size in sizes:
                train = first_texts(table, fold.train, order, size)
                asked.append(Anew(whole_fold, train, predict, inside(fold.inner, train)))
                places.append((size, draw))
    spreads: dict[tuple[int, int], Spread] = defaultdict(lambda: Spread.over(table))
    failures = []
    for one, place, fit in zip(asked, places, fit_anew(studied, asked, NAME), strict=True):
        if isinstance(fit, FitFailure):
            failures.append(fit.message)
        else:
            spreads[place].take(one.predict, fit)
    protocol, probe = chosen[0].protocol, chosen[0].probe.name
    if failures:
        cause = f"{len(failures)} fits failed, the first one so: {failures[0]}"
        yield AnalysisNote(analysis=NAME, protocol=protocol, cause=cause)
    curve, scored = Curve(), scored_rows(table, chosen)
    for (size, _), spread in sorted(spreads.items()):
        for corpus, rows in scored.items():
            curve.add(corpus, size, len(rows), spread.score(table, rows))
    yield from records(NAME, protocol, probe, curve, tuple(scored))
    yield from records(NAME, protocol, probe, whole(table, chosen), tuple(scored), target=ALL)


def orders(table: EssayTable, train: Ints, seed: int) -> Sequence[Ints]:
    """Orders of the units of a training set, one a draw; keyed by text, as all draws are."""
    rows = first_rows(table, train)
    places = np.argsort(chances(table, rows, DRAWS, seed), axis=0, kind="stable")
    return [table.unit[rows[place]] for place in places.T]


def first_texts(table: EssayTable, train: Ints, order: Ints, size: int) -> Ints:
    """Training rows of the first so many texts of an order."""
    return train[np.isin(table.unit[train], order[:size])]


def first_rows(table: EssayTable, rows: Ints) -> Ints:
    """One row of each text, in the order of the table."""
    _, first = np.unique(table.unit[rows], return_index=True)
    return np.sort(rows[first])


def texts_in(table: EssayTable, rows: Ints) -> int:
    """How many texts some rows are."""
    return len(np.unique(table.unit[rows]))


def scored_rows(table: EssayTable, chosen: Sequence[Chosen]) -> dict[str, Ints]:
    """Rows that all folds together score, by corpus, in the order of the texts' keys."""
    parts: dict[str, list[Ints]] = defaultdict(list)
    for one in chosen:
        for corpus, rows in one.fold.scored.items():
            parts[corpus].append(rows)
    return {corpus: by_key(table, np.concatenate(found)) for corpus, found in parts.items()}


def whole(table: EssayTable, chosen: Sequence[Chosen]) -> Curve:
    """What the kept predictions score, at the mean size of the folds' training sets."""
    curve, spread = Curve(), Spread.over(table)
    for one in chosen:
        for rows in one.fold.scored.values():
            spread.values[rows], spread.scores[rows] = one.values[rows], one.scores[rows]
    size = round(float(np.mean([texts_in(table, one.fold.train) for one in chosen])))
    for corpus, rows in scored_rows(table, chosen).items():
        curve.add(corpus, size, len(rows), spread.score(table, rows))
    return curve
