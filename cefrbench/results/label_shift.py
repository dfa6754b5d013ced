"""What correcting the prior gives a result's predictions of each unseen corpus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from cefrbench.results.explanation import Figure, LabelShift
from cefrbench.results.model import FitRecord
from cefrbench.results.parts import Explained, figure
from cefrbench.results.residuals import total_variation
from cefrbench.results.selection import Run, run_of, stored_layers
from cefrbench.statistics.draws import resample
from cefrbench.statistics.label_shift import (
    METHODS,
    corrected_levels,
    cut_at,
    misfit,
    priors,
    rates,
)
from cefrbench.statistics.sample import Part, Refits, Sample
from cefrbench.statistics.scoring import SUM_STATISTICS, Floats, outcomes, round_to_class

Counts = NDArray[np.int64]


def label_shifts(source: Explained, outside: str) -> Iterator[LabelShift]:
    """Correct the predictions of each probe on each corpus, by each method.

    What the inner cuts of a fold held out, families that the fit was not trained on, says which
    levels are taken for which. The error is that of texts and refits, with that table held fixed.

    Raises
    ------
    UserError
        When ``quapy`` is not there.
    """
    fits = _fits(source)
    for probe in source.probes(outside):
        sample = source.raw[outside, probe]
        for part in sample.parts:
            held = [fits.get((outside, part.fold, probe, seed)) for seed in part.seeds]
            counts = [_held(fit) for fit in held if fit is not None and fit.held]
            if len(counts) == len(part.seeds):
                yield from _of_part(source, replace(sample, parts=(part,)), counts)


def _of_part(source: Explained, sample: Sample, held: Sequence[Counts]) -> Iterator[LabelShift]:
    """Correct one corpus; ``held`` is what was held out, one matrix a seed."""
    part = sample.parts[0]
    truth = _truth(part)
    seeds = list(zip(held, part.outcomes, strict=True))
    estimated = [priors(counts, one.predicted, truth) for counts, one in seeds]
    apart = fmean(misfit(counts, one.predicted, truth) for counts, one in seeds)
    for method in METHODS:
        shares = [found[method] for found in estimated]
        prior = np.mean(shares, axis=0)
        qwk, gain = _scored(source, sample, _corrected(part, held, shares))
        recut = _cut(part, shares)
        cut, cut_gain = (None, None) if recut is None else _scored(source, sample, recut)
        yield LabelShift(
            probe=sample.probe,
            corpus=part.corpus,
            method=method,
            texts=len(part.texts),
            prior=tuple(prior.tolist()),
            truth=tuple(truth.tolist()),
            distance=total_variation(prior, truth),
            misfit=apart,
            qwk=qwk,
            gain=gain,
            cut=cut,
            cut_gain=cut_gain,
        )


def _scored(source: Explained, sample: Sample, other: Part) -> tuple[Figure, Figure]:
    """QWK of other predictions of the same texts, and what it gains."""
    qwk = SUM_STATISTICS["qwk"]
    before, after = (
        resample(replace(sample, parts=(part,)), qwk, source.weights).draws()
        for part in (sample.parts[0], other)
    )
    return figure(after, qwk), figure(after.minus(before))


def _fits(source: Explained) -> dict[Run, FitRecord]:
    """Fits at the layers that count, by run."""
    result = source.result
    stored = stored_layers(result.fits, result.choices, result.summary)
    return {run_of(fit): fit for fit in result.fits if stored.get(run_of(fit)) == fit.layer}


def _held(fit: FitRecord) -> Counts:
    """What a fit's inner cuts held out, all corpora together."""
    counts: Counts = np.sum([one.confusion for one in fit.held], axis=0)
    return counts


def _truth(part: Part) -> Floats:
    """Shares of gold levels; a text of several counts in equal shares for each."""
    classes = np.arange(part.outcomes[0].n_classes)
    inside = (part.low[:, None] <= classes) & (classes <= part.high[:, None])
    found: Floats = (inside / inside.sum(1, keepdims=True)).mean(0)
    return found


def _corrected(part: Part, held: Sequence[Counts], shares: Sequence[Floats]) -> Part:
    """Give each predicted class the level that it stands for, in refits too."""
    tables = [
        corrected_levels(rates(counts), prior) for counts, prior in zip(held, shares, strict=True)
    ]
    refits = [
        refit and Refits(table[round_to_class(refit.predictions, len(table))])
        for table, refit in zip(tables, part.refits, strict=False)
    ]
    predicted = [table[one.predicted] for table, one in zip(tables, part.outcomes, strict=True)]
    return _predicting(part, predicted, refits)


def _cut(part: Part, shares: Sequence[Floats]) -> Part | None:
    """Cut continuous scores at some shares, those of refits too; None without any."""
    scored = [one.score for one in part.outcomes if one.score is not None]
    if len(scored) < len(part.outcomes):
        return None
    refits = [
        Refits(np.stack([cut_at(one, prior) for one in refit.scores]))
        if refit is not None and refit.scores is not None
        else None
        for prior, refit in zip(shares, part.refits, strict=False)
    ]
    predicted = [cut_at(one, prior) for one, prior in zip(scored, shares, strict=True)]
    return _predicting(part, predicted, refits)


def _predicting(part: Part, predicted: Sequence[Floats], refits: Sequence[Refits | None]) -> Part:
    """Put other predictions in the place of a part's, one array a seed."""
    size = part.outcomes[0].n_classes
    seen = tuple(outcomes(one, part.low, part.high, size) for one in predicted)
    return replace(part, outcomes=seen, refits=tuple(refits))
