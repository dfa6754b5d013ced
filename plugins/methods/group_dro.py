"""`group-dro`: training corpora weighed so that the worst of them is fitted best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cefrbench import MethodCard, MethodOptions, MethodSpec, Prepared, Register, Source, hookimpl
from cefrbench.engines.methods.risks import risks_of, worst_mixture

CARD = MethodCard(
    name="group-dro",
    title="Group DRO",
    description="Corpora weigh by the exponentiated gradient of their losses under ridge, until "
    "the worst fits as well as it can; the probe is fitted with these weights. The strength "
    "times the number of features is the penalty of that ridge: the paper finds that without "
    "one it does nothing. Own code: the authors' is no package.",
    sees="source",
    strengths=(10.0, 1.0, 0.1),
    moves="weights",
    paper="Sagawa, Koh, Hashimoto and Liang (2020), Distributionally Robust Neural Networks for "
    "Group Shifts, ICLR",
    url="https://arxiv.org/abs/1911.08731",
)


@dataclass(frozen=True, slots=True)
class WorstCorpus:
    """Weights of corpora at the saddle point."""

    strength: float

    def prepare(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """Weigh corpora; inside a corpus texts weigh beside each other as they did."""
        risks = risks_of(source.X.astype(np.float64), source.y, source.corpus, source.weight)
        mixture = worst_mixture(risks, self.strength * source.X.shape[1])
        place = np.unique(source.corpus, return_inverse=True)[1]
        held = np.bincount(place, weights=source.weight)
        of_corpus = np.zeros_like(held)
        of_corpus[held > 0] = mixture * source.weight.sum() / held[held > 0]
        return Prepared(source.X, source.y, source.weight * of_corpus[place])


def make(options: MethodOptions) -> WorstCorpus:
    """Make the method."""
    return WorstCorpus(CARD.strengths[0] if options.strength is None else options.strength)


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(CARD, make))
