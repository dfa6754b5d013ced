"""Multinomial logistic regression by truncated Newton."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from cefrbench.contracts.probe import FoldRows
from cefrbench.engines.checks import number_classes
from cefrbench.engines.continuous import expected_level, probabilities
from cefrbench.engines.linear.arrays import Array, Arrays, Doubles
from cefrbench.engines.linear.design import Design, FoldPart, Layer
from cefrbench.engines.linear.newton import minimise
from cefrbench.engines.linear.operand import Operand
from cefrbench.engines.linear.ordinal import AllThreshold
from cefrbench.engines.linear.probe import LinearProbe, Solution

#: Axes along which classes are told apart so well that the Hessian is far from diagonal.
WIDE_AXES = 64


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

    penalised = "C"

    def __init__(self, C: float = 1.0, device: str = "cpu") -> None:
        self.C = C
        self.device = device

    def _target(self, y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        return number_classes(y)

    def _share(self, layer: Layer, folds: Sequence[FoldRows]) -> None:
        layer.share_axes()

    def _design(self, part: FoldPart) -> Design:
        return part.principal()

    def _solve(
        self,
        design: Design,
        target: NDArray[Any],
        classes: int,
        penalties: Sequence[float],
        arrays: Arrays,
    ) -> list[Solution]:
        alphas = [1 / C for C in penalties]
        if classes == 2:
            return AllThreshold(design, target, 2, arrays).solve(alphas)
        return Multinomial(design, target, classes, arrays).solve(alphas)

    def _decide(self, scores: Doubles, classes: NDArray[Any]) -> NDArray[Any]:
        binary = scores.shape[1] == 1
        chosen = (scores[:, 0] > 0).astype(np.intp) if binary else scores.argmax(axis=1)
        decided: NDArray[Any] = classes[chosen]
        return decided

    def _continuous(
        self, scores: Doubles, classes: NDArray[Any], latent: Callable[[], Doubles]
    ) -> Doubles:
        return expected_level(probabilities(scores), classes)


class Multinomial:
    """The objective of one fold, as a problem for :func:`minimise`.

    Parameters are one matrix ``[1 + rank, classes]``: the intercepts, then the coefficients. Its
    rows sum to zero: the minimum has that form, since adding a constant to all classes of a row
    changes no probability and only adds to the penalty.

    The design has to be along principal axes, the widest first. There the Hessian is nearly
    diagonal but for the few widest axes, so that dividing by the diagonal, with one small matrix
    a class for those, is preconditioner enough. Rounding in one coordinate doesn't leak into
    others of another scale either, so products with the Hessian can be taken in single
    precision; the objective and its gradient are in double.
    """

    #: A preconditioner costs about as much as this many products with the Hessian.
    renew_after = 4

    def __init__(self, design: Design, target: NDArray[Any], classes: int, arrays: Arrays) -> None:
        rank = design.train.shape[1]
        self.arrays = arrays
        self.weight = design.weight
        self.rows: Operand = design.operand(arrays, intercept=True)
        self.hit = arrays.put(np.eye(classes)[target])
        self._slopes = arrays.put(np.r_[0.0, np.ones(rank)][:, None])
        self.penalty = self._slopes
        self._begin: Array | None = None
        self._hessian: tuple[Array, Array] | None = None

    def solve(self, alphas: Sequence[float]) -> list[Solution]:
        """Minimise with each penalty, from the minimum of the one before."""
        solutions = []
        for alpha in alphas:
            self.penalty = alpha * self._slopes
            found = minimise(self)
            self._begin = found.params
            solutions.append(
                Solution(
                    found.params[1:],
                    found.params[0],
                    found.iterations,
                    found.converged,
                    found.message,
                )
            )
        return solutions

    def start(self) -> Array:
        """Zero slopes; the intercepts that give each class its frequency."""
        if self._begin is not None:
            return self._begin
        frequency = (self.weight * self.hit).sum(axis=0) / self.weight.sum()
        log_odds = self.arrays.xp.log(frequency)
        params = self.arrays.zeros(len(self.penalty), len(log_odds))
        params[0] = log_odds - log_odds.mean()
        return params

    def start_preconditioner(self) -> Callable[[Array], Array]:
        """No different at the start; after another penalty, that one's Hessian serves."""
        if self._hessian is not None:
            return self.penalised(*self._hessian)
        return self.at(self.start()).preconditioner()

    def penalised(self, diagonal: Array, blocks: Array) -> Callable[[Array], Array]:
        """Invert the Hessian of each class along the widest axes, its diagonal along the others.

        ``diagonal [1 + rank, classes]`` and ``blocks [classes, size, size]`` are those of the loss
        alone, and are kept for the penalties to come.
        """
        self._hessian = diagonal, blocks
        # A class that is told apart perfectly leaves its intercept without curvature.
        floor = self.penalty + 1e-10
        classes, size, _ = blocks.shape
        diagonal, blocks = diagonal + floor, blocks + 0.0
        blocks.reshape(classes, -1)[:, :: size + 1] += floor[:size, 0]
        inverses = self.arrays.xp.linalg.inv(blocks)

        def apply(right: Array) -> Array:
            out = right / diagonal
            out[:size] = (inverses @ right[:size].T[:, :, None])[:, :, 0].T
            return out - out.mean(axis=1)[:, None]

        return apply

    def at(self, params: Array) -> MultinomialPoint:
        """Evaluate."""
        return MultinomialPoint(self, params)


class MultinomialPoint:
    """The objective around one parameter matrix."""

    def __init__(self, problem: Multinomial, params: Array) -> None:
        self._problem = problem
        arrays = problem.arrays
        losses, probabilities, weighted = [], [], []

        def miss(scores: Array, at: slice) -> Array:
            log_probability = arrays.log_softmax(scores)
            probability = arrays.xp.exp(log_probability)
            weight, hit = problem.weight[at], problem.hit[at]
            losses.append(-(weight * hit * log_probability).sum())
            probabilities.append(arrays.single(probability))
            weighted.append(arrays.single(weight * probability))
            return weight * (probability - hit)

        self.gradient = problem.rows.through(params, miss) + problem.penalty * params
        self.value = float(sum(losses) + 0.5 * (problem.penalty * params * params).sum())
        self._probability = arrays.joined(probabilities)
        self._weighted = arrays.joined(weighted)

    def curvature(self, direction: Array) -> Array:
        """Hessian times a direction ``[1 + rank, classes]``."""
        problem = self._problem

        def pull(moved: Array, at: slice) -> Array:
            moved = moved - (self._probability[at] * moved).sum(axis=1)[:, None]
            return self._weighted[at] * moved

        pulled = problem.rows.through(direction, pull, rounded=True)
        return pulled + problem.penalty * direction

    def preconditioner(self) -> Callable[[Array], Array]:
        """Approximate the Hessian here by its diagonal and a block a class."""
        problem, arrays = self._problem, self._problem.arrays
        diagonal, blocks = 0.0, 0.0
        for rows, rounded, at, times in problem.rows.outline():
            spread = arrays.like(self._weighted[at] * (1 - self._probability[at]), rounded)
            diagonal = diagonal + times * arrays.double((rounded * rounded).T @ spread)
            wide = rows[:, : 1 + WIDE_AXES]
            size, classes = wide.shape[1], spread.shape[1]
            part = arrays.zeros(classes, size, size)
            for k in range(classes):
                part[k] = wide.T @ (wide * spread[:, k : k + 1])
            blocks = blocks + times * part
        return problem.penalised(diagonal, blocks)
