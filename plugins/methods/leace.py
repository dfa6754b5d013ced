"""`leace`: the corpus erased from the features, so that no linear map tells it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cefrbench import MethodCard, MethodOptions, MethodSpec, Prepared, Register, Source, hookimpl
from cefrbench.engines.methods.leace import fit_eraser

CARD = MethodCard(
    name="leace",
    title="LEACE",
    description="The least change of features after which no linear map tells the training "
    "corpora apart. Own code: the package concept-erasure takes no weights, so that a weighted "
    "probe would still read the corpus (with equal ones both are one map).",
    sees="source",
    moves="features",
    paper="Belrose, Schneider-Joseph, Ravfogel, Cotterell, Raff and Biderman (2023), LEACE: "
    "Perfect linear concept erasure in closed form, NeurIPS",
    url="https://arxiv.org/abs/2306.03819",
)


@dataclass(frozen=True, slots=True)
class CorpusErased:
    """Least-squares concept erasure of the corpus."""

    def prepare(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """Erase; of one corpus alone nothing is erased."""
        concept = np.equal.outer(source.corpus, np.unique(source.corpus)).astype(np.float64)
        eraser = fit_eraser(source.X.astype(np.float64), concept, source.weight)

        def erase(X: NDArray[np.float32]) -> NDArray[np.float32]:
            return eraser(X.astype(np.float64)).astype(np.float32)

        return Prepared(erase(source.X), source.y, source.weight, transform=erase)


def make(options: MethodOptions) -> CorpusErased:
    """Make the method."""
    return CorpusErased()


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(CARD, make))
