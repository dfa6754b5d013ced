"""A probe that learns nothing: the mean level of probabilities that the encoder itself gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin

from cefrbench.contracts.probe import FoldFit, FoldRows
from cefrbench.errors import ProbeError

#: How far from 1 the sum of a text's probabilities may be.
_TOLERANCE = 1e-3


class GivenProbe(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Expected class of probabilities ``X [n, n_classes]``.

    Parameters
    ----------
    n_classes : int
    """

    def __init__(self, n_classes: int = 5) -> None:
        self.n_classes = n_classes

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> GivenProbe:
        """Look at nothing."""
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Give each row's expected class.

        Raises
        ------
        ProbeError
            When the rows are no probabilities over the classes.
        """
        X = np.asarray(X, dtype=np.float64)
        wide = X.shape[1] == self.n_classes
        if not wide or (X < 0).any() or (np.abs(X.sum(axis=1) - 1) > _TOLERANCE).any():
            raise ProbeError(
                f"Probe 'given' reads {self.n_classes} probabilities over the levels, which sum to "
                "1, and these features are none: run it with an encoder `rater:MODEL`."
            )
        found: NDArray[np.float64] = X @ np.arange(self.n_classes)
        return found

    def fit_folds(
        self,
        X: NDArray[np.float32],
        y: NDArray[np.int64],
        folds: Sequence[FoldRows],
        *,
        sample_weight: NDArray[np.float64] | None = None,
        seeds: Sequence[int | None] = (None,),
    ) -> list[list[FoldFit]]:
        """Predict all folds from the features as they are: standardised they are no probabilities.

        Parameters and result are those of :meth:`cefrbench.FitsFolds.fit_folds`.
        """
        values = self.predict(X)
        return [
            [FoldFit(values[fold.predict], scores=values[fold.predict]) for _ in seeds]
            for fold in folds
        ]
