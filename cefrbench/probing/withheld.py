"""One training set as a method against corpus bias sees it, and no more than its card says.

- ``source``: training texts. What it makes of a scored text it makes of that text alone: each is
  handed over by itself, and what it says of the first few must be the same before and after all
  others.
- ``unlabelled``: also the features of the scored corpus's texts, one corpus at a time.
- ``labels``: also which training texts are of the scored corpus.

How long a text is, is handed over where the card says ``length``, beside its features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cefrbench.contracts.cards import MethodCard
from cefrbench.contracts.method import Prepared, Source, as_predicted, same
from cefrbench.contracts.probe import FoldRows
from cefrbench.engines.standardise import in_unit, standardise
from cefrbench.errors import ProbeError

Features = NDArray[np.float32]
Doubles = NDArray[np.float64]
Places = NDArray[np.intp]

#: Texts that a method is shown first, and once more at the end.
TWICE = 4


@dataclass(frozen=True, slots=True)
class Training:
    """What a fold trains on, in the unit of its features, and what it predicts.

    Attributes
    ----------
    source : Source
        Texts that a resample drew twice stand twice, those that it didn't draw are absent.
    groups : ndarray of int64, shape (n,), optional
        Text unit of each source text.
    predict : ndarray of float32, shape (r, dim)
    scored : ndarray of int64, shape (r,)
        Corpus of each.
    length : ndarray of float64, shape (r,), optional
        How long each is.
    """

    source: Source
    groups: NDArray[np.int64] | None
    predict: Features
    scored: NDArray[np.int64]
    length: Doubles | None

    @classmethod
    def of(
        cls, X: Features, y: NDArray[np.int64], rows: FoldRows, weight: Doubles | None
    ) -> Training:
        """Take the rows of one fold out of a layer.

        Raises
        ------
        ProbeError
            When nobody says which corpora the rows are of.
        """
        if rows.origin is None:
            raise ProbeError(
                "A method against corpus bias needs to know which corpus each row is of: fit it "
                "through a run, or give FoldRows an origin."
            )
        origin = rows.origin
        n = len(rows.train)
        weight = np.ones(n) if weight is None else weight
        drawn = _whole(origin.drawn, n) * (weight > 0)
        places = np.repeat(np.arange(n), drawn)
        count = np.ones(n) if rows.count is None else rows.count
        unit = standardise(X, rows.train, count)
        source = Source(
            X=_read_only(in_unit(X, rows.train[places], *unit, dtype=np.float32)),
            y=_read_only(y[rows.train[places]]),
            corpus=_read_only(origin.corpus[places]),
            family=_read_only(origin.family[places]),
            weight=_read_only(weight[places] / drawn[places]),
            few=_read_only(np.zeros(len(places), dtype=bool)),
            length=None if origin.length is None else _read_only(origin.length[places]),
        )
        groups = None if rows.groups is None else rows.groups[places]
        predict = _read_only(in_unit(X, rows.predict, *unit, dtype=np.float32))
        length = None if origin.scored_length is None else _read_only(origin.scored_length)
        return cls(source, groups, predict, origin.scored, length)

    def parts(self, card: MethodCard) -> Iterator[MethodPart]:
        """What a method prepares for: everything at once, or each scored corpus by itself.

        Raises
        ------
        ProbeError
            When a method needs to know how long texts are, and nobody says so.
        """
        if card.length and (self.source.length is None or self.length is None):
            raise ProbeError(
                f"Method {card.name!r} needs to know how long each text is: fit it through a run, "
                "or give the FoldRows an origin with lengths."
            )
        source = self.source if card.length else replace(self.source, length=None)
        if card.sees == "source":
            yield MethodPart(self, card, np.arange(len(self.predict)), source, None)
            return
        for corpus in np.unique(self.scored):
            places = np.flatnonzero(self.scored == corpus)
            if card.sees == "labels":
                source = replace(source, few=_read_only(source.corpus == corpus))
            yield MethodPart(self, card, places, source, _read_only(self.predict[places]))


@dataclass(frozen=True, slots=True)
class MethodPart:
    """Rows to predict that a method prepares for at once.

    Attributes
    ----------
    training : Training
    card : MethodCard
    places : ndarray of int, shape (r,)
        Which rows to predict.
    source : Source
    unlabelled : ndarray of float32, optional
        What the method is shown of them beforehand.
    """

    training: Training
    card: MethodCard
    places: Places
    source: Source
    unlabelled: Features | None

    def source_rows(self, prepared: Prepared) -> Features:
        """Features of the source texts as the probe reads them, where their predictions count."""
        source = self.source.X
        if prepared.finish is as_predicted:
            return source[:0] if prepared.transform is same else prepared.X[:0]
        if prepared.transform is same:
            return source
        return self._moved(prepared, source, self.source.length)

    def transformed(self, prepared: Prepared) -> Features:
        """Features of the rows to predict, as the probe reads them."""
        return self._each(prepared, self.places)

    def _each(self, prepared: Prepared, places: Places) -> Features:
        X = self.training.predict[places]
        if prepared.transform is same:
            return X
        known = self.training.length
        length = known[places] if self.card.length and known is not None else None
        if self.card.sees != "source":
            return self._moved(prepared, X, length)
        found = [
            self._moved(prepared, X[i : i + 1], None if length is None else length[i : i + 1])
            for i in range(len(X))
        ]
        return np.concatenate(found)

    def _moved(self, prepared: Prepared, X: Features, length: Doubles | None) -> Features:
        beside = () if length is None else (_read_only(length),)
        values = prepared.transform(_read_only(X), *beside)
        shape = (len(X), prepared.X.shape[1])
        return self._checked("transform", values, shape).astype(np.float32, copy=False)

    def finished(self, prepared: Prepared, source: Doubles, scored: Doubles) -> Doubles:
        """Predictions of the rows to predict, as a method that changes them leaves them."""
        source = _read_only(source)
        if self.card.sees == "source":
            each = [self._finish(prepared, source, scored[i : i + 1]) for i in range(len(scored))]
            return np.concatenate([*each, np.empty(0)])
        return self._finish(prepared, source, scored)

    def _finish(self, prepared: Prepared, source: Doubles, scored: Doubles) -> Doubles:
        values = prepared.finish(source, _read_only(scored))
        return self._checked("finish", values, scored.shape).astype(np.float64, copy=False)

    def _checked(
        self, what: str, values: NDArray[np.floating], shape: tuple[int, ...]
    ) -> NDArray[np.floating]:
        if np.shape(values) != shape:
            raise ProbeError(
                f"{what} of method {self.card.name!r} gave shape {np.shape(values)}, expected "
                f"{shape}."
            )
        if not np.isfinite(values).all():
            raise ProbeError(f"{what} of method {self.card.name!r} gave a value that isn't finite.")
        return np.asarray(values)

    def first_answers(self, prepared: Prepared) -> tuple[Features, Doubles]:
        """What a method says of the first few texts and of invented predictions."""
        first = self.places[:TWICE]
        levels = self.source.y.astype(np.float64)
        return (
            self._each(prepared, first),
            self.finished_alone(prepared, levels, np.arange(len(first), dtype=np.float64)),
        )

    def finished_alone(self, prepared: Prepared, source: Doubles, scored: Doubles) -> Doubles:
        """Predictions that are nobody's, finished one by one."""
        if prepared.finish is as_predicted:
            return scored
        each = [self._finish(prepared, source, scored[i : i + 1]) for i in range(len(scored))]
        return np.concatenate([*each, np.empty(0)])

    def watching(self, prepared: Prepared) -> Callable[[], None]:
        """Ask a method that sees no scored text of a few now; the call that asks again.

        Raises
        ------
        ProbeError
            From that call, when it says something else of the same texts by then.
        """
        if self.card.sees != "source":
            return lambda: None
        before = self.first_answers(prepared)

        def again() -> None:
            after = self.first_answers(prepared)
            if not (_alike(before[0], after[0]) and _alike(before[1], after[1])):
                raise ProbeError(
                    f"Method {self.card.name!r} says that it sees the source alone, but what it "
                    "makes of a text depends on the texts that it was shown before: keep nothing "
                    'in transform and finish, or say sees="unlabelled" on its card.'
                )

        return again


def checked(prepared: object, card: MethodCard, classes: int) -> Prepared:
    """See that a probe can be fitted on what a method prepared.

    Raises
    ------
    ProbeError
        For another type, shapes that don't fit, values that aren't finite, classes off the scale.
    """
    if not isinstance(prepared, Prepared):
        raise ProbeError(
            f"prepare of method {card.name!r} gave {type(prepared).__name__}, expected Prepared."
        )
    X, y, weight = prepared.X, prepared.y, prepared.weight
    if np.ndim(X) != 2 or np.shape(y) != (len(X),) or np.shape(weight) != (len(X),) or not len(X):
        raise ProbeError(
            f"Method {card.name!r} prepared X, y and weight of shapes {np.shape(X)}, "
            f"{np.shape(y)} and {np.shape(weight)}, expected (m, width), (m,) and (m,)."
        )
    if not np.isfinite(X).all() or not np.isfinite(weight).all() or np.min(weight) < 0:
        raise ProbeError(
            f"Method {card.name!r} prepared features or weights that aren't finite, or a weight "
            "below zero."
        )
    if np.asarray(y).dtype.kind not in "iu" or np.min(y) < 0 or np.max(y) >= classes:
        raise ProbeError(
            f"Method {card.name!r} prepared classes that are no whole numbers from 0 to "
            f"{classes - 1}."
        )
    return prepared


def _alike(first: Features | Doubles, second: Features | Doubles) -> bool:
    return np.allclose(first, second, rtol=1e-4, atol=1e-6)


def _whole(times: Doubles | None, n: int) -> NDArray[np.int64]:
    return np.ones(n, dtype=np.int64) if times is None else times.astype(np.int64)


def _read_only(values: NDArray) -> NDArray:  # type: ignore[type-arg]
    """A view that can't be written to: what a method changed would be what the next one sees."""
    view = values.view()
    view.flags.writeable = False
    return view
