"""Ridge regression on class numbers, solved from Gram matrices that the folds share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from cefrbench_plugins.probes._arrays import Arrays, Doubles
from cefrbench_plugins.probes._design import Design
from cefrbench_plugins.probes._linear import LinearProbe, Solution


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

    def _solve(
        self, design: Design, target: NDArray[Any], classes: int, arrays: Arrays
    ) -> Solution:
        y = arrays.put(target[:, None])
        mean = (design.weight * y).sum(axis=0) / design.weight.sum()
        moments = design.gram()
        moments.reshape(-1)[:: len(moments) + 1] += self.alpha
        coef = arrays.solver(moments)(design.train.T @ (design.weight * (y - mean)))
        return Solution(coef, mean)

    def _decide(self, scores: Doubles, classes: NDArray[Any]) -> NDArray[Any]:
        return scores[:, 0]
