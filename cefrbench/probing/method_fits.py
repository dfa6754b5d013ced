"""Fits of a probe on what a method prepares of each training set.

What it fits is the probe's own; what the method is handed of the scored texts is decided in
:mod:`cefrbench.probing.withheld`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.contracts.method import Prepared, as_predicted, same
from cefrbench.contracts.probe import FitsPaths, FoldFit, FoldRows
from cefrbench.cores import usable_cores
from cefrbench.engines.checks import training_weight
from cefrbench.engines.cores import over_cores
from cefrbench.errors import ProbeError
from cefrbench.probing.fit import FitFailure, fit_paths
from cefrbench.probing.method_probe import MethodProbe
from cefrbench.probing.withheld import MethodPart, Training, checked

Doubles = NDArray[np.float64]


class WrappedProbe(MethodProbe):
    """The estimator of ``METHOD+PROBE``; it is fitted over folds that know where rows are from."""

    def _fit(
        self,
        X: Any,
        y: NDArray[np.int64],
        folds: Sequence[FoldRows],
        settings: Sequence[float | None],
        sample_weight: Doubles | None,
        seeds: Sequence[int | None],
    ) -> list[list[list[FoldFit]]]:
        # Fits of plain estimators limit threads for the whole process: those go one by one.
        many = self.options.device == "cpu" and isinstance(self.inner, FitsPaths)

        def fit(rows: FoldRows) -> list[list[FoldFit]]:
            training = Training.of(X, y, rows, training_weight(rows, sample_weight))
            columns = [_Fold(self, training, settings, seed).fit() for seed in seeds]
            return [list(row) for row in zip(*columns, strict=True)]

        return over_cores(fit, folds, min(len(folds), usable_cores()) if many else 1)

    def prepare(self, part: MethodPart, seed: int | None, strength: float | None) -> Prepared:
        """Let a fresh method prepare one part.

        Raises
        ------
        ProbeError
            When it breaks, or gives what no probe can be fitted on.
        """
        method = self.method_at(seed, strength)
        prepared = self.of_method(lambda: method.prepare(part.source, part.unlabelled))
        return checked(prepared, self.method.card, self.options.n_classes)


@dataclass(slots=True)
class _Fold:
    """The fits of one fold with one seed."""

    wrapped: WrappedProbe
    training: Training
    settings: Sequence[float | None]
    seed: int | None

    def fit(self) -> list[FoldFit]:
        """One fit a setting."""
        wrapped, training = self.wrapped, self.training
        pairs = [wrapped.settings.pair(value) for value in self.settings]
        found: list[FoldFit | None] = [None] * len(pairs)
        # Methods that change predictions alone share the fits of what the probe itself would fit.
        plain: dict[tuple[float | None, ...], list[FoldFit]] = {}
        for strength in dict.fromkeys(strength for _, strength in pairs):
            own = [i for i, pair in enumerate(pairs) if pair[1] == strength]
            penalties = tuple(pairs[i][0] for i in own)
            for alike in self._alike(strength):
                first, start = alike[0].prepared, 0
                if alike[0].is_plain:
                    if penalties not in plain:
                        plain[penalties] = self._fits(
                            first, [training.source.X, training.predict], penalties
                        )
                    fits = plain[penalties]
                else:
                    rows = [block for one in alike for block in (one.known, one.transformed)]
                    fits = self._fits(first, rows, penalties)
                for one in alike:
                    known = slice(start, start + len(one.known))
                    places = known.stop + np.arange(len(one.transformed))
                    start = known.stop + len(places)
                    if one.is_plain:
                        known = slice(0, len(training.source.X))
                        places = known.stop + one.part.places
                    for i, fit in zip(own, fits, strict=True):
                        found[i] = self._joined(found[i], fit, one, known, places)
                    one.ask_again()
        return [fit for fit in found if fit is not None]

    def _alike(self, strength: float | None) -> list[list[_Ready]]:
        """Prepare all parts; those that the probe would be fitted on alike stand together."""
        groups: dict[object, list[_Ready]] = {}
        for part in self.training.parts(self.wrapped.method.card):
            one = _Ready.of(part, self.wrapped.prepare(part, self.seed, strength))
            alone = self.wrapped.method.card.sees == "source"
            groups.setdefault(None if alone else one.key(), []).append(one)
        return list(groups.values())

    def _fits(
        self,
        prepared: Prepared,
        after: Sequence[NDArray[np.float32]],
        penalties: tuple[float | None, ...],
    ) -> list[FoldFit]:
        """Fit the probe on what was prepared, with each penalty, and predict other rows."""
        wrapped, n = self.wrapped, len(prepared.X)
        X = np.concatenate([prepared.X, *after]).astype(np.float32, copy=False)
        y = np.zeros(len(X), dtype=np.int64)
        y[:n] = prepared.y
        as_many = n == len(self.training.source.X)
        rows = FoldRows(
            np.arange(n),
            np.arange(n, len(X)),
            np.asarray(prepared.weight, dtype=np.float64),
            groups=self.training.groups if as_many else None,
        )
        options = replace(wrapped.options, penalty=None)
        (path,) = fit_paths(
            *(wrapped.probe, options, X, y, [rows]), penalties=penalties, seeds=(self.seed,)
        )
        fits = []
        for (fit,) in path:
            if isinstance(fit, FitFailure):
                raise ProbeError(fit.message)
            fits.append(fit)
        return fits

    def _joined(
        self,
        so_far: FoldFit | None,
        fit: FoldFit,
        one: _Ready,
        known: slice,
        places: NDArray[np.intp],
    ) -> FoldFit:
        """Put what was predicted of one part beside that of the others."""
        n = len(self.training.predict)
        values, scores = fit.predictions[places], fit.scores
        own = None if scores is None else scores[places]
        if one.prepared.finish is not as_predicted:
            raw = fit.predictions if scores is None else scores
            values = own = one.part.finished(one.prepared, raw[known], raw[places])
        if so_far is None:
            so_far = FoldFit(np.full(n, np.nan), scores=None if own is None else np.full(n, np.nan))
        so_far.predictions[one.part.places] = values
        if so_far.scores is not None and own is not None:
            so_far.scores[one.part.places] = own
        so_far.iterations = fit.iterations
        so_far.converged &= fit.converged
        so_far.message = so_far.message or fit.message
        return so_far


@dataclass(frozen=True, slots=True)
class _Ready:
    """A part that a method has prepared.

    Attributes
    ----------
    part : MethodPart
    prepared : Prepared
    ask_again : callable
        See :meth:`MethodPart.watching`.
    is_plain : bool
        Whether the probe fits and reads what it would by itself.
    known, transformed : ndarray of float32
        Source texts, where their predictions count, and rows to predict, as the probe reads them.
    """

    part: MethodPart
    prepared: Prepared
    ask_again: Callable[[], None]
    is_plain: bool
    known: NDArray[np.float32]
    transformed: NDArray[np.float32]

    @classmethod
    def of(cls, part: MethodPart, prepared: Prepared) -> _Ready:
        """Ask for all rows."""
        ask_again = part.watching(prepared)
        source = part.source
        is_plain = (
            prepared.X is source.X
            and prepared.y is source.y
            and prepared.weight is source.weight
            and prepared.transform is same
        )
        rows = part.source_rows(prepared), part.transformed(prepared)
        return cls(part, prepared, ask_again, is_plain, *rows)

    def key(self) -> object:
        """Equal where a probe is fitted on the same."""
        if self.is_plain:
            return None
        digest = hashlib.blake2b()
        for values in (self.prepared.X, self.prepared.y, self.prepared.weight):
            digest.update(f"{values.dtype} {values.shape}".encode())
            digest.update(np.ascontiguousarray(values).data)
        return digest.digest()
