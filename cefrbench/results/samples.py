"""A result's predictions as samples, which is what the statistics work on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cefrbench.errors import ResultError
from cefrbench.results.model import RunResult
from cefrbench.results.predictions import PredictionTable, UnitKey, unit_key
from cefrbench.results.selection import counted_units
from cefrbench.statistics.resampling import Codes, text_codes
from cefrbench.statistics.sample import Part, Sample
from cefrbench.statistics.scoring import Floats, outcomes


class Scored(NamedTuple):
    """One unit's predictions as arrays of one entry a row."""

    texts: Codes
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    prediction: Floats


def samples(result: RunResult, predictions: PredictionTable) -> dict[tuple[str, str], Sample]:
    """Take stored predictions apart into samples, by ``(protocol, probe)``.

    Raises
    ------
    ResultError
        When two seeds of one part don't hold the same texts and gold levels, or a prediction or
        level is none.
    """
    predictions = at_choice(result, predictions)
    _check_values(result, predictions)
    names = {record.card.name for record in result.corpora}
    codes = text_codes(predictions.text)
    found: dict[tuple[str, str], dict[tuple[str, str], dict[int | None, Scored]]] = {}
    start = 0
    for key, table in predictions.units():
        stop = start + len(table)
        if key.corpus in names:
            part = found.setdefault((key.protocol, key.probe), {})
            seeds = part.setdefault((key.fold, key.corpus), {})
            seeds[key.seed] = _in_order(table, codes[start:stop])
        start = stop
    encoder, unclipped = result.encoder.digest(), result.config.unclipped_probes
    return {
        (protocol, probe): Sample(
            encoder,
            probe,
            protocol,
            tuple(
                _part(
                    UnitKey(protocol, fold, corpus, probe, None, 0),
                    seeds,
                    len(result.scale),
                    clip=probe not in unclipped,
                )
                for (fold, corpus), seeds in parts.items()
            ),
        )
        for (protocol, probe), parts in found.items()
    }


def at_choice(result: RunResult, predictions: PredictionTable) -> PredictionTable:
    """Leave out the predictions of layer 0, which stand beside those of the layers that count."""
    counted = {unit_key(unit) for unit in counted_units(result)}
    parts = [rows for key, rows in predictions.units() if key in counted]
    return PredictionTable.concat(parts)


def _check_values(result: RunResult, predictions: PredictionTable) -> None:
    low, high = predictions.low, predictions.high
    sound = np.isfinite(predictions.prediction) & (low >= 0) & (low <= high)
    wrong = np.flatnonzero(~(sound & (high < len(result.scale))))
    if len(wrong):
        row = int(wrong[0])
        raise ResultError(
            f"Row {row:,} of the predictions of {result.encoder.name!r} has the prediction "
            f"{predictions.prediction[row]} and the levels {low[row]} to {high[row]}; expected a "
            f"number and levels from 0 to {len(result.scale) - 1}: run it again."
        )


def _in_order(table: PredictionTable, codes: Codes) -> Scored:
    """One unit's predictions in the order of their texts' codes."""
    order = np.argsort(codes, kind="stable")
    return Scored(codes[order], table.low[order], table.high[order], table.prediction[order])


def _part(place: UnitKey, seeds: dict[int | None, Scored], n_classes: int, *, clip: bool) -> Part:
    first, *others = seeds.values()
    for other in others:
        if not all(map(np.array_equal, first[:3], other[:3])):
            raise ResultError(
                f"The predictions of {place.probe} on {place.corpus} ({place.protocol}, fold "
                f"{place.fold}) hold other texts with one seed than with another: run it again."
            )
    texts, rows = np.unique(first.texts, return_inverse=True)
    return Part(
        fold=place.fold,
        corpus=place.corpus,
        seeds=tuple(seeds),
        texts=texts,
        rows=rows,
        low=first.low,
        high=first.high,
        outcomes=tuple(
            outcomes(one.prediction, one.low, one.high, n_classes, clip=clip)
            for one in seeds.values()
        ),
    )
