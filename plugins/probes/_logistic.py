"""Multinomial logistic regression by truncated Newton."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from cefrbench_plugins.probes._arrays import Array, Arrays, Doubles
from cefrbench_plugins.probes._design import Design
from cefrbench_plugins.probes._linear import LinearProbe, Solution
from cefrbench_plugins.probes._newton import minimise
from cefrbench_plugins.probes._ordinal import AllThreshold


class LogisticProbe(ClassifierMixin, LinearProbe):  # type: ignore[misc]
    """Multinomial logistic regression; the same minimum as scikit-learn's.

    Minimises ``C Σ sᵢ (−log softmax(W xᵢ + b)[yᵢ]) + ½ ‖W‖²`` over the classes that the training
    rows hold. Two classes take the one-vector form ``log(1 + exp(−±(w·x + b)))``, as in
    ``sklearn.linear_model.LogisticRegression``, whose penalty weighs half as much.

    Parameters
    ----------
    C : float
    device : str
    """

    def __init__(self, C: float = 1.0, device: str = "cpu") -> None:
        self.C = C
        self.device = device

    def _target(self, y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        check_classification_targets(y)
        classes, target = np.unique(y, return_inverse=True)
        return target, classes

    def _solve(
        self, design: Design, target: NDArray[Any], classes: int, arrays: Arrays
    ) -> Solution:
        if classes == 2:
            return AllThreshold(design, target, 2, 1 / self.C, arrays).solve()
        return Multinomial(design, target, classes, 1 / self.C, arrays).solve()

    def _decide(self, scores: Doubles, classes: NDArray[Any]) -> NDArray[Any]:
        if scores.shape[1] == 1:
            return classes[(scores[:, 0] > 0).astype(np.intp)]
        return classes[scores.argmax(axis=1)]


class Multinomial:
    """The objective of one fold, as a problem for :func:`minimise`.

    Parameters are one matrix ``[rank + 1, classes]``: the coefficients, then the intercepts. Its
    rows sum to zero: the minimum has that form, since adding a constant to all classes of a row
    changes no probability and only adds to the penalty.
    """

    def __init__(
        self, design: Design, target: NDArray[Any], classes: int, alpha: float, arrays: Arrays
    ) -> None:
        n, rank = design.train.shape
        self.arrays = arrays
        self.design = design
        self.classes = classes
        self.weight = design.weight
        self.features = arrays.zeros(n, rank + 1)
        self.features[:, :rank] = design.train
        self.features[:, rank] = 1.0
        self.hit = arrays.put(np.eye(classes)[target])
        self.penalty = arrays.put(np.r_[np.full(rank, alpha), 0.0][:, None])
        self.frequency = (self.weight * self.hit).sum(axis=0) / self.weight.sum()

    def solve(self) -> Solution:
        """Minimise."""
        found = minimise(self)
        return Solution(
            found.params[:-1], found.params[-1], found.iterations, found.converged, found.message
        )

    def start(self) -> Array:
        """Zero slopes; the intercepts that give each class its frequency."""
        params = self.penalty * self.hit[:1] * 0.0
        log_odds = self.arrays.log(self.frequency)
        params[-1] = log_odds - log_odds.mean()
        return params

    def start_preconditioner(self) -> Callable[[Array], Array]:
        """At the start all rows have the same probabilities, so the Gram matrix serves all."""
        rank = len(self.penalty) - 1
        gram = self.arrays.zeros(rank + 1, rank + 1)
        gram[:rank, :rank] = self.design.gram()
        gram[rank, rank] = self.weight.sum()
        curvature = self.frequency * (1 - self.frequency)
        return self._blocks([float(c) * gram for c in curvature])

    def at(self, params: Array) -> MultinomialPoint:
        """Evaluate."""
        return MultinomialPoint(self, params)

    def blocks(self, probability: Array) -> Callable[[Array], Array]:
        """Solve with the Hessian's blocks of single classes, leaving out those between classes."""
        spread = self.arrays.sqrt(self.weight * probability * (1 - probability))
        return self._blocks(
            [self.arrays.gram(self.features * spread[:, k : k + 1]) for k in range(self.classes)]
        )

    def _blocks(self, data_terms: list[Array]) -> Callable[[Array], Array]:
        solvers = []
        for block in data_terms:
            diagonal = block.reshape(-1)[:: len(block) + 1]
            diagonal += self.penalty[:, 0]
            # A class that is told apart perfectly leaves its intercept without curvature.
            diagonal[-1] += 1e-10
            solvers.append(self.arrays.solver(block))

        def solve(right: Array) -> Array:
            out = right * 1.0
            for k, solver in enumerate(solvers):
                out[:, k] = solver(right[:, k : k + 1])[:, 0]
            return out - out.mean(axis=1)[:, None]

        return solve


class MultinomialPoint:
    """The objective around one parameter matrix."""

    def __init__(self, problem: Multinomial, params: Array) -> None:
        self._problem = problem
        log_probability = problem.arrays.log_softmax(problem.features @ params)
        self._probability = problem.arrays.exp(log_probability)
        loss = -(problem.weight * problem.hit * log_probability).sum()
        self.value = float(loss + 0.5 * (problem.penalty * params * params).sum())
        miss = problem.weight * (self._probability - problem.hit)
        self.gradient = problem.features.T @ miss + problem.penalty * params

    def curvature(self, direction: Array) -> Array:
        """Hessian times a direction ``[rank + 1, classes]``."""
        problem = self._problem
        moved = self._probability * (problem.features @ direction)
        moved = moved - self._probability * moved.sum(axis=1)[:, None]
        return problem.features.T @ (problem.weight * moved) + problem.penalty * direction

    def preconditioner(self) -> Callable[[Array], Array]:
        """Factorise the blocks of single classes."""
        return self._problem.blocks(self._probability)
