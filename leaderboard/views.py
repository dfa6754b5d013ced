"""From the records of one result to the rows that its charts draw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from cefrbench.results.model import RunResult
from cefrbench.results.residuals import (
    confusions,
    level_residuals,
    predicted_levels,
    row_percentages,
)
from cefrbench.results.selection import counted_units
from cefrbench.statistics.intervals import Interval
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
from cefrbench_leaderboard.entry import Entry

R = TypeVar("R", LayerPoint, CorpusScore, ConfusionCell, Ridge, LevelShare, Drift)
Bands = Mapping[tuple[str, str, int], Interval]


def result_charts(result: RunResult, entry: Entry, bands: Bands) -> tuple[Chart, ...]:
    """All charts of a result's page, in reading order."""
    probes = tuple(card.name for card in result.probes)
    own = entry.validated
    order = [card.name for card in sorted(result.protocols, key=lambda c: c.distribution != "in")]

    def ordered(rows: Iterable[R]) -> list[R]:
        """In distribution first, on every chart."""
        return sorted(rows, key=lambda row: order.index(row.protocol))

    charts = (
        corpora_chart(ordered(_corpus_scores(entry)), probes),
        confusion_chart(ordered(_confusion_cells(result)), probes, result.scale),
        ridgelines_chart(ordered(_ridges(result, own)), own, result.scale),
        predicted_chart(ordered(_level_shares(result, own)), own, result.scale),
    )
    if len({layer for _, _, layer in bands}) < 2:
        return charts
    by_layer = layers_chart(ordered(_layer_points(bands)), probes)
    return (by_layer, *charts, drift_chart(ordered(_drifts(result, own)), own))


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
    for (protocol, probe, _), counts in confusions(_at_counted_layers(result)).items():
        shares = row_percentages(counts)
        for g, gold in enumerate(result.scale):
            for p, predicted in enumerate(result.scale):
                share = shares[g][p]
                part = None if share is None else share / 100
                yield ConfusionCell(protocol, probe, gold, predicted, int(counts[g, p]), part)


def _at_counted_layers(result: RunResult, probe: str | None = None) -> RunResult:
    """Keep the units at the layers that count, as if these were one layer."""
    units = (u for u in counted_units(result) if probe in (None, u.probe))
    one_layer = tuple(unit.model_copy(update={"layer": 0}) for unit in units)
    return result.model_copy(update={"units": one_layer})


def _of_probe(result: RunResult, probe: str) -> RunResult:
    return result.model_copy(update={"units": tuple(u for u in result.units if u.probe == probe)})


def _ridges(result: RunResult, probe: str) -> Iterator[Ridge]:
    inside = {card.name: card.distribution == "in" for card in result.protocols}
    reach = len(result.scale) - 1
    for (protocol, _, layer), levels in level_residuals(_of_probe(result, probe)).items():
        for gold, found in enumerate(levels):
            if found.n:
                shares = {
                    offset: found.histogram.get(offset, 0) / found.n
                    for offset in range(-gold, reach - gold + 1)
                }
                yield Ridge(protocol, inside[protocol], layer, found.level, shares)


def _level_shares(result: RunResult, probe: str) -> Iterator[LevelShare]:
    inside = {card.name: card.distribution == "in" for card in result.protocols}
    for (protocol, _, _), found in predicted_levels(_at_counted_layers(result, probe)).items():
        prior = found.prior or (None,) * len(result.scale)
        levels = zip(result.scale, found.predicted, found.truth, prior, strict=True)
        for level, predicted, true, before in levels:
            yield LevelShare(protocol, inside[protocol], level, predicted, true, before)


def _drifts(result: RunResult, probe: str) -> Iterator[Drift]:
    for (protocol, _, layer), found in predicted_levels(_of_probe(result, probe)).items():
        yield Drift(
            protocol,
            layer,
            entropy=found.entropy,
            to_uniform=found.to_uniform,
            to_truth=found.to_truth,
            to_prior=found.to_prior,
        )
