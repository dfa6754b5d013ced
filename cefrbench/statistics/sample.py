"""Predictions as the statistics see them: one sample a probe and protocol.

A sample has parts, one a scored corpus, and each part has the probe's seeds over the same texts,
those of all folds together. Its score is the mean over parts, then over seeds, as in a result's
summary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cefrbench.statistics.resampling import Codes
from cefrbench.statistics.scoring import Floats, Outcomes, outcomes


@dataclass(frozen=True, slots=True, eq=False)
class Refits:
    """What one seed's probe says when it is fitted anew on resampled training texts.

    Replicate ``r`` stands for the same weights of texts in every fold, probe, seed and encoder.

    Attributes
    ----------
    predictions : ndarray of float64, shape (refits, m)
        Unrounded, in the order of the part's rows.
    scores : ndarray of float64, shape (refits, m), optional
        Continuous scores; None where the probe has none.
    """

    predictions: Floats
    scores: Floats | None = None

    def __post_init__(self) -> None:
        if len(self.predictions) < 2:
            raise ValueError("one refit has no variance: make two or more, or none")

    def __len__(self) -> int:
        return len(self.predictions)

    def take(self, rows: NDArray[np.intp]) -> Refits:
        """Keep some rows, in the given order."""
        scores = None if self.scores is None else self.scores[:, rows]
        return Refits(self.predictions[:, rows], scores)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One seed's predictions of one corpus; rows in the order of their texts' keys.

    Attributes
    ----------
    texts : ndarray of uint64, shape (m,)
        Codes of the rows' texts.
    low, high : ndarray of int64, shape (m,)
        Gold intervals.
    prediction : ndarray of float64, shape (m,)
        Unrounded.
    score : ndarray of float64, shape (m,), optional
        Continuous score.
    refits : Refits, optional
    """

    texts: Codes
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    prediction: Floats
    score: Floats | None = None
    refits: Refits | None = None


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Part:
    """One scored corpus, over all folds that score it.

    Attributes
    ----------
    fold : str
        Name of the fold; of several, joined by ``+``.
    corpus : str
    seeds : tuple of int or None
    texts : ndarray of uint64, shape (n,)
        Codes of the texts, each once, ascending.
    rows : ndarray of int, shape (m,)
        Position in ``texts`` of each scored row. Rows stand in the order of their texts' keys,
        which decides between equal scores (:mod:`.continuous`). There are more rows than texts
        where the study's form scores a repeated text as often as it stands there.
    low, high : ndarray of int64, shape (m,)
        Gold intervals.
    outcomes : tuple of Outcomes
        One a seed, rows in the order of ``rows``.
    refits : tuple of Refits or None
        One a seed; empty without any.
    clip : bool
        Whether errors are of predictions clipped to the scale.
    """

    fold: str
    corpus: str
    seeds: tuple[int | None, ...]
    texts: Codes
    rows: NDArray[np.intp]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    outcomes: tuple[Outcomes, ...]
    refits: tuple[Refits | None, ...] = ()
    clip: bool = True

    @classmethod
    def of(
        cls,
        fold: str,
        corpus: str,
        seeds: Mapping[int | None, Scored],
        n_classes: int,
        *,
        clip: bool = True,
    ) -> Part:
        """Make a part of one or more seeds' predictions of the same rows."""
        first = next(iter(seeds.values()))
        texts, rows = np.unique(first.texts, return_inverse=True)
        found = tuple(
            outcomes(one.prediction, one.low, one.high, n_classes, one.score, clip=clip)
            for one in seeds.values()
        )
        refits = tuple(one.refits for one in seeds.values())
        return cls(
            fold,
            corpus,
            tuple(seeds),
            texts,
            rows,
            first.low,
            first.high,
            found,
            refits if any(one is not None for one in refits) else (),
            clip,
        )

    def by_text(self, by_row: Floats) -> Floats:
        """Add up what the rows of each text have, ``(seeds, m, ...)`` to ``(seeds, n, ...)``."""
        found = np.zeros((len(by_row), len(self.texts), *by_row.shape[2:]))
        if len(self.rows) == len(self.texts):
            found[:, self.rows] = by_row
        else:
            for text, row in zip(found, by_row, strict=True):
                np.add.at(text, self.rows, row)
        return found

    def of_texts(self, texts: Codes) -> Part:
        """Keep the rows of some of its texts.

        Parameters
        ----------
        texts : ndarray of uint64
            Codes, ascending.
        """
        kept = np.flatnonzero(np.isin(self.texts[self.rows], texts))
        if len(kept) == len(self.rows):
            return self
        found, rows = np.unique(self.texts[self.rows[kept]], return_inverse=True)
        return replace(
            self,
            texts=found,
            rows=rows,
            low=self.low[kept],
            high=self.high[kept],
            outcomes=tuple(one.take(kept) for one in self.outcomes),
            refits=tuple(one and one.take(kept) for one in self.refits),
        )

    def refitted(self, seed: int) -> list[Outcomes]:
        """Outcomes of the refits of the seed at one place; empty without any."""
        refits = self.refits[seed] if self.refits else None
        if refits is None:
            return []
        n_classes = self.outcomes[seed].n_classes
        # All at once, then apart.
        low, high = (np.tile(one, len(refits)) for one in (self.low, self.high))
        whole = outcomes(refits.predictions.reshape(-1), low, high, n_classes, clip=self.clip)
        rows = (len(refits), len(self.low))
        gold, predicted, error = (
            one.reshape(rows) for one in (whole.gold, whole.predicted, whole.error)
        )
        return [
            Outcomes(
                gold[r],
                predicted[r],
                error[r],
                self.low,
                self.high,
                n_classes,
                None if refits.scores is None else refits.scores[r],
            )
            for r in range(len(refits))
        ]


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


def on_same_texts(first: Sample, other: Sample) -> tuple[Sample, Sample]:
    """Keep the corpora and texts that both score, in the first one's order."""
    theirs = {part.corpus: part for part in other.parts}
    pairs = []
    for part in first.parts:
        if part.corpus in theirs:
            texts = np.intersect1d(part.texts, theirs[part.corpus].texts)
            if len(texts):
                pairs.append((part.of_texts(texts), theirs[part.corpus].of_texts(texts)))
    return (
        replace(first, parts=tuple(one for one, _ in pairs)),
        replace(other, parts=tuple(one for _, one in pairs)),
    )
