"""A result's predictions as samples, which is what the statistics work on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.errors import ResultError
from cefrbench.results.model import RunResult
from cefrbench.results.predictions import PredictionTable, unit_key
from cefrbench.results.selection import counted_units
from cefrbench.statistics.resampling import Codes, text_codes
from cefrbench.statistics.sample import Part, Refits, Sample, Scored

#: Predictions of one corpus, by seed and fold.
BySeedAndFold = dict[int | None, dict[str, PredictionTable]]
#: Most sets of texts whose codes are kept; nine corpora under one split have nine.
_KEPT = 64


def samples(
    result: RunResult, predictions: PredictionTable, *, embedding: bool = False
) -> dict[tuple[str, str], Sample]:
    """Take stored predictions apart into samples, by ``(protocol, probe)``.

    The folds that score one corpus are taken together: its score is that of all its texts.
    Corpora stand in the result's order.

    Parameters
    ----------
    result : RunResult
    predictions : PredictionTable
    embedding : bool
        Take those of layer 0, which stand beside those of the layers that count, and not these.

    Raises
    ------
    ResultError
        When two seeds of one part don't hold the same texts and gold levels, or a prediction or
        level is none.
    """
    _check_values(result, predictions)
    counted = {unit_key(unit) for unit in counted_units(result)}
    names = [record.card.name for record in result.corpora]
    found: dict[tuple[str, str], dict[str, BySeedAndFold]] = {}
    for key, table in predictions.units():
        if key.corpus in names and (key in counted) != embedding:
            corpora = found.setdefault((key.protocol, key.probe), {})
            seeds = corpora.setdefault(key.corpus, {}).setdefault(key.seed, {})
            seeds[key.fold] = table
    encoder, unclipped = result.encoder.digest(), result.config.unclipped_probes
    return {
        (protocol, probe): Sample(
            encoder,
            probe,
            protocol,
            tuple(
                _part(
                    f"{probe} on {corpus} ({protocol})",
                    corpus,
                    corpora[corpus],
                    len(result.scale),
                    clip=probe not in unclipped,
                )
                for corpus in names
                if corpus in corpora
            ),
        )
        for (protocol, probe), corpora in found.items()
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


#: Codes of texts in the order of their keys, and this order, by a hash of the keys.
_ORDERED: dict[tuple[int, bytes], tuple[Codes, NDArray[np.intp]]] = {}


def _ordered(texts: NDArray[np.str_]) -> tuple[Codes, NDArray[np.intp]]:
    """Sort texts by their keys; all probes, seeds and results have mostly the same."""
    place = len(texts), hashlib.blake2b(texts.tobytes(), digest_size=16).digest()
    if place not in _ORDERED:
        if len(_ORDERED) >= _KEPT:
            _ORDERED.clear()
        order = np.argsort(texts, kind="stable")
        _ORDERED[place] = text_codes(texts[order]), order
    return _ORDERED[place]


def _in_order(folds: Mapping[str, PredictionTable]) -> Scored:
    """One seed's predictions of one corpus, all folds, in the order of their texts' keys."""
    tables = list(folds.values())

    def whole(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(table, name) for table in tables])

    codes, order = _ordered(whole("text"))
    score = whole("score")[order]
    refits = None
    if tables[0].replicates > 1 and not np.isnan(drawn := whole("refit_prediction")[order]).any():
        ranked = whole("refit_score")[order]
        refits = Refits(
            drawn.T.astype(np.float64),
            None if np.isnan(ranked).any() else ranked.T.astype(np.float64),
        )
    return Scored(
        codes,
        whole("low")[order],
        whole("high")[order],
        whole("prediction")[order],
        None if np.isnan(score).any() else score,
        refits,
    )


def _part(place: str, corpus: str, seeds: BySeedAndFold, n_classes: int, *, clip: bool) -> Part:
    scored = {seed: _in_order(folds) for seed, folds in seeds.items()}
    first, *others = scored.values()
    for other in others:
        if not all(
            np.array_equal(getattr(first, name), getattr(other, name))
            for name in ("texts", "low", "high")
        ):
            raise ResultError(
                f"The predictions of {place} hold other texts with one seed than with another: "
                "run it again."
            )
    # Predictions come by layer, and the layers of folds differ from result to result.
    folds = sorted({fold for found in seeds.values() for fold in found})
    return Part.of("+".join(folds), corpus, scored, n_classes, clip=clip)
