"""Probes with one hidden layer as wide as the features, trained for all folds and seeds at once."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from cefrbench.contracts.probe import FoldFit, FoldRows
from cefrbench.engines.checks import check_finite, check_weight, number_classes, training_weight
from cefrbench.engines.continuous import expected_level, probabilities
from cefrbench.engines.mlp.draws import Draws
from cefrbench.engines.mlp.model import Labels, Model, Settings
from cefrbench.engines.mlp.schedule import train_all
from cefrbench.engines.mlp.validation import Validation, hold_out
from cefrbench.engines.standardise import standardise
from cefrbench.errors import ProbeError

#: Most memory for what models hold of their rows: indices, order, weights, targets.
ROWS_BYTES = 1 << 29
#: Numbers that a model holds of each of its rows, about.
ROW_NUMBERS = 12


class MLPProbe(BaseEstimator):  # type: ignore[misc]
    """Base of the two MLP probes.

    Parameters
    ----------
    alpha : float
        L2 penalty.
    batch_size : int
    learning_rate : float
        Of Adam.
    max_iter : int
        Most epochs.
    tol, n_iter_no_change : float, int
        Training stops when for more than ``n_iter_no_change`` epochs in a row the training loss
        has not come down by ``tol``.
    random_state : int or None
    device : str
    early_stopping : bool
        Hold some training rows out, stop by their score (accuracy or R²) instead of the loss, and
        keep the weights of the epoch that scored best. Where fewer than two units would be held
        out, none are, and the loss stops training.
    validation_fraction : float
        Share of the training rows, or of their units, that is held out.

    Attributes
    ----------
    weights_ : LayerWeights
    n_iter_ : int
        Epochs.
    loss_curve_ : list of float
    validation_scores_ : list of float
    best_validation_score_ : float or None
    """

    def __init__(
        self,
        alpha: float = 1e-4,
        batch_size: int = 200,
        learning_rate: float = 1e-3,
        max_iter: int = 1000,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        random_state: int | None = None,
        device: str = "cpu",
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
    ) -> None:
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state
        self.device = device
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction

    # -- what a subclass gives -----------------------------------------------------------------

    def _labels(self, y: NDArray[Any]) -> Labels:
        raise NotImplementedError

    def _decide(self, scores: NDArray[Any], classes: NDArray[Any]) -> NDArray[Any]:
        raise NotImplementedError

    def _continuous(self, scores: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.float64]:
        raise NotImplementedError

    # -- scikit-learn's contract ---------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPProbe:
        """Fit on features ``X [n, dim]`` and ``y [n]``, in the precision of ``X``.

        Warns
        -----
        ConvergenceWarning
            When ``max_iter`` epochs were not enough.

        Raises
        ------
        ProbeError
            When training diverges.
        """
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        weight = check_weight(sample_weight, len(y))
        draws = Draws(X.shape[1], X.dtype)
        fold = FoldRows(np.arange(len(y)), np.arange(0))
        model = self._model(draws, y, fold, weight, self.random_state)
        model.predict = None
        train_all([model], X, self._settings(), self.device)
        if not np.isfinite(model.losses[-1]):
            raise ProbeError(
                f"Training diverged: {model.message}; scale the features or lower learning_rate."
            )
        if model.message:
            warnings.warn(model.message, ConvergenceWarning, stacklevel=2)
        self.classes_ = model.labels.classes
        self.weights_ = model.weights
        self.n_iter_ = len(model.losses)
        self.loss_curve_ = model.losses
        self.validation_scores_ = model.validation_scores
        self.best_validation_score_ = max(model.validation_scores, default=None)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict ``[n]`` values or classes."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return self._decide(self.weights_.scores(X), self.classes_)

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
        """Fit all folds of one layer with all seeds.

        See :class:`cefrbench.contracts.probe.FitsFolds`.

        A seed of None means ``random_state``.
        """
        check_finite(X)
        weight = check_weight(sample_weight, len(y))
        draws = Draws(X.shape[1], X.dtype)
        return [
            fits
            for some in _few(folds, len(seeds))
            for fits in self._fit_some(draws, X, y, some, weight, seeds)
        ]

    def _fit_some(
        self,
        draws: Draws,
        X: NDArray[np.float32],
        y: NDArray[np.int64],
        folds: Sequence[FoldRows],
        weight: NDArray[np.float64] | None,
        seeds: Sequence[int | None],
    ) -> list[list[FoldFit]]:
        """Train the models of some folds."""
        models = [
            [
                self._model(
                    draws,
                    y,
                    fold,
                    training_weight(fold, weight),
                    self.random_state if seed is None else seed,
                )
                for seed in seeds
            ]
            for fold in folds
        ]
        for fold, row in zip(folds, models, strict=True):
            if fold.count is not None:
                unit = standardise(X, fold.train, fold.count)
                for model in row:
                    model.unit = unit
        train_all([m for row in models for m in row], X, self._settings(), self.device)
        return [[self._fold_fit(model) for model in row] for row in models]

    def _model(
        self,
        draws: Draws,
        y: NDArray[Any],
        fold: FoldRows,
        weight: NDArray[np.float64] | None,
        seed: Any,
    ) -> Model:
        """Prepare one model; rows of weight zero are left out of its training rows."""
        used = np.arange(len(fold.train)) if weight is None else np.flatnonzero(weight)
        train = fold.train[used]
        labels = self._labels(y[train])
        start, random = draws.start(seed, labels.outputs)
        share = np.ones(len(train)) if weight is None else weight[used]
        groups = None if fold.groups is None else fold.groups[used]
        parts = (
            hold_out(labels, groups, self.validation_fraction, random)
            if self.early_stopping
            else None
        )
        if parts is None:
            return Model(train, fold.predict, labels, share, start, random)
        kept, held = parts

        def decide(scores: NDArray[Any]) -> NDArray[Any]:
            return self._decide(scores, labels.classes)

        validation = Validation(
            train[held], y[train[held]], share[held], decide, labels.output != "identity"
        )
        rest = Labels(labels.target[kept], labels.classes, labels.output)
        return Model(train[kept], fold.predict, rest, share[kept], start, random, validation)

    def _fold_fit(self, model: Model) -> FoldFit:
        scores = np.asarray(model.scores)
        if np.isfinite(scores).all():
            predictions = self._decide(scores, model.labels.classes).astype(np.float64)
            continuous = self._continuous(scores, model.labels.classes)
        else:
            # No class may be read out of a network that diverged.
            predictions = continuous = np.full(len(scores), np.nan)
        steps, message = len(model.losses), model.message
        return FoldFit(predictions, steps, not message, message, continuous)

    def _settings(self) -> Settings:
        return Settings(
            alpha=self.alpha,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            tol=self.tol,
            n_iter_no_change=self.n_iter_no_change,
            max_iter=self.max_iter,
        )


def _few(folds: Sequence[FoldRows], seeds: int) -> Iterator[Sequence[FoldRows]]:
    """Folds at a time, so that what models hold of their rows stays in bounds."""
    start, held = 0, 0
    for place, fold in enumerate(folds):
        own = 8 * ROW_NUMBERS * len(fold.train) * seeds
        if held and held + own > ROWS_BYTES:
            yield folds[start:place]
            start, held = place, 0
        held += own
    yield folds[start:]


class MLPRegressorProbe(RegressorMixin, MLPProbe):  # type: ignore[misc]
    """Regression on class numbers; trains as ``sklearn.neural_network.MLPRegressor`` does."""

    def _labels(self, y: NDArray[Any]) -> Labels:
        return Labels(y.astype(np.float64)[:, None], y[:0], "identity")

    def _decide(self, scores: NDArray[Any], classes: NDArray[Any]) -> NDArray[Any]:
        return scores[:, 0]

    def _continuous(self, scores: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.float64]:
        return scores[:, 0].astype(np.float64)


class MLPClassifierProbe(ClassifierMixin, MLPProbe):  # type: ignore[misc]
    """Classification; trains as ``sklearn.neural_network.MLPClassifier`` does.

    Over the classes that the training rows hold; two of them share one output unit.
    """

    def _labels(self, y: NDArray[Any]) -> Labels:
        numbers, classes = number_classes(y)
        if len(classes) == 2:
            return Labels(numbers[:, None].astype(np.float64), classes, "logistic")
        return Labels(np.eye(len(classes))[numbers], classes, "softmax")

    def _decide(self, scores: NDArray[Any], classes: NDArray[Any]) -> NDArray[Any]:
        binary = scores.shape[1] == 1
        chosen = (scores[:, 0] > 0).astype(np.intp) if binary else scores.argmax(axis=1)
        decided: NDArray[Any] = classes[chosen]
        return decided

    def _continuous(self, scores: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.float64]:
        return expected_level(probabilities(scores), classes)
