"""Ridge regression on class numbers, solved from Gram matrices that the folds share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from cefrbench.engines.linear.arrays import Arrays, Doubles
from cefrbench.engines.linear.design import Design, Layer
from cefrbench.engines.linear.probe import LinearProbe, Solution


class RidgeProbe(RegressorMixin, LinearProbe):  # type: ignore[misc]
    """Least squares with an L2 penalty; the same minimum as ``sklearn.linear_model.Ridge``.

    Minimises ``Σ sᵢ (yᵢ − xᵢ·w − b)² + α ‖w‖²``.

    Parameters
    ----------
    alpha : float
    device : str
    """

    def __init__(self, alpha: float = 1.0, device: str = "cpu") -> None:
        self.alpha = alpha
        self.device = device

    def _target(self, y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        return y.astype(np.float64), y[:0]

    def _design(self, layer: Layer, train: NDArray[Any], predict: NDArray[Any]) -> Design:
        if layer.is_dual(train):
            return layer.kernel(train, predict)
        return layer.centred(train, predict)

    def _solve(
        self, design: Design, target: NDArray[Any], classes: int, arrays: Arrays
    ) -> Solution:
        y = arrays.put(target[:, None])
        mean = (design.weight * y).sum(axis=0) / design.weight.sum()
        if design.inner:
            # w = Σ aᵢ xᵢ with (K + α diag(1 / s)) a = y − ȳ.
            matrix, right = design.train, y - mean
            penalty = self.alpha / design.weight[:, 0]
        else:
            matrix, right = design.gram(), design.train.T @ (design.weight * (y - mean))
            penalty = self.alpha
        matrix.reshape(-1)[:: len(matrix) + 1] += penalty
        return Solution(arrays.solver(matrix)(right), mean)

    def _decide(self, scores: Doubles, classes: NDArray[Any]) -> NDArray[Any]:
        return scores[:, 0]

    def _continuous(
        self, scores: Doubles, classes: NDArray[Any], latent: Callable[[], Doubles]
    ) -> Doubles:
        return scores[:, 0]
