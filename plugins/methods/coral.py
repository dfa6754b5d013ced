"""`coral`: training features given the covariance of the unseen corpus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cefrbench import MethodCard, MethodOptions, MethodSpec, Prepared, Register, Source, hookimpl
from cefrbench.engines.methods.spread import Doubles, Shrunk, spread_of
from cefrbench_plugins.methods._by_corpus import weights_of

CARD = MethodCard(
    name="coral",
    title="CORAL",
    description="Each training corpus is whitened and given the covariance of the unseen one; "
    "all are centred, as features are in the paper. Own code: skada's `CORALAdapter` takes no "
    "weights (with equal ones both are one map).",
    sees="unlabelled",
    moves="features",
    paper="Sun, Feng and Saenko (2016), Return of Frustratingly Easy Domain Adaptation, AAAI",
    url="https://arxiv.org/abs/1511.05547",
)


@dataclass(frozen=True, slots=True)
class Coral:
    """Correlation alignment of each training corpus with the unseen one."""

    def prepare(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """Whiten and colour again."""
        assert unlabelled is not None
        unseen = spread_of(unlabelled.astype(np.float64))
        moved = np.empty_like(source.X)
        for corpus in np.unique(source.corpus):
            rows = source.corpus == corpus
            X = source.X[rows].astype(np.float64)
            own = spread_of(X, weights_of(source, rows))
            moved[rows] = unseen.power(own.power(X - own.mean, -0.5), 0.5)
        return Prepared(moved, source.y, source.weight, transform=centring(unseen))


def centring(spread: Shrunk) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Take the mean away."""
    return partial(_centred, mean=spread.mean)


def _centred(X: NDArray[np.float32], mean: Doubles) -> NDArray[np.float32]:
    return (X - mean).astype(np.float32)


def make(options: MethodOptions) -> Coral:
    """Make the method."""
    return Coral()


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(CARD, make))
