"""The common part of the linear probes: scikit-learn's estimator, and the fit over many folds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from cefrbench.contracts.probe import FoldFit, FoldRows
from cefrbench.engines.checks import check_finite, check_weight, training_weight
from cefrbench.engines.cores import over_cores, workers_for
from cefrbench.engines.linear.arrays import Array, Arrays, DeviceArrays, Doubles, arrays_on
from cefrbench.engines.linear.blocks import Stream
from cefrbench.engines.linear.design import Design, FoldPart, Layer, fold_bytes
from cefrbench.engines.linear.own import OwnPart
from cefrbench.engines.linear.streamed import STREAMED_BYTES, StreamedPart, streamed_bytes

#: Most memory for folds in work on the CPU.
HOST_BYTES = 3 << 29


@dataclass(frozen=True, slots=True)
class Solution:
    """A fitted linear map in the coordinates of a :class:`Design`.

    Attributes
    ----------
    coef : Array, shape (rank, k)
    intercept : Array, shape (m,)
        ``m = k``, or any ``m`` when ``k = 1``: one slope, several thresholds.
    """

    coef: Array
    intercept: Array
    iterations: int | None = None
    converged: bool = True
    message: str = ""


class LinearProbe(BaseEstimator):  # type: ignore[misc]
    """Base of the linear probes; a subclass says how to solve one fold and how to decide.

    Attributes
    ----------
    coef_ : ndarray, shape (dim, k)
    intercept_ : ndarray, shape (m,)
    n_iter_ : int or None
    """

    device: str
    #: Parameter that says how much is penalised.
    penalised: ClassVar[str]

    # -- what a subclass gives -----------------------------------------------------------------

    def _target(self, y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Turn ``y`` into what the solver reads, and the classes (empty for regressors)."""
        raise NotImplementedError

    def _share(self, layer: Layer, folds: Sequence[FoldRows]) -> None:
        """Compute what the folds share, before they are spread over the cores."""
        layer.share_products([fold.train for fold in folds])

    def _design(self, part: FoldPart) -> Design:
        """Choose the coordinates."""
        return part.centred()

    def _solve(
        self,
        design: Design,
        target: NDArray[Any],
        classes: int,
        penalties: Sequence[float],
        arrays: Arrays,
    ) -> list[Solution]:
        """Minimise with each penalty, given from the strongest to the weakest."""
        raise NotImplementedError

    def _decide(self, scores: Doubles, classes: NDArray[Any]) -> NDArray[Any]:
        raise NotImplementedError

    def _continuous(
        self, scores: Doubles, classes: NDArray[Any], latent: Callable[[], Doubles]
    ) -> Doubles:
        """Continuous score of each row; ``latent`` gives ``x·w``, shape ``[n, k]``."""
        raise NotImplementedError

    # -- scikit-learn's contract ---------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearProbe:
        """Fit on features ``X [n, dim]`` and ``y [n]``."""
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32], ensure_min_samples=2)
        weight = check_weight(sample_weight, len(y))
        rows = np.arange(len(y)) if weight is None else np.flatnonzero(weight)
        target, self.classes_ = self._target(y[rows])
        arrays = arrays_on(self.device)
        design = self._design(Layer(X, weight, arrays).part(rows, rows[:0]))
        own = [getattr(self, self.penalised)]
        (solution,) = self._solve(design, target, len(self.classes_), own, arrays)
        self.coef_ = design.coefficients(solution.coef)
        self.intercept_ = arrays.get(solution.intercept) - design.mean @ self.coef_
        self.n_iter_ = solution.iterations
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict ``[n]`` values or classes."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return self._decide(X @ self.coef_ + self.intercept_, self.classes_)

    # -- many folds ----------------------------------------------------------------------------

    def fit_folds(
        self,
        X: NDArray[np.float32],
        y: NDArray[np.int64],
        folds: Sequence[FoldRows],
        *,
        sample_weight: NDArray[np.float64] | None = None,
        seeds: Sequence[int | None] = (None,),
    ) -> list[list[FoldFit]]:
        """Fit all folds of one layer; see :class:`cefrbench.contracts.probe.FitsFolds`."""
        own = [getattr(self, self.penalised)]
        paths = self.fit_paths(X, y, folds, penalties=own, sample_weight=sample_weight, seeds=seeds)
        return [path[0] for path in paths]

    def fit_paths(
        self,
        X: NDArray[np.float32],
        y: NDArray[np.int64],
        folds: Sequence[FoldRows],
        *,
        penalties: Sequence[float],
        sample_weight: NDArray[np.float64] | None = None,
        seeds: Sequence[int | None] = (None,),
    ) -> list[list[list[FoldFit]]]:
        """Fit all folds with all penalties; see :class:`cefrbench.contracts.probe.FitsPaths`.

        No seed changes a linear probe: its one fit stands for all of them.
        """
        check_finite(X)
        arrays = arrays_on(self.device)
        weight = check_weight(sample_weight, len(y))
        if fold_bytes(*X.shape) > HOST_BYTES:
            paths = self._fit_large(X, y, folds, penalties, weight, arrays)
        else:
            paths = self._fit_held(X, y, folds, penalties, weight, arrays)
        return [[[one] * len(seeds) for one in path] for path in paths]

    def _fit_held(
        self,
        X: NDArray[np.float32],
        y: NDArray[np.int64],
        folds: Sequence[FoldRows],
        penalties: Sequence[float],
        weight: Doubles | None,
        arrays: Arrays,
    ) -> list[list[FoldFit]]:
        """Fit folds of which each fits into memory, ``[fold][penalty]``."""
        sharing = [fold for fold in folds if _shares(fold)]
        layer = Layer(X, weight, arrays) if sharing else None

        def fit(fold: FoldRows) -> list[FoldFit]:
            if layer is not None and _shares(fold):
                part: FoldPart = layer.part(fold.train, fold.predict)
            else:
                part = OwnPart(X, fold, training_weight(fold, weight), arrays)
            return self._fit_path(part, y, penalties, arrays)

        if isinstance(arrays, DeviceArrays):
            return [fit(fold) for fold in folds]
        if layer is not None:
            self._share(layer, sharing)
        return over_cores(fit, folds, self.at_once(folds, X.shape))

    def _fit_large(
        self,
        X: NDArray[np.float32],
        y: NDArray[np.int64],
        folds: Sequence[FoldRows],
        penalties: Sequence[float],
        weight: Doubles | None,
        arrays: Arrays,
    ) -> list[list[FoldFit]]:
        """Fit folds of a layer too large to be copied: in step, from blocks of its rows.

        A fold of few rows is held as ever, each by itself.
        """
        stream = Stream(X, arrays)

        def fits_in(fold: FoldRows) -> bool:
            return _own_bytes(fold, X.shape[1]) <= HOST_BYTES

        def fit(fold: FoldRows) -> list[FoldFit]:
            own = training_weight(fold, weight)
            if fits_in(fold):
                return self._fit_path(OwnPart(X, fold, own, arrays), y, penalties, arrays)
            with stream.passes.member():
                return self._fit_path(StreamedPart(stream, fold, own), y, penalties, arrays)

        if isinstance(arrays, DeviceArrays):
            return [fit(fold) for fold in folds]
        few = [place for place, fold in enumerate(folds) if fits_in(fold)]
        many = [place for place, fold in enumerate(folds) if not fits_in(fold)]
        found: dict[int, list[FoldFit]] = {}
        for places in filter(None, (few, many)):
            some = [folds[place] for place in places]
            fits = over_cores(fit, some, self.at_once(some, X.shape))
            found |= zip(places, fits, strict=True)
        return [found[place] for place in range(len(folds))]

    def at_once(self, folds: Sequence[FoldRows], shape: tuple[int, ...]) -> int:
        """How many folds of a layer ``[n, dim]`` are in memory at the same time."""
        n, dim = shape
        if isinstance(arrays_on(self.device), DeviceArrays):
            return 1
        if fold_bytes(n, dim) <= HOST_BYTES:
            most = fold_bytes(n, dim)
        else:
            most = max(_own_bytes(fold, dim) for fold in folds)
        if most <= HOST_BYTES:
            return min(len(folds), workers_for(most, HOST_BYTES))
        most = streamed_bytes(max(len(fold.train) for fold in folds), dim)
        return min(len(folds), max(1, STREAMED_BYTES // most))

    def _fit_path(
        self, part: FoldPart, y: NDArray[np.int64], penalties: Sequence[float], arrays: Arrays
    ) -> list[FoldFit]:
        target, classes = self._target(y[part.rows])
        design = self._design(part)
        solutions = self._solve(design, target, len(classes), penalties, arrays)
        return [self._predicted(design, solution, classes, arrays) for solution in solutions]

    def _predicted(
        self, design: Design, solution: Solution, classes: NDArray[Any], arrays: Arrays
    ) -> FoldFit:
        moved = design.predict @ solution.coef
        scores = arrays.get(moved + solution.intercept)

        def latent() -> Doubles:
            return arrays.get(moved) + design.mean @ design.coefficients(solution.coef)

        return FoldFit(
            predictions=self._decide(scores, classes).astype(np.float64),
            iterations=solution.iterations,
            converged=solution.converged,
            message=solution.message,
            scores=self._continuous(scores, classes, latent),
        )


def _own_bytes(fold: FoldRows, dim: int) -> int:
    """Memory that a fold takes if its features are held."""
    return fold_bytes(len(fold.train) + len(fold.predict), dim)


def _shares(fold: FoldRows) -> bool:
    """Whether a fold reads the layer as the others do: in its unit, with its weights."""
    return fold.weight is None and fold.count is None
