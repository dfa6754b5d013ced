"""The fits behind the folds: each training set once, however many folds choose or score by it.

Two families that are left out together leave the same training set, whichever of them is scored;
so do two folds in distribution. Each is fitted once and predicts all that anybody asks of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.contracts.probe import FoldRows, Origin
from cefrbench.contracts.protocol import Fold
from cefrbench.essays import EssayTable, Ints
from cefrbench.weighting import balanced

#: Places in a fit's predictions, by corpus or group.
Places = Mapping[str, NDArray[np.intp]]


@dataclass(frozen=True, slots=True)
class PlannedFold:
    """One fold of one protocol, with the hash of its split."""

    protocol: str
    fold: Fold
    manifest: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a fold reads off one fit: the fit's number, and the places of its rows."""

    job: int
    places: Places


@dataclass(slots=True)
class _Asked:
    """One training set, and the rows that are asked of it."""

    train: Ints
    rows: list[Ints] = field(default_factory=list)


class Jobs:
    """Training sets of folds, each once.

    Parameters
    ----------
    folds : sequence of PlannedFold
    table : EssayTable

    Attributes
    ----------
    rows : tuple of FoldRows
        One a fit: those that folds score by first, then those that only a choice needs.
    scoring : int
        How many of them folds score by.
    scored : tuple of Reading
        One a fold.
    held : tuple of tuple of Reading
        One a fold and inner cut.
    """

    def __init__(self, folds: Sequence[PlannedFold], table: EssayTable) -> None:
        asked: dict[bytes, _Asked] = {}
        numbers: dict[bytes, int] = {}

        def ask(train: Ints, parts: Mapping[str, Ints]) -> int:
            key = train.tobytes()
            asked.setdefault(key, _Asked(train)).rows.extend(parts.values())
            return numbers.setdefault(key, len(numbers))

        outer = [ask(planned.fold.train, planned.fold.scored) for planned in folds]
        self.scoring = len(numbers)
        inner = [[ask(cut.train, cut.held) for cut in planned.fold.inner] for planned in folds]
        self.rows = tuple(_fold_rows(table, one) for one in asked.values())
        self.scored = tuple(
            self._reading(job, planned.fold.scored)
            for job, planned in zip(outer, folds, strict=True)
        )
        self.held = tuple(
            tuple(
                self._reading(job, cut.held)
                for job, cut in zip(numbered, planned.fold.inner, strict=True)
            )
            for numbered, planned in zip(inner, folds, strict=True)
        )

    def _reading(self, job: int, parts: Mapping[str, Ints]) -> Reading:
        predicted = self.rows[job].predict
        return Reading(
            job, {name: np.searchsorted(predicted, rows) for name, rows in parts.items()}
        )


def _fold_rows(table: EssayTable, asked: _Asked) -> FoldRows:
    predict = np.unique(np.concatenate(asked.rows))
    if table.form == "study":
        return FoldRows(asked.train, predict)
    return TableRows(asked.train, predict, table=table)


class TableRows(FoldRows):
    """Rows of one fit, whose weights and origin are reckoned when they are read.

    Over all training sets of a run they would take seven times the room of the rows themselves.
    """

    __slots__ = ("_given", "_table")
    _table: EssayTable | None
    _given: FoldRows
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __init__(
        self, train: Ints, predict: Ints, *given: Any, table: EssayTable | None = None, **named: Any
    ) -> None:
        own = FoldRows(train, predict, *given, **named)
        for name, value in {"train": train, "predict": predict, "_given": own}.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_table", table)

    def __reduce__(self) -> Any:
        return FoldRows, tuple(getattr(self, one.name) for one in fields(FoldRows))

    @property
    def weight(self) -> NDArray[np.float64] | None:
        """Weight of each training row."""
        return _reckoned(self).weight

    @property
    def count(self) -> NDArray[np.float64] | None:
        """How often each training row counts."""
        return _reckoned(self).count

    @property
    def groups(self) -> Ints | None:
        """Text unit of each training row."""
        return _reckoned(self).groups

    @property
    def origin(self) -> Origin | None:
        """Where the rows are from."""
        return _reckoned(self).origin


@lru_cache(maxsize=2)
def _reckoned(rows: TableRows) -> FoldRows:
    """Rows with all that is known of them, held for the fits that are made at once."""
    if rows._table is None:
        return rows._given
    return weighted_rows(rows._table, rows.train, rows.predict)


def weighted_rows(table: EssayTable, train: Ints, predict: Ints) -> FoldRows:
    """Rows of one fit, weighted as the standard weighs training texts, and where they are from."""
    weighting = balanced(table, train)
    family = np.empty(len(table.cards), dtype=np.int64)
    for number, members in enumerate(table.families.values()):
        family[list(members)] = number
    corpus = table.corpus[train]
    origin = Origin(
        *(corpus, family[corpus], table.corpus[predict]),
        length=table.length[train],
        scored_length=table.length[predict],
    )
    return FoldRows(
        train, predict, weighting.weight, weighting.count, table.unit[train], origin=origin
    )


def rows_digest(rows: FoldRows, *, origin: bool = False) -> str:
    """Hash all that a fit reads of its rows: which, in which order, and how they weigh.

    Parameters
    ----------
    rows : FoldRows
    origin : bool
        Whether it also reads where they are from, as methods do.
    """
    digest = hashlib.sha256()
    read = {name: getattr(rows, name) for name in ("train", "predict", "weight", "count", "groups")}
    if origin and rows.origin is not None:
        names = ("corpus", "family", "scored", "drawn", "length", "scored_length")
        read |= {name: getattr(rows.origin, name) for name in names}
    for name, values in read.items():
        if values is not None:
            digest.update(f"{name} {values.dtype} {len(values)}\n".encode() + values.tobytes())
    return digest.hexdigest()
