"""Rows of a layer that doesn't fit into memory, read in blocks, pass after pass.

Units and coordinates are taken into the coefficients, so that a block is only moved to a centre
that all rows share.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cefrbench.engines.linear.arrays import Array, Arrays, Doubles
from cefrbench.engines.linear.operand import Between, Outlined
from cefrbench.engines.linear.passes import Passes
from cefrbench.mapped import gather, release, stretches

RowIndices = NDArray[np.intp]

#: Bytes of a block in double precision.
BLOCK_BYTES = 1 << 25
#: Rows a feature that stand for all others where nothing has to be exact.
OUTLINE = 4


class Stream:
    """One layer on disk (or too large to be copied), about the mean of its rows.

    Parameters
    ----------
    X : ndarray, shape (n, dim)
    arrays : Arrays

    Attributes
    ----------
    centre : ndarray of float64, shape (dim,)
        Mean of all rows.
    passes : Passes
        Threads that are members of it go over the layer in step.
    """

    def __init__(self, X: NDArray[np.floating], arrays: Arrays) -> None:
        self.X, self.arrays = X, arrays
        self.centre: Doubles = np.zeros(X.shape[1])
        for part in stretches(X):
            self.centre += X[part].sum(axis=0, dtype=np.float64)
        self.centre /= len(X)
        self._size = max(1, BLOCK_BYTES // (8 * X.shape[1]))
        self.passes = Passes(-(-len(X) // self._size), self._read)

    def _read(self, number: int) -> Array:
        start = number * self._size
        block = self.arrays.put(self.X[start : start + self._size] - self.centre)
        release(self.X)
        return block

    def over(self, rows: RowIndices) -> Iterator[tuple[slice, Array]]:
        """One pass over some rows, ascending: which they are, and ``[m, dim]``, to be read only."""
        edges = np.arange(self.passes.count + 1) * self._size
        places = np.searchsorted(rows, edges)
        for number in np.flatnonzero(np.diff(places)).tolist():
            at = slice(int(places[number]), int(places[number + 1]))
            chosen = rows[at] - edges[number]
            block = self.passes.block(number)
            # Neighbours are read where they lie.
            whole = bool((np.diff(chosen) == 1).all())
            yield at, block[chosen[0] : chosen[-1] + 1] if whole else block[chosen]

    def some(self, rows: RowIndices) -> Iterator[tuple[slice, Array]]:
        """A few rows of many, by this thread alone; as :meth:`over`."""
        for start in range(0, len(rows), self._size):
            chosen = rows[start : start + self._size]
            block = self.arrays.put(gather(self.X, chosen) - self.centre)
            yield slice(start, start + len(chosen)), block


@dataclass(frozen=True, slots=True)
class StreamedRows:
    """Some rows in the coordinates of a design, for an objective to use.

    A row is ``axesᵀ ((x − centre − mean) · scale)``, after a 1 if it has an intercept.

    Attributes
    ----------
    stream : Stream
    rows : ndarray of int, shape (n,)
        Ascending.
    mean, scale : Array, shape (dim, 1)
    axes : Array, shape (dim, rank), optional
        Orthonormal; None leaves the features' own.
    intercept : bool
    """

    stream: Stream
    rows: RowIndices
    mean: Array
    scale: Array
    axes: Array | None = None
    intercept: bool = False

    @property
    def sampled(self) -> bool:
        """Whether there are more rows than an outline has."""
        return self._step > 1

    @property
    def _step(self) -> int:
        dim = int(self.stream.X.shape[1])
        return max(1, len(self.rows) // (OUTLINE * dim))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, and coordinates of one."""
        return len(self.rows), self.stream.X.shape[1] + self.intercept

    def __matmul__(self, params: Array) -> Array:
        """``rows · params``."""
        inside, offset = self._into(params)
        parts = [block @ inside + offset for _, block in self.stream.over(self.rows)]
        return self.stream.arrays.xp.concatenate(parts) if parts else inside[:0]

    def through(self, params: Array, between: Between, *, rounded: bool = False) -> Array:
        """In double precision, one pass; see :class:`cefrbench.engines.linear.operand.Operand`."""
        inside, offset = self._into(params)
        pulled, sums = 0.0, 0.0
        for at, block in self.stream.over(self.rows):
            found = between(block @ inside + offset, at)
            pulled = pulled + block.T @ found
            sums = sums + found.sum(axis=0)
        return self._back(pulled, sums)

    def pull(self, right: Array) -> Array:
        """``rowsᵀ · right``."""
        pulled, sums = 0.0, 0.0
        for at, block in self.stream.over(self.rows):
            pulled = pulled + block.T @ right[at]
            sums = sums + right[at].sum(axis=0)
        return self._back(pulled, sums)

    def gram(self, weight: Array) -> Array:
        """``rowsᵀ diag(weight) rows`` in the features' own axes, about their weighted mean."""
        arrays = self.stream.arrays
        raw = arrays.zeros(len(self.mean), len(self.mean))
        for at, block in self.stream.over(self.rows):
            raw += arrays.gram(block * arrays.xp.sqrt(weight[at]))
        raw -= float(weight.sum()) * self.mean * self.mean[:, 0]
        raw *= self.scale
        raw *= self.scale[:, 0]
        return raw

    def outline(self) -> Iterator[Outlined]:
        """Evenly spaced rows, in all their coordinates."""
        step, arrays = self._step, self.stream.arrays
        for at, turned in self.stream.some(self.rows[::step]):
            turned -= self.mean[:, 0]
            turned *= self.scale[:, 0]
            if self.axes is not None:
                turned = turned @ self.axes
            if self.intercept:
                inner, turned = turned, arrays.zeros(len(turned), 1 + turned.shape[1])
                turned[:, 0] = 1.0
                turned[:, 1:] = inner
            which = slice(at.start * step, (at.stop - 1) * step + 1, step)
            yield Outlined(turned, turned, which, len(self.rows) / len(self.rows[::step]))

    def with_intercept(self) -> StreamedRows:
        """The same rows, each after a 1."""
        return replace(self, intercept=True)

    def _into(self, params: Array) -> tuple[Array, Array]:
        """Coefficients of a centred block, and what is added to its products."""
        slopes = params[1:] if self.intercept else params
        turned = slopes if self.axes is None else self.axes @ slopes
        inside = self.scale * turned
        offset = -(self.mean * inside).sum(axis=0)
        return inside, offset + params[0] if self.intercept else offset

    def _back(self, pulled: Array, sums: Array) -> Array:
        """From sums over centred blocks to the coordinates of the rows."""
        own = self.scale * (pulled - self.mean * sums)
        if self.axes is not None:
            own = self.axes.T @ own
        return self.stream.arrays.xp.concatenate([sums[None], own]) if self.intercept else own
