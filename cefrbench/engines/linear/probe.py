"""The common part of the linear probes: scikit-learn's estimator, and the fit over many folds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from cefrbench.contracts.probe import FoldFit, FoldRows
from cefrbench.engines.checks import check_finite, check_weight, training_weight
from cefrbench.engines.cores import over_cores, workers_for
from cefrbench.engines.linear.arrays import Array, Arrays, DeviceArrays, Doubles, arrays_on
from cefrbench.engines.linear.design import Design, Layer
from cefrbench.engines.standardise import standardised

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

    # -- what a subclass gives -----------------------------------------------------------------

    def _target(self, y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Turn ``y`` into what the solver reads, and the classes (empty for regressors)."""
        raise NotImplementedError

    def _share(self, layer: Layer, folds: Sequence[FoldRows]) -> None:
        """Compute what the folds share, before they are spread over the cores."""
        layer.share_products([fold.train for fold in folds])

    def _design(self, layer: Layer, train: NDArray[Any], predict: NDArray[Any]) -> Design:
        """Choose the coordinates."""
        return layer.centred(train, predict)

    def _solve(
        self, design: Design, target: NDArray[Any], classes: int, arrays: Arrays
    ) -> Solution:
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
        design = self._design(Layer(X, weight, arrays), rows, rows[:0])
        solution = self._solve(design, target, len(self.classes_), arrays)
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
        """Fit all folds of one layer; see :class:`cefrbench.contracts.probe.FitsFolds`.

        No seed changes a linear probe: its one fit stands for all of them.
        """
        check_finite(X)
        arrays = arrays_on(self.device)
        weight = check_weight(sample_weight, len(y))
        layer = Layer(X, weight, arrays)

        def fit(fold: FoldRows) -> list[FoldFit]:
            if _shares(fold):
                return [self._fit_fold(layer, y, fold, arrays)] * len(seeds)
            rows = np.concatenate([fold.train, fold.predict])
            own = _own_layer(X, weight, fold, rows, arrays)
            places = np.arange(len(rows))
            moved = FoldRows(places[: len(fold.train)], places[len(fold.train) :])
            return [self._fit_fold(own, y[rows], moved, arrays)] * len(seeds)

        if isinstance(arrays, DeviceArrays):
            return [fit(fold) for fold in folds]
        sharing = [fold for fold in folds if _shares(fold)]
        if sharing:
            self._share(layer, sharing)
        workers = min(len(folds), workers_for(layer.fold_bytes, HOST_BYTES))
        return over_cores(fit, folds, workers)

    def _fit_fold(
        self, layer: Layer, y: NDArray[np.int64], fold: FoldRows, arrays: Arrays
    ) -> FoldFit:
        train = fold.train[layer.weight[fold.train] > 0]
        target, classes = self._target(y[train])
        design = self._design(layer, train, fold.predict)
        solution = self._solve(design, target, len(classes), arrays)
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


def _shares(fold: FoldRows) -> bool:
    """Whether a fold reads the layer as the others do: in its unit, with its weights."""
    return fold.weight is None and fold.count is None


def _own_layer(
    X: NDArray[np.float32],
    sample_weight: Doubles | None,
    fold: FoldRows,
    rows: NDArray[np.intp],
    arrays: Arrays,
) -> Layer:
    """Give a fold's rows, training rows first, in the fold's own unit and with its own weights."""
    weight = training_weight(fold, sample_weight)
    if weight is not None:
        weight = np.concatenate([weight, np.ones(len(fold.predict))])
    features = X[rows]
    if fold.count is not None:
        features = standardised(X, fold.train, fold.count, rows)
    return Layer(features, weight, arrays)
