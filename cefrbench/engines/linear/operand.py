"""The training rows of a design, as the objectives use them: held in memory, or read in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol, TypeAlias

from cefrbench.engines.linear.arrays import Array, Arrays

#: From products ``[rows, k]`` of some rows, and which rows they are, to what is pulled back.
Between: TypeAlias = Callable[[Array, slice], Array]


class Outlined(NamedTuple):
    """Some rows that stand for all in an approximation.

    Attributes
    ----------
    rows : Array, shape (m, rank)
    rounded : Array, shape (m, rank)
        In the precision that products with the Hessian are taken in.
    at : slice
        Which rows they are.
    times : float
        How many rows each stands for.
    """

    rows: Array
    rounded: Array
    at: slice
    times: float


class Operand(Protocol):
    """Rows ``[n, rank]`` that are multiplied from both sides.

    Attributes
    ----------
    sampled : bool
        Whether :meth:`outline` gives a part of the rows.
    """

    @property
    def sampled(self) -> bool: ...  # noqa: D102 - above

    def through(self, params: Array, between: Between, *, rounded: bool = False) -> Array:
        """``rowsᵀ between(rows · params)``; between sees each row once, in order."""

    def outline(self) -> Iterator[Outlined]:
        """Rows for a preconditioner, which need not be exact: all, or evenly spaced ones."""


class HeldRows:
    """Rows in memory; see :class:`Operand`.

    Parameters
    ----------
    rows : Array, shape (n, rank)
    rounded : Array, shape (n, rank)
        The same, in single precision if products with the Hessian bear it.
    arrays : Arrays
    """

    sampled = False

    def __init__(self, rows: Array, rounded: Array, arrays: Arrays) -> None:
        self._rows, self._rounded, self._arrays = rows, rounded, arrays

    def through(self, params: Array, between: Between, *, rounded: bool = False) -> Array:
        """See :class:`Operand`."""
        rows = self._rounded if rounded else self._rows
        found = between(rows @ self._arrays.like(params, rows), slice(None))
        return self._arrays.double(rows.T @ self._arrays.like(found, rows))

    def outline(self) -> Iterator[Outlined]:
        """All rows."""
        yield Outlined(self._rows, self._rounded, slice(None), 1.0)
