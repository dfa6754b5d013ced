"""Intervals for all that a result's summary says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from cefrbench.results.model import RunResult
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.samples import samples
from cefrbench.results.selection import gap_of
from cefrbench.statistics.draws import gap, resample
from cefrbench.statistics.intervals import Interval, from_draws
from cefrbench.statistics.listing import get_statistic
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.scores import DIRECTIONS


@dataclass(frozen=True, slots=True)
class ResultIntervals:
    """Intervals of one result; each value is a mapping of score name to interval.

    Attributes
    ----------
    means : dict
        By ``(protocol, probe)``: mean over corpora, then over seeds.
    corpora : dict
        By ``(protocol, probe, corpus)``: mean over seeds (and over folds that score the corpus).
    gaps : dict
        By probe: mean in distribution less mean out of it, over the corpora that both score.
    """

    means: dict[tuple[str, str], dict[str, Interval]] = field(default_factory=dict)
    corpora: dict[tuple[str, str, str], dict[str, Interval]] = field(default_factory=dict)
    gaps: dict[str, dict[str, Interval]] = field(default_factory=dict)


def summary_intervals(
    result: RunResult,
    predictions: PredictionTable,
    *,
    scores: Collection[str] = tuple(DIRECTIONS),
    weights: TextWeights | None = None,
) -> ResultIntervals:
    """Intervals for all that a result's summary says at the layers whose predictions are stored.

    Those are the layers chosen inside the training part or, in the study's form, the oracle's.

    Parameters
    ----------
    result : RunResult
    predictions : PredictionTable
        Beside it.
    scores : collection of str
    weights : TextWeights, optional
        Share one over many results: what it has drawn for a text, it keeps.
    """
    weights = weights or TextWeights()
    found = samples(result, predictions)
    intervals = ResultIntervals()
    for name in scores:
        statistic = get_statistic(name)
        resampled = {key: resample(sample, statistic, weights) for key, sample in found.items()}
        for (protocol, probe), one in resampled.items():
            mean = intervals.means.setdefault((protocol, probe), {})
            mean[name] = from_draws(one.draws(), statistic)
            for corpus in one.sample.corpora:
                place = intervals.corpora.setdefault((protocol, probe, corpus), {})
                place[name] = from_draws(one.draws({corpus}), statistic)
        for probe in dict.fromkeys(probe for _, probe in found):
            sides = gap_of([protocol for protocol, own in found if own == probe])
            if sides is not None:
                inside, outside = (resampled[protocol, probe] for protocol in sides)
                intervals.gaps.setdefault(probe, {})[name] = from_draws(gap(inside, outside))
    return intervals
