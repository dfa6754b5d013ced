"""`mixed`: how scores of an unseen family grow with the number of families trained on.

Of the families that a fold trains on every set of k is fitted by itself, or ten of them drawn at
random where there are more; all of them together are what the run has fitted. More families are
more texts too: the number of training texts stands beside, as a measure of its own. The layer stays
the one that was chosen with all families; the penalty is chosen anew, by leaving out in turn the
families of the set, or as the standard does with a single one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb

import numpy as np

from cefrbench.analyses.chosen import Anew, Chosen, Doubles, choices_of, fit_anew
from cefrbench.analyses.curves import Curve, by_key, score
from cefrbench.analyses.learning_curve import texts_in
from cefrbench.analyses.price import PROTOCOL, favoured, records
from cefrbench.analyses.studied import Studied, Yielded
from cefrbench.contracts.probe import FoldFit
from cefrbench.essays import EssayTable, Ints
from cefrbench.folds import across
from cefrbench.results.model import AnalysisNote
from cefrbench.statistics.resampling import stream

NAME = "mixed"
#: Most sets of families that are fitted for one k and fold.
SETS = 10
#: Measure beside the scores.
TEXTS = "train_texts"


def mixed(studied: Studied) -> Yielded:
    """Fit the favoured probe on sets of the families that each fold trains on.

    Parameters
    ----------
    studied : Studied
    """
    table, probe, curve = studied.table, favoured(studied), Curve()
    chosen = choices_of(studied, PROTOCOL, probe)
    if not chosen:
        cause = f"No fold of {PROTOCOL} was run, so no family is unseen."
        yield AnalysisNote(analysis=NAME, protocol=PROTOCOL, cause=cause)
        return
    asked: list[Anew] = []
    sizes: list[int] = []
    for fold in chosen:
        predict = np.concatenate(list(fold.fold.scored.values()))
        for size, train in sets_of_families(table, fold, studied.seed):
            asked.append(Anew(fold, train, predict, across(table, train, studied.seed)))
            sizes.append(size)
    for one, size, fit in zip(asked, sizes, fit_anew(studied, asked, NAME), strict=True):
        values, scores = (np.full(len(table), np.nan) for _ in range(2))
        if isinstance(fit, FoldFit):
            values[one.predict] = fit.predictions
            scores[one.predict] = np.nan if fit.scores is None else fit.scores
        else:
            cause = f"A fit on {size} of the families failed: {fit.message}"
            yield AnalysisNote(
                analysis=NAME, protocol=PROTOCOL, corpus=one.chosen.fold.name, cause=cause
            )
        _add(table, one.chosen, one.train, size, (values, scores), curve)
    for whole in chosen:
        every, train = len(parts_by_family(table, whole.fold.train)), whole.fold.train
        _add(table, whole, train, every, (whole.values, whole.scores), curve)
    corpora = [corpus for one in chosen for corpus in one.fold.scored]
    yield from records(NAME, PROTOCOL, probe.name, curve, corpora, paired=False)


def _add(
    table: EssayTable,
    one: Chosen,
    train: Ints,
    size: int,
    predicted: tuple[Doubles, Doubles],
    curve: Curve,
) -> None:
    """Score what one set of families predicts of each corpus."""
    values, scores = predicted
    for corpus, found in one.fold.scored.items():
        rows = by_key(table, found)
        figures = score(table, rows, values[rows], scores[rows])
        curve.add(corpus, size, len(rows), figures | {TEXTS: float(texts_in(table, train))})


def parts_by_family(table: EssayTable, train: Ints) -> dict[str, Ints]:
    """Training rows of each family that has any, in the fold's order."""
    parts = {
        name: train[np.isin(table.corpus[train], members)]
        for name, members in table.families.items()
    }
    return {name: rows for name, rows in parts.items() if len(rows)}


def sets_of_families(table: EssayTable, one: Chosen, seed: int) -> Iterator[tuple[int, Ints]]:
    """Training rows of each set of k families, for every k below all of them."""
    names = sorted(parts_by_family(table, one.fold.train))
    for size in range(1, len(names)):
        for found in _sets(names, size, seed):
            corpora = [corpus for name in found for corpus in table.families[name]]
            yield size, one.fold.train[np.isin(table.corpus[one.fold.train], corpora)]


def _sets(names: Sequence[str], size: int, seed: int) -> list[tuple[str, ...]]:
    """All sets of so many names, or some of them; keyed by the names."""
    if comb(len(names), size) <= SETS:
        return list(combinations(names, size))
    draw = np.random.Generator(stream(NAME, seed, size, *names))
    found: dict[tuple[str, ...], None] = {}
    while len(found) < SETS:
        found[tuple(sorted(draw.choice(names, size, replace=False).tolist()))] = None
    return list(found)
