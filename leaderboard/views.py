"""From the records of one result to the rows that its charts draw."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from cefrbench.results.model import RunResult
from cefrbench.results.residuals import (
    confusions,
    predicted_levels,
    row_percentages,
)
from cefrbench.results.selection import counted_units
from cefrbench.statistics.intervals import Interval
from cefrbench_leaderboard.charts.chart import Chart, Row
from cefrbench_leaderboard.charts.heat import confusion_chart, corpora_chart
from cefrbench_leaderboard.charts.layers import layers_chart
from cefrbench_leaderboard.charts.predicted import drift_chart, predicted_chart
from cefrbench_leaderboard.charts.ridgelines import ridgelines_chart
from cefrbench_leaderboard.entry import Entry, in_reading_order
from cefrbench_leaderboard.render import side_title

Bands = Mapping[tuple[str, str, int], Interval]


def result_charts(result: RunResult, entry: Entry, bands: Bands) -> tuple[Chart, ...]:
    """All charts of a result's page, in reading order."""
    probes = tuple(card.name for card in result.probes)
    own = entry.favoured
    order = in_reading_order(result.protocols)
    titles = {c.name: side_title(c.distribution, c.name) for c in result.protocols}
    whole = _of_all_layers(result)

    def ordered(rows: Iterable[Row]) -> list[Row]:
        """Protocols in one order and by one name, on every chart: seen, unseen, then others."""
        named = [{**row, "panel": titles[row["protocol"]]} for row in rows]
        return sorted(named, key=lambda row: order.index(row["protocol"]))

    charts = (
        corpora_chart(ordered(_corpus_scores(entry)), probes),
        confusion_chart(ordered(_confusion_cells(result)), own, result.scale),
        ridgelines_chart(ordered(_ridges(whole, own)), own, result.scale),
        predicted_chart(ordered(_level_shares(result, own)), own, result.scale),
    )
    places = {(unit.protocol, unit.probe, unit.layer) for unit in whole.units}
    if len({layer for _, _, layer in places if layer > 0}) < 2:
        return charts
    points = ordered(_layer_points(bands, places))
    fitted = tuple(probe for probe in probes if any(row["probe"] == probe for row in points))
    by_layer = layers_chart(points, fitted)
    return (by_layer, *charts, drift_chart(ordered(_drifts(whole, own)), own))


def _of_all_layers(result: RunResult) -> RunResult:
    """Leave out probes that take another's layer: other layers in other folds make no curve."""
    if result.config.form == "study" or result.config.every_layer:
        return result
    taken = {card.name for card in result.probes if card.layer_from}
    units = tuple(unit for unit in result.units if unit.probe not in taken)
    return result.model_copy(update={"units": units})


def _layer_points(bands: Bands, places: Collection[tuple[str, str, int]]) -> Iterator[Row]:
    for (protocol, probe, layer), band in bands.items():
        if band.estimate is not None and (protocol, probe, layer) in places:
            low = band.estimate if band.low is None else band.low
            high = band.estimate if band.high is None else band.high
            point = {"protocol": protocol, "probe": probe, "layer": layer, "qwk": band.estimate}
            yield {**point, "low": low, "high": high}


def _corpus_scores(entry: Entry) -> Iterator[Row]:
    for cell in entry.cells:
        for part in cell.corpora:
            place = {"protocol": cell.protocol, "corpus": part.corpus, "probe": cell.probe}
            scores = {"qwk": part.qwk.value, "spearman": part.spearman, "recut": part.recut}
            yield {**place, "n": part.n, **scores, "layer_0_qwk": part.embedding}


def _confusion_cells(result: RunResult) -> Iterator[Row]:
    for (protocol, probe, _), counts in confusions(_at_counted_layers(result)).items():
        shares = row_percentages(counts)
        for g, gold in enumerate(result.scale):
            for p, predicted in enumerate(result.scale):
                share = shares[g][p]
                yield {
                    "protocol": protocol,
                    "probe": probe,
                    "gold": gold,
                    "predicted": predicted,
                    "texts": int(counts[g, p]),
                    "share": None if share is None else share / 100,
                }


def _at_counted_layers(result: RunResult, probe: str | None = None) -> RunResult:
    """Keep the units at the layers that count, as if these were one layer."""
    units = (u for u in counted_units(result) if probe in (None, u.probe))
    one_layer = tuple(unit.model_copy(update={"layer": 0}) for unit in units)
    return result.model_copy(update={"units": one_layer})


def _of_probe(result: RunResult, probe: str) -> RunResult:
    return result.model_copy(update={"units": tuple(u for u in result.units if u.probe == probe)})


def _inside(result: RunResult, protocol: str) -> bool:
    """Whether a protocol scores in distribution."""
    return any(c.name == protocol and c.distribution == "in" for c in result.protocols)


def _ridges(result: RunResult, probe: str) -> Iterator[Row]:
    for (protocol, _, layer), counts in confusions(_of_probe(result, probe)).items():
        inside = _inside(result, protocol)
        for gold, (level, row) in enumerate(zip(result.scale, counts.tolist(), strict=True)):
            for predicted, count in enumerate(row) if any(row) else ():
                yield {
                    "protocol": protocol,
                    "inside": inside,
                    "probe": probe,
                    "layer": layer,
                    "true_level": level,
                    "residual": predicted - gold,
                    "share": count / sum(row),
                }


def _level_shares(result: RunResult, probe: str) -> Iterator[Row]:
    for (protocol, _, _), found in predicted_levels(_at_counted_layers(result, probe)).items():
        prior = found.prior or (None,) * len(result.scale)
        place = {"protocol": protocol, "inside": _inside(result, protocol), "probe": probe}
        levels = zip(result.scale, found.predicted, found.truth, prior, strict=True)
        for level, predicted, true, before in levels:
            shares = {"predicted": predicted, "true": true, "training_prior": before}
            yield {**place, "level": level, **shares, "uniform": 1 / len(result.scale)}


def _drifts(result: RunResult, probe: str) -> Iterator[Row]:
    for (protocol, _, layer), found in predicted_levels(_of_probe(result, probe)).items():
        yield {
            "protocol": protocol,
            "probe": probe,
            "layer": layer,
            "entropy_bits": found.entropy,
            "to_uniform": found.to_uniform,
            "to_truth": found.to_truth,
            "to_prior": found.to_prior,
        }
