"""From the records of one result to the rows that its charts draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from cefrbench.results.model import RunResult, UnitRecord
from cefrbench.statistics import Interval
from cefrbench_leaderboard.charts.chart import Chart
from cefrbench_leaderboard.charts.heat import (
    ConfusionCell,
    CorpusScore,
    confusion_chart,
    corpora_chart,
)
from cefrbench_leaderboard.charts.layers import LayerPoint, layers_chart
from cefrbench_leaderboard.charts.predicted import (
    Drift,
    LevelShare,
    drift_chart,
    predicted_chart,
)
from cefrbench_leaderboard.charts.ridgelines import Ridge, ridgelines_chart
from cefrbench_leaderboard.entry import Entry, units_that_count

Bands = Mapping[tuple[str, str, int], Interval]
Counts = NDArray[np.int64]


def result_charts(result: RunResult, entry: Entry, bands: Bands) -> tuple[Chart, ...]:
    """All charts of a result's page, in reading order."""
    probes = tuple(card.name for card in result.probes)
    own = entry.validated
    return (
        layers_chart(list(_layer_points(bands)), probes),
        corpora_chart(list(_corpus_scores(entry)), probes),
        confusion_chart(list(_confusion_cells(result)), probes, result.scale),
        ridgelines_chart(list(_ridges(result, own)), own, result.scale),
        predicted_chart(list(_level_shares(result, own)), own, result.scale),
        drift_chart(list(_drifts(result, own)), own),
    )


def _layer_points(bands: Bands) -> Iterator[LayerPoint]:
    for (protocol, probe, layer), band in bands.items():
        if band.estimate is not None:
            low = band.estimate if band.low is None else band.low
            high = band.estimate if band.high is None else band.high
            yield LayerPoint(protocol, probe, layer, band.estimate, low, high)


def _corpus_scores(entry: Entry) -> Iterator[CorpusScore]:
    for cell in entry.cells:
        for part in cell.corpora:
            yield CorpusScore(cell.protocol, part.corpus, cell.probe, part.n, part.qwk.value)


def _confusion_cells(result: RunResult) -> Iterator[ConfusionCell]:
    for (protocol, probe), counts in _sum(units_that_count(result), _of_corpora(result)).items():
        for g, gold in enumerate(result.scale):
            row = counts[g]
            for p, predicted in enumerate(result.scale):
                share = float(row[p] / row.sum()) if row.sum() else 0.0
                yield ConfusionCell(protocol, probe, gold, predicted, int(row[p]), share)


def _of_corpora(result: RunResult) -> set[str]:
    """Groups such as merlin-all would count their corpora twice."""
    return {corpus.card.name for corpus in result.corpora}


def _sum(units: Iterator[UnitRecord], corpora: set[str]) -> dict[tuple[str, str], Counts]:
    sums: dict[tuple[str, str], Counts] = {}
    for unit in units:
        if unit.corpus in corpora:
            key = unit.protocol, unit.probe
            counts = np.asarray(unit.confusion, dtype=np.int64)
            sums[key] = sums[key] + counts if key in sums else counts
    return sums


def _by_layer(result: RunResult, probe: str) -> dict[tuple[str, int], Counts]:
    """Confusion matrices of one probe summed over corpora and seeds, by protocol and layer."""
    corpora = _of_corpora(result)
    sums: dict[tuple[str, int], Counts] = {}
    for unit in result.units:
        if unit.probe == probe and unit.corpus in corpora:
            key = unit.protocol, unit.layer
            counts = np.asarray(unit.confusion, dtype=np.int64)
            sums[key] = sums[key] + counts if key in sums else counts
    return sums


def _ridges(result: RunResult, probe: str) -> Iterator[Ridge]:
    inside = {card.name: card.distribution == "in" for card in result.protocols}
    classes = range(len(result.scale))
    for (protocol, layer), counts in _by_layer(result, probe).items():
        for gold, level in enumerate(result.scale):
            row = counts[gold]
            if row.sum():
                shares = {p - gold: float(row[p] / row.sum()) for p in classes}
                yield Ridge(protocol, inside[protocol], layer, level, shares)


def _level_shares(result: RunResult, probe: str) -> Iterator[LevelShare]:
    inside = {card.name: card.distribution == "in" for card in result.protocols}
    priors = _priors(result)
    for (protocol, own), counts in _sum(units_that_count(result), _of_corpora(result)).items():
        if own == probe and counts.sum():
            predicted, true = counts.sum(0) / counts.sum(), counts.sum(1) / counts.sum()
            prior = priors.get(protocol)
            for c, level in enumerate(result.scale):
                before = None if prior is None else float(prior[c])
                yield LevelShare(
                    protocol, inside[protocol], level, float(predicted[c]), float(true[c]), before
                )


def _priors(result: RunResult) -> dict[str, NDArray[np.float64]]:
    """Levels of the training texts by protocol: the mean over its folds."""
    folds: dict[str, list[NDArray[np.float64]]] = {}
    for split in result.splits:
        if split.train and len(split.train_levels) == len(result.scale):
            counts = np.asarray(split.train_levels, dtype=np.float64)
            folds.setdefault(split.protocol, []).append(counts / counts.sum())
    return {protocol: np.mean(found, axis=0) for protocol, found in folds.items()}


def _drifts(result: RunResult, probe: str) -> Iterator[Drift]:
    priors = _priors(result)
    uniform = np.full(len(result.scale), 1 / len(result.scale))
    for (protocol, layer), counts in _by_layer(result, probe).items():
        if counts.sum():
            predicted, true = counts.sum(0) / counts.sum(), counts.sum(1) / counts.sum()
            prior = priors.get(protocol)
            yield Drift(
                protocol,
                layer,
                entropy=_entropy(predicted),
                to_uniform=_distance(predicted, uniform),
                to_truth=_distance(predicted, true),
                to_prior=None if prior is None else _distance(predicted, prior),
            )


def _entropy(shares: NDArray[np.float64]) -> float:
    some = shares[shares > 0]
    return float(-(some * np.log2(some)).sum())


def _distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Total variation: half the sum of absolute differences."""
    return float(np.abs(first - second).sum() / 2)
