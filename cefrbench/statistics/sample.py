"""A result's predictions as the statistics see them: one sample a probe and protocol.

A sample has parts, one a fold and scored corpus, and each part has the probe's seeds over the same
texts. Its score is the mean over parts, then over seeds, as in a result's summary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cefrbench.errors import ResultError
from cefrbench.results.model import RunResult
from cefrbench.results.predictions import PredictionTable, UnitKey
from cefrbench.statistics.resampling import Codes, text_codes
from cefrbench.statistics.scoring import Floats, Outcomes, Statistic, outcomes


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One scored corpus in one fold.

    Attributes
    ----------
    fold, corpus : str
    seeds : tuple of int or None
    texts : ndarray of uint64, shape (n,)
        Codes of the texts, each once, ascending.
    rows : ndarray of int, shape (m,)
        Position in ``texts`` of each scored row: more rows than texts where the study's form
        scores a repeated text as often as it stands there.
    low, high : ndarray of int64, shape (m,)
        Gold intervals.
    outcomes : tuple of Outcomes
        One a seed, rows in the order of ``rows``.
    """

    fold: str
    corpus: str
    seeds: tuple[int | None, ...]
    texts: Codes
    rows: NDArray[np.intp]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    outcomes: tuple[Outcomes, ...]

    def columns(self, statistic: Statistic) -> Floats:
        """Columns of a score summed by text, shape ``(seeds, n, k)``."""
        by_row = np.stack([statistic.columns(seed) for seed in self.outcomes])
        if len(self.rows) == len(self.texts):
            return by_row
        by_text = np.zeros((len(self.outcomes), len(self.texts), by_row.shape[2]))
        for text, row in zip(by_text, by_row, strict=True):
            np.add.at(text, self.rows, row)
        return by_text


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """All parts of one probe under one protocol, groups left out.

    Attributes
    ----------
    encoder : str
        Digest of the encoder's identity.
    probe, protocol : str
    parts : tuple of Part
    """

    encoder: str
    probe: str
    protocol: str
    parts: tuple[Part, ...]

    @property
    def corpora(self) -> tuple[str, ...]:
        """Scored corpora, in order, each once."""
        return tuple(dict.fromkeys(part.corpus for part in self.parts))

    @property
    def seeds(self) -> tuple[int | None, ...]:
        """Seeds of any part, in order, each once."""
        return tuple(dict.fromkeys(seed for part in self.parts for seed in part.seeds))

    def only(self, corpora: Iterable[str]) -> Sample:
        """Keep the parts of some corpora."""
        keep = frozenset(corpora)
        parts = tuple(part for part in self.parts if part.corpus in keep)
        return Sample(self.encoder, self.probe, self.protocol, parts)


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
    encoder = result.encoder.digest()
    return {
        (protocol, probe): Sample(
            encoder,
            probe,
            protocol,
            tuple(
                _part(UnitKey(protocol, fold, corpus, probe, None, 0), seeds, len(result.scale))
                for (fold, corpus), seeds in parts.items()
            ),
        )
        for (protocol, probe), parts in found.items()
    }


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


def _part(place: UnitKey, seeds: dict[int | None, Scored], n_classes: int) -> Part:
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
            outcomes(one.prediction, one.low, one.high, n_classes) for one in seeds.values()
        ),
    )
