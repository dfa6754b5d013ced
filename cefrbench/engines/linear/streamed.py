"""A fold of a layer that doesn't fit into memory.

What is held is a block of rows, a few matrices as wide as the layer on both sides, and a few
numbers a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from cefrbench.contracts.probe import FoldRows
from cefrbench.engines.linear.arrays import Array, Doubles
from cefrbench.engines.linear.blocks import BLOCK_BYTES, RowIndices, Stream, StreamedRows
from cefrbench.engines.linear.design import Design, weighted_gram
from cefrbench.engines.standardise import standardise

#: Most memory for streamed folds that go over a layer in step.
STREAMED_BYTES = 3 << 30
#: Numbers that are held of each training row, about: its weight, and what each class comes to.
ROW_NUMBERS = 40


def streamed_bytes(rows: int, dim: int) -> int:
    """Roughly the memory that one streamed fold takes while it is solved."""
    return 8 * (5 * dim**2 + ROW_NUMBERS * rows) + 6 * BLOCK_BYTES


class StreamedPart:
    """One fold of a streamed layer; see :class:`cefrbench.engines.linear.design.FoldPart`.

    Parameters
    ----------
    stream : Stream
    fold : FoldRows
    weight : ndarray of float64, shape (len(fold.train),), optional
        None means all 1.
    """

    is_dual = False

    def __init__(self, stream: Stream, fold: FoldRows, weight: Doubles | None) -> None:
        arrays, dim = stream.arrays, stream.X.shape[1]
        order = np.argsort(fold.train, kind="stable")
        given = np.ones(len(order)) if weight is None else weight[order]
        kept = given > 0
        self.rows, given = fold.train[order][kept], given[kept]
        unit, scale = stream.centre, np.ones(dim)
        if fold.count is not None:
            unit, scale = standardise(stream.X, fold.train, fold.count)
        mean = np.zeros(dim)
        for at, block in stream.over(self.rows):
            mean += given[at] @ arrays.get(block)
        mean /= given.sum()
        # What was taken off each row, in the fold's unit.
        self._mean: Doubles = (mean + stream.centre - unit) * scale
        if fold.count is None:
            self._mean = self._mean + stream.centre
        self._weight = arrays.put(given[:, None])
        self._train = StreamedRows(
            stream, self.rows, arrays.put(mean[:, None]), arrays.put(scale[:, None])
        )
        self._asked = fold.predict
        self._arrays = arrays

    def centred(self) -> Design:
        """In the features' own axes."""
        return self._design(self._train, self._arrays.get)

    def principal(self) -> Design:
        """Along the principal axes of rows that stand for all."""
        arrays, gram = self._arrays, 0.0
        for rows, _, at, _ in self._train.outline():
            gram = gram + weighted_gram(rows, self._weight[at], arrays)
        _, axes = arrays.eigh(gram)
        turned = replace(self._train, axes=axes)
        return self._design(turned, lambda coef: arrays.get(axes @ coef))

    def kernel(self) -> Design:
        """No inner products of so many rows."""
        raise NotImplementedError("a streamed fold is never dual")

    def _design(self, train: StreamedRows, coefficients: Callable[[Array], Doubles]) -> Design:
        order = np.argsort(self._asked, kind="stable")
        return Design(
            train=train,
            predict=InOrder(replace(train, rows=self._asked[order]), np.argsort(order)),
            weight=self._weight,
            gram=lambda: train.gram(self._weight),
            coefficients=coefficients,
            mean=self._mean,
        )


@dataclass(frozen=True, slots=True)
class InOrder:
    """Rows that are read ascending and were asked for in another order."""

    rows: StreamedRows
    order: RowIndices

    def __matmul__(self, params: Array) -> Array:
        """``rows · params``."""
        return (self.rows @ params)[self.order]
