"""What is done to each corpus by itself, the unseen one among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cefrbench import Prepared, Source

Doubles: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]
#: A map of features, as fitted on texts ``[n, dim]`` with weights ``[n]``.
Fit: TypeAlias = Callable[[Doubles, Doubles], Callable[[Doubles], Doubles]]


@dataclass(frozen=True, slots=True)
class ByCorpus:
    """Features of each corpus moved by a map of its own.

    Attributes
    ----------
    fit : callable
        Training corpora are fitted with their weights, the unseen one with equal ones.
    """

    fit: Fit

    def prepare(self, source: Source, unlabelled: Singles | None) -> Prepared:
        """Fit a map for each corpus."""
        assert unlabelled is not None
        moved = np.empty_like(source.X)
        for corpus in np.unique(source.corpus):
            rows = source.corpus == corpus
            X = source.X[rows].astype(np.float64)
            moved[rows] = self.fit(X, weights_of(source, rows))(X)
        unseen = unlabelled.astype(np.float64)
        own = self.fit(unseen, np.ones(len(unseen)))
        return Prepared(
            moved,
            source.y,
            source.weight,
            transform=lambda X: own(X.astype(np.float64)).astype(np.float32),
        )


def weights_of(source: Source, rows: NDArray[np.bool_]) -> Doubles:
    """Weights of a corpus's texts; equal ones where none weighs anything."""
    weight = source.weight[rows]
    return weight if weight.any() else np.ones_like(weight)
