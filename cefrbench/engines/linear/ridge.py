"""Ridge regression on class numbers, solved from Gram matrices that the folds share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from cefrbench.engines.linear.arrays import Arrays, Doubles
from cefrbench.engines.linear.design import Design, FoldPart
from cefrbench.engines.linear.probe import LinearProbe, Solution


class RidgeProbe(RegressorMixin, LinearProbe):  # type: ignore[misc]
    """Least squares with an L2 penalty; the same minimum as ``sklearn.linear_model.Ridge``.

    Minimises ``Σ sᵢ (yᵢ − xᵢ·w − b)² + α ‖w‖²``.

    Parameters
    ----------
    alpha : float
    device : str
    """

    penalised = "alpha"

    def __init__(self, alpha: float = 1.0, device: str = "cpu") -> None:
        self.alpha = alpha
        self.device = device

    def _target(self, y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        return y.astype(np.float64), y[:0]

    def _design(self, part: FoldPart) -> Design:
        return part.kernel() if part.is_dual else part.centred()

    def _solve(
        self,
        design: Design,
        target: NDArray[Any],
        classes: int,
        penalties: Sequence[float],
        arrays: Arrays,
    ) -> list[Solution]:
        """Factorise once a penalty: ten factors cost less than one eigendecomposition."""
        y = arrays.put(target[:, None])
        mean = (design.weight * y).sum(axis=0) / design.weight.sum()
        if design.inner:
            # w = Σ aᵢ xᵢ with (K + α diag(1 / s)) a = y − ȳ.
            matrix, right, unit = design.train, y - mean, 1 / design.weight[:, 0]
        else:
            matrix, right, unit = design.gram(), design.pull(design.weight * (y - mean)), 1.0
        diagonal = matrix.reshape(-1)[:: len(matrix) + 1]
        unpenalised = diagonal + 0.0
        solutions = []
        for alpha in penalties:
            diagonal[:] = unpenalised + alpha * unit
            solutions.append(Solution(arrays.solver(matrix)(right), mean))
        return solutions

    def _decide(self, scores: Doubles, classes: NDArray[Any]) -> NDArray[Any]:
        return scores[:, 0]

    def _continuous(
        self, scores: Doubles, classes: NDArray[Any], latent: Callable[[], Doubles]
    ) -> Doubles:
        return scores[:, 0]
