"""Ordinal regression with one slope and a threshold between each two classes, by truncated Newton.

The all-threshold loss of Rennie and Srebro (2005), "Loss Functions for Preference Levels":
each threshold is a logistic regression of "above or below", all sharing one slope.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from cefrbench.engines.checks import number_classes
from cefrbench.engines.linear.arrays import Array, Arrays, Doubles
from cefrbench.engines.linear.design import Design, weighted_gram
from cefrbench.engines.linear.newton import minimise
from cefrbench.engines.linear.operand import Operand
from cefrbench.engines.linear.probe import LinearProbe, Solution


class OrdinalProbe(ClassifierMixin, LinearProbe):  # type: ignore[misc]
    """Cumulative link model, all thresholds; the same minimum as ``mord.LogisticAT``.

    Minimises ``Σ sᵢ Σₖ log(1 + exp(−±(θₖ − xᵢ·w))) + ½ α ‖w‖²``, the sign being plus where
    ``yᵢ ≤ k``. The thresholds bear no penalty; at the minimum they are in order. A class that the
    training rows lack has no threshold and is never predicted: mord refuses a gap, and this is
    what it gives once the classes are numbered without one.

    Parameters
    ----------
    alpha : float
    device : str
    """

    penalised = "alpha"

    def __init__(self, alpha: float = 1.0, device: str = "cpu") -> None:
        self.alpha = alpha
        self.device = device

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # Classes that lie in no order along any one direction are not what it is for.
        tags.classifier_tags.poor_score = True
        return tags

    def _target(self, y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        return number_classes(y)

    def _solve(
        self,
        design: Design,
        target: NDArray[Any],
        classes: int,
        penalties: Sequence[float],
        arrays: Arrays,
    ) -> list[Solution]:
        return AllThreshold(design, target, classes, arrays).solve(penalties)

    def _decide(self, scores: Doubles, classes: NDArray[Any]) -> NDArray[Any]:
        decided: NDArray[Any] = classes[(scores > 0).sum(axis=1)]
        return decided

    def _continuous(
        self, scores: Doubles, classes: NDArray[Any], latent: Callable[[], Doubles]
    ) -> Doubles:
        return latent()[:, 0]


class AllThreshold:
    """The objective of one fold, as a problem for :func:`minimise`.

    Parameters are one column ``[rank + classes − 1, 1]``: the slope, then the thresholds.
    """

    #: A factor of the Hessian costs as much as some dozen products with it.
    renew_after = 10

    def __init__(self, design: Design, target: NDArray[Any], classes: int, arrays: Arrays) -> None:
        self.arrays = arrays
        self.design = design
        self.alpha = 1.0
        self.weight = design.weight
        self.rank = design.train.shape[1]
        self.rows: Operand = design.operand(arrays)
        below = target[:, None] <= np.arange(classes - 1)
        self.sign = arrays.put(np.where(below, 1.0, -1.0))
        self._begin: Array | None = None
        self._hessian: tuple[Array, Array] | None = None

    def solve(self, alphas: Sequence[float]) -> list[Solution]:
        """Minimise with each penalty, from the minimum of the one before."""
        solutions = []
        for alpha in alphas:
            self.alpha = alpha
            found = minimise(self)
            self._begin = found.params
            solutions.append(
                Solution(
                    found.params[: self.rank],
                    -found.params[self.rank :, 0],
                    found.iterations,
                    found.converged,
                    found.message,
                )
            )
        return solutions

    def _share_below(self) -> Array:
        below = (self.sign + 1) / 2
        return (self.weight * below).sum(axis=0) / self.weight.sum()

    def start(self) -> Array:
        """Zero slope; the thresholds that give each class its frequency."""
        if self._begin is not None:
            return self._begin
        share = self._share_below()
        params = self.arrays.zeros(self.rank + len(share), 1)
        params[self.rank :, 0] = self.arrays.xp.log(share / (1 - share))
        return params

    def start_preconditioner(self) -> Callable[[Array], Array]:
        """At zero slope all rows curve alike, so the shared Gram matrix serves."""
        if self._hessian is not None:
            return self._penalised()
        share = self._share_below()
        curvature = share * (1 - share)
        if self.rows.sampled:
            return self.factorise(self.weight * curvature)
        total = self.weight.sum()
        slope = self.design.gram() * curvature.sum()
        return self._keep(slope, 0.0, curvature * total)

    def at(self, params: Array) -> AllThresholdPoint:
        """Evaluate."""
        return AllThresholdPoint(self, params)

    def factorise(self, curvature: Array) -> Callable[[Array], Array]:
        """Factorise the Hessian, given the losses' second derivatives ``[n, classes − 1]``."""
        slope, across, thresholds = None, 0.0, 0.0
        for train, _, at, times in self.rows.outline():
            part = times * curvature[at]
            product = weighted_gram(train, part.sum(axis=1)[:, None], self.arrays)
            slope = product if slope is None else slope + product
            across = across - train.T @ part
            thresholds = thresholds + part.sum(axis=0)
        return self._keep(slope, across, thresholds)

    def _keep(
        self, slope: Array, across: Array | float, thresholds: Array
    ) -> Callable[[Array], Array]:
        rank, size = self.rank, self.rank + len(thresholds)
        hessian = self.arrays.zeros(size, size)
        hessian[:rank, :rank] = slope
        hessian[:rank, rank:] = across
        hessian[rank:, :rank] = hessian[:rank, rank:].T
        diagonal = hessian.reshape(-1)[:: size + 1]
        # Classes that are told apart perfectly leave their threshold without curvature.
        diagonal[rank:] += thresholds + 1e-10
        self._hessian = hessian, diagonal[:rank] + 0.0
        return self._penalised()

    def _penalised(self) -> Callable[[Array], Array]:
        """Factorise the latest Hessian under the penalty of now."""
        if self._hessian is None:
            raise RuntimeError("no Hessian was kept")
        hessian, unpenalised = self._hessian
        hessian.reshape(-1)[:: len(hessian) + 1][: self.rank] = unpenalised + self.alpha
        return self.arrays.solver(hessian)


class AllThresholdPoint:
    """The objective around one parameter column."""

    def __init__(self, problem: AllThreshold, params: Array) -> None:
        self._problem = problem
        arrays, rank = problem.arrays, problem.rank
        slope, thresholds = params[:rank], params[rank:, 0]
        self.gradient = params * 0.0
        losses, curvature = [], []

        def pull(along: Array, at: slice) -> Array:
            margin = problem.sign[at] * (thresholds - along)
            losses.append((problem.weight[at] * arrays.softplus(-margin)).sum())
            wrong = arrays.sigmoid(-margin)
            curvature.append(problem.weight[at] * wrong * (1 - wrong))
            pull = -problem.weight[at] * problem.sign[at] * wrong
            self.gradient[rank:, 0] += pull.sum(axis=0)
            return pull.sum(axis=1)[:, None]

        pulled = problem.rows.through(slope, pull)
        self.gradient[:rank] = problem.alpha * slope - pulled
        self.value = float(sum(losses) + 0.5 * problem.alpha * (slope * slope).sum())
        self._curvature = arrays.joined(curvature)

    def curvature(self, direction: Array) -> Array:
        """Hessian times a direction."""
        problem, rank = self._problem, self._problem.rank
        slope, thresholds = direction[:rank], direction[rank:, 0]
        out = direction * 0.0

        def pull(along: Array, at: slice) -> Array:
            moved = self._curvature[at] * (thresholds - along)
            out[rank:, 0] += moved.sum(axis=0)
            return moved.sum(axis=1)[:, None]

        out[:rank] = problem.alpha * slope - problem.rows.through(slope, pull, rounded=True)
        return out

    def preconditioner(self) -> Callable[[Array], Array]:
        """Factorise the Hessian."""
        return self._problem.factorise(self._curvature)
