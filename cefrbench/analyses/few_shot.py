"""`few-shot`: k labelled texts of an unseen corpus are added to the training texts.

They weigh as the standard weighs any (:mod:`cefrbench.weighting`): their corpus is one more, and
sums to as much as each other one. Layer and penalty stay those that were chosen without them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from cefrbench.analyses.chosen import Chosen, choices_of, fit_more
from cefrbench.analyses.curves import MEASURES, Curve, score
from cefrbench.analyses.labels import Draw
from cefrbench.analyses.price import (
    PROTOCOL,
    DrawnLabels,
    before,
    draw_all,
    favoured,
    recalibrated_qwk,
    records,
)
from cefrbench.analyses.studied import Studied, Yielded
from cefrbench.contracts.probe import FoldFit
from cefrbench.essays import EssayTable, Ints
from cefrbench.probing.fit import FitFailure
from cefrbench.probing.jobs import weighted_rows
from cefrbench.results.model import AnalysisNote

NAME = "few-shot"


class Shot(NamedTuple):
    """One fit: a fold, and the labels of one of its corpora that are added to it."""

    chosen: Chosen
    corpus: str
    draw: Draw
    labels: int


def few_shot(studied: Studied) -> Yielded:
    """Fit the favoured probe anew with each draw's labels, beside what they do as two numbers.

    Parameters
    ----------
    studied : Studied
    """
    labels = draw_all(studied, NAME)
    yield from labels.notes
    table, probe, curve = studied.table, favoured(studied), Curve()
    chosen = choices_of(studied, PROTOCOL, probe)
    base = _before(table, chosen, labels, curve)
    shots = [
        Shot(one, corpus, draw, k)
        for one in chosen
        for corpus in one.fold.scored
        for draw in labels.drawn[corpus].draws
        for k in labels.drawn[corpus].sizes
    ]
    rows = [
        weighted_rows(table, with_labels(table, shot.chosen.fold.train, shot), shot.draw.rest)
        for shot in shots
    ]
    asked = [(shot.chosen, one) for shot, one in zip(shots, rows, strict=True)]
    fits = fit_more(studied, asked, NAME)
    for shot, fit, (_, predicted) in zip(shots, fits, asked, strict=True):
        found = dict.fromkeys((*MEASURES, "qwk_gain", "qwk_over_recalibrated"), float("nan"))
        if isinstance(fit, FoldFit):
            found |= score(table, predicted.predict, fit.predictions, fit.scores)
            found["qwk_gain"] = found["qwk"] - base[shot.corpus, shot.draw.number]
            moved = recalibrated_qwk(table, shot.chosen, shot.draw, shot.labels)
            found["qwk_over_recalibrated"] = found["qwk"] - moved
        curve.add(shot.corpus, shot.labels, len(shot.draw.rest), found)
    yield from _failures(shots, fits)
    yield from records(NAME, PROTOCOL, probe.name, curve, labels.whole)


def with_labels(table: EssayTable, train: Ints, shot: Shot) -> Ints:
    """Training rows, then those of the labelled texts: all that their corpus has of each."""
    labelled = shot.draw.labelled[: shot.labels]
    own = table.rows_of(int(table.corpus[labelled[0]]))
    return np.concatenate([train, own[np.isin(table.unit[own], table.unit[labelled])]])


def _before(
    table: EssayTable, chosen: list[Chosen], labels: DrawnLabels, curve: Curve
) -> dict[tuple[str, int], float]:
    """QWK without labels by corpus and draw; the curve takes all scores."""
    base = {}
    for one in chosen:
        for corpus in one.fold.scored:
            for draw in labels.drawn[corpus].draws:
                found = before(table, one, draw)
                curve.add(corpus, 0, len(draw.rest), found)
                base[corpus, draw.number] = found["qwk"]
    return base


def _failures(shots: list[Shot], fits: list[FoldFit | FitFailure]) -> Iterator[AnalysisNote]:
    causes: dict[str, list[str]] = {}
    for shot, fit in zip(shots, fits, strict=True):
        if isinstance(fit, FitFailure):
            causes.setdefault(shot.corpus, []).append(fit.message)
    for corpus, found in causes.items():
        cause = f"{len(found)} fits failed, the first one so: {found[0]}"
        yield AnalysisNote(analysis=NAME, protocol=PROTOCOL, corpus=corpus, cause=cause)
