"""The estimator, in a module of its own because it imports scikit-learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted


class NearestMean(ClassifierMixin, BaseEstimator):
    """Predict the class whose weighted mean is nearest."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit on ``X [n, dim]`` and classes ``y [n]``."""
        weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
        self.centre_ = np.average(X, axis=0, weights=weight)
        spread = np.sqrt(np.average((X - self.centre_) ** 2, axis=0, weights=weight))
        self.scale_ = np.where(spread > 0, spread, 1.0)
        self.classes_ = np.unique(y)
        scaled = (X - self.centre_) / self.scale_
        self.means_ = np.stack(
            [np.average(scaled[y == c], axis=0, weights=weight[y == c]) for c in self.classes_]
        )
        return self

    def predict(self, X: Any) -> Any:
        """Predict classes ``[n]``."""
        check_is_fitted(self)
        scaled = (X - self.centre_) / self.scale_
        distance = ((scaled[:, None] - self.means_) ** 2).sum(axis=-1)
        return self.classes_[distance.argmin(axis=1)]
