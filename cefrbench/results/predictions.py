"""Per-text predictions beside a result: columnar, compressed, keyed by a hash of the text.

No learner's words stand here: most corpora's licences forbid to pass them on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cefrbench.results.model import UnitRecord

#: Stands for "no seed" in the array; the file holds a null there.
NO_SEED = -1


class UnitKey(NamedTuple):
    """What names one unit: layer × probe × protocol × fold × scored corpus × seed."""

    protocol: str
    fold: str
    corpus: str
    probe: str
    seed: int | None
    layer: int


def unit_key(unit: UnitRecord) -> UnitKey:
    """Name a unit of a result."""
    return UnitKey(unit.protocol, unit.fold, unit.corpus, unit.probe, unit.seed, unit.layer)


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class PredictionTable:
    """Predictions of scored texts, one entry a text and unit; all columns are parallel.

    Rows of one unit stand together, in the order in which they were scored.

    Attributes
    ----------
    protocol, fold, corpus, probe : ndarray of str
        Of references to one string, where a run made them: a copy a row takes eight times that.
    seed : ndarray of int64
        ``NO_SEED`` for a probe that no seed changes.
    layer : ndarray of int64
    text : ndarray of str
        :func:`cefrbench.essays.text_key` of the text.
    low, high : ndarray of int64
        Lowest and highest class that count as right.
    prediction : ndarray of float64
        Unrounded and unclipped, in full precision, so that every sum follows exactly.
    score : ndarray of float64
        Continuous score, from which ranks are taken; NaN where the probe has none.
    refit_prediction, refit_score : ndarray of float16, shape (n, replicates)
        The same of fits on resampled training texts; NaN where there was none. Half precision is
        plenty for a variance.
    """

    protocol: NDArray[np.str_]
    fold: NDArray[np.str_]
    corpus: NDArray[np.str_]
    probe: NDArray[np.str_]
    seed: NDArray[np.int64]
    layer: NDArray[np.int64]
    text: NDArray[np.str_]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    prediction: NDArray[np.float64]
    score: NDArray[np.float64]
    refit_prediction: NDArray[np.float16]
    refit_score: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.prediction)

    @classmethod
    def of_unit(
        cls,
        *,
        protocol: str,
        fold: str,
        corpus: str,
        probe: str,
        seed: int | None,
        layer: int,
        text: Sequence[str] | NDArray[np.object_],
        low: ArrayLike,
        high: ArrayLike,
        prediction: ArrayLike,
        score: ArrayLike | None = None,
        refit_prediction: ArrayLike | None = None,
        refit_score: ArrayLike | None = None,
        replicates: int = 0,
    ) -> PredictionTable:
        """Make the table of one unit; what is given by text is parallel to ``text``."""
        n = len(text)
        none = np.full((n, replicates), np.nan, dtype=np.float16)
        return cls(
            protocol=_repeated(protocol, n, np.object_),
            fold=_repeated(fold, n, np.object_),
            corpus=_repeated(corpus, n, np.object_),
            probe=_repeated(probe, n, np.object_),
            seed=_repeated(NO_SEED if seed is None else seed, n, np.int64),
            layer=_repeated(layer, n, np.int64),
            text=np.asarray(text, dtype=np.object_),
            low=np.asarray(low, dtype=np.int64),
            high=np.asarray(high, dtype=np.int64),
            prediction=np.asarray(prediction, dtype=np.float64),
            score=np.full(n, np.nan) if score is None else np.asarray(score, dtype=np.float64),
            refit_prediction=none
            if refit_prediction is None
            else np.asarray(refit_prediction, dtype=np.float16),
            refit_score=none if refit_score is None else np.asarray(refit_score, dtype=np.float16),
        )

    def without_refits(self) -> PredictionTable:
        """Leave out what fits on resampled texts gave."""
        none = np.full_like(self.refit_prediction, np.nan)
        return replace(self, refit_prediction=none, refit_score=none)

    @property
    def replicates(self) -> int:
        """Fits on resampled training texts, each a column."""
        return int(self.refit_prediction.shape[1])

    @classmethod
    def concat(cls, tables: Sequence[PredictionTable]) -> PredictionTable:
        """Put tables below each other; none give an empty table."""
        if not tables:
            return cls.of_unit(
                protocol="",
                fold="",
                corpus="",
                probe="",
                seed=None,
                layer=0,
                text=(),
                low=(),
                high=(),
                prediction=(),
            )
        names = [field.name for field in fields(cls)]
        return cls(**{name: np.concatenate([getattr(t, name) for t in tables]) for name in names})

    def take(self, rows: slice | NDArray[np.intp]) -> PredictionTable:
        """Keep some rows, in the given order."""
        names = [field.name for field in fields(self)]
        return PredictionTable(**{name: getattr(self, name)[rows] for name in names})

    def equals(self, other: PredictionTable) -> bool:
        """Whether both hold the same rows in the same order."""
        names = [field.name for field in fields(self)]
        return all(_same(getattr(self, n), getattr(other, n)) for n in names)

    def units(self) -> Iterator[tuple[UnitKey, PredictionTable]]:
        """Take the table apart into units, in the order in which they stand.

        It is done once a table: whether a name follows on itself takes long to find.
        """
        if self not in _TAKEN_APART:
            _TAKEN_APART[self] = tuple(self._units())
        yield from _TAKEN_APART[self]

    def _units(self) -> Iterator[tuple[UnitKey, PredictionTable]]:
        if not len(self):
            return
        same = np.ones(len(self) - 1, dtype=np.bool_)
        for name in UnitKey._fields:
            column = getattr(self, name)
            same &= column[1:] == column[:-1]
        edges = [0, *(np.flatnonzero(~same) + 1).tolist(), len(self)]
        for start, stop in pairwise(edges):
            yield self._key(start), self.take(slice(start, stop))

    def _key(self, row: int) -> UnitKey:
        seed = int(self.seed[row])
        return UnitKey(
            str(self.protocol[row]),
            str(self.fold[row]),
            str(self.corpus[row]),
            str(self.probe[row]),
            None if seed == NO_SEED else seed,
            int(self.layer[row]),
        )


#: Units of tables, as long as these are held; their arrays are views.
_TAKEN_APART: WeakKeyDictionary[PredictionTable, tuple[tuple[UnitKey, PredictionTable], ...]]
_TAKEN_APART = WeakKeyDictionary()


def _repeated(value: object, n: int, dtype: Any) -> NDArray[Any]:
    """A column of one value, which takes the room of one."""
    return np.broadcast_to(np.array(value, dtype=dtype), n)


def _same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
