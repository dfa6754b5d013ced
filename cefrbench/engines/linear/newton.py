"""Truncated Newton for smooth convex problems whose Hessian is cheap to apply, dear to factorise.

Each step solves for the Newton direction by conjugate gradients, preconditioned with what the
problem knows of its Hessian at an earlier point. That is renewed only when conjugate gradients
begin to need many steps, so most of the work is products with the features.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cefrbench.engines.linear.arrays import Array

#: Norm of the residual, relative to its start, at which the inner solve stops far from the end.
FORCING = 0.3
MAX_NEWTON = 100
MAX_INNER = 200
MAX_HALVINGS = 40


class Point(Protocol):
    """The objective around one point."""

    value: float
    gradient: Array

    def curvature(self, direction: Array) -> Array:
        """Hessian times a direction."""

    def preconditioner(self) -> Callable[[Array], Array]:
        """Approximate the Hessian's inverse here."""


class Objective(Protocol):
    """A smooth convex function.

    Attributes
    ----------
    renew_after : int
        Steps of conjugate gradients after which a new preconditioner pays.
    """

    renew_after: int

    def start(self) -> Array:
        """Where to begin."""

    def start_preconditioner(self) -> Callable[[Array], Array]:
        """Approximate the Hessian's inverse at the start."""

    def at(self, params: Array) -> Point:
        """Evaluate."""


@dataclass(frozen=True, slots=True)
class Minimum:
    """Where the search ended.

    Attributes
    ----------
    params : Array
    iterations : int
        Newton steps.
    converged : bool
    message : str
        Why not; empty when converged.
    """

    params: Array
    iterations: int
    converged: bool = True
    message: str = ""


def minimise(problem: Objective, tolerance: float = 1e-8) -> Minimum:
    """Find the minimum.

    Stops with the first Newton step that promises a decrease below ``tolerance`` times the
    objective (or 1). That step is taken, and Newton's method converges quadratically, so what
    remains to be gained is smaller by orders of magnitude.
    """
    params = problem.start()
    point = problem.at(params)
    precondition = problem.start_preconditioner()
    inner = 0
    for iteration in range(1, MAX_NEWTON + 1):
        if inner > problem.renew_after:
            precondition = point.preconditioner()
        enough = tolerance * max(1.0, abs(point.value))
        direction, inner = _newton_direction(point, precondition, enough)
        decrease = -_dot(point.gradient, direction)
        if decrease <= 0:
            return Minimum(params, iteration)
        moved = _line_search(problem, params, point, direction, decrease)
        if moved is None:
            # Rounding hides any further decrease.
            near = decrease < 1e3 * enough
            return Minimum(params, iteration, near, "" if near else "the line search failed")
        params, point = moved
        if decrease < enough:
            return Minimum(params, iteration)
    return Minimum(params, MAX_NEWTON, False, f"no convergence in {MAX_NEWTON} Newton steps")


def _newton_direction(
    point: Point, precondition: Callable[[Array], Array], enough: float
) -> tuple[Array, int]:
    """Solve ``H direction = -gradient`` roughly; more exactly as the gradient vanishes."""
    residual = -point.gradient
    step = precondition(residual)
    energy = first = _dot(residual, step)
    target = max(min(FORCING, first * FORCING), 1e-9) * first
    direction = step * 0.0
    search = step
    steps = 0
    while steps < MAX_INNER:
        steps += 1
        curved = point.curvature(search)
        bend = _dot(search, curved)
        if bend <= 0:
            break
        length = energy / bend
        direction = direction + length * search
        residual = residual - length * curved
        step = precondition(residual)
        energy, before = _dot(residual, step), energy
        if energy <= max(target, 0.01 * enough):
            break
        search = step + (energy / before) * search
    return direction, steps


def _line_search(
    problem: Objective, params: Array, point: Point, direction: Array, decrease: float
) -> tuple[Array, Point] | None:
    """Halve the step until the objective falls by a share of what was promised (Armijo)."""
    length = 1.0
    rounding = 1e-13 * abs(point.value)
    for _ in range(MAX_HALVINGS):
        candidate = params + length * direction
        there = problem.at(candidate)
        if there.value <= point.value - 1e-4 * length * decrease + rounding:
            return candidate, there
        length /= 2
    return None


def _dot(left: Array, right: Array) -> float:
    return float((left * right).sum())
