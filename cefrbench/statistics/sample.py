"""Predictions as the statistics see them: one sample a probe and protocol.

A sample has parts, one a fold and scored corpus, and each part has the probe's seeds over the same
texts. Its score is the mean over parts, then over seeds, as in a result's summary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cefrbench.statistics.resampling import Codes
from cefrbench.statistics.scoring import Floats, Outcomes, Statistic


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
