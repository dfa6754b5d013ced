"""`rank-labels`: what is learnt is who is ahead of whom inside a corpus, and no threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cefrbench import MethodCard, MethodOptions, MethodSpec, Prepared, Register, Source, hookimpl
from cefrbench.engines.methods.equating import (
    Doubles,
    Equated,
    equipercentile,
    midranks,
    shares_of,
)
from cefrbench.engines.methods.mixing import between

CARD = MethodCard(
    name="rank-labels",
    title="Ranks inside corpora",
    description="Labels become ranks inside their corpus and training features are centred by "
    "corpus, so that ridge is least squares on pairs inside corpora (RankRLS); thresholds lie "
    "where training texts get the training shares of levels.",
    sees="source",
    moves="labels",
    paper="Pahikkala, Tsivtsivadze, Airola, Järvinen and Boberg (2009), An efficient algorithm "
    "for learning to rank from preference graphs, Machine Learning 75",
    url="https://doi.org/10.1007/s10994-008-5097-z",
)


@dataclass(frozen=True, slots=True)
class InCorpusRanks:
    """Ranks as labels, and levels of ranks by the training shares."""

    n_classes: int

    def prepare(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """Stretch ranks over the scale."""
        place = np.unique(source.corpus, return_inverse=True)[1]
        held = np.bincount(place, weights=source.weight)[:, None]
        sums = np.zeros((len(held), source.X.shape[1]))
        np.add.at(sums, place, source.X * source.weight[:, None])
        means = np.divide(sums, held, out=np.zeros_like(sums), where=held > 0)
        centred = (source.X - means[place]).astype(np.float32)
        rank = midranks(source.y, source.corpus, source.weight) * (self.n_classes - 1)
        shares = shares_of(source.y, source.weight, self.n_classes)
        known: list[tuple[Doubles, Equated]] = []

        def finish(training: Doubles, scored: Doubles) -> Doubles:
            if not known or known[-1][0] is not training:
                known[:] = [(training, equipercentile(training, source.weight, shares))]
            return known[-1][1](scored)

        return Prepared(*between(centred, rank, source.weight, self.n_classes), finish=finish)


def make(options: MethodOptions) -> InCorpusRanks:
    """Make the method."""
    return InCorpusRanks(options.n_classes)


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(CARD, make))
