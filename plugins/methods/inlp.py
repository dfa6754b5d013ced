"""`inlp`: directions that tell the corpus projected away, one round after another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cefrbench import MethodCard, MethodOptions, MethodSpec, Prepared, Register, Source, hookimpl
from cefrbench.engines.methods.erasing import nullspace, projected

CARD = MethodCard(
    name="inlp",
    title="INLP",
    description="A linear classifier of the corpus is fitted and its directions projected away, "
    "so many rounds as the strength says; each takes one direction less than there are corpora. "
    "Own code: the authors' is no package.",
    sees="source",
    strengths=(32.0, 8.0, 2.0),
    moves="features",
    paper="Ravfogel, Elazar, Gonen, Twiton and Goldberg (2020), Null It Out: Guarding Protected "
    "Attributes by Iterative Nullspace Projection, ACL",
    url="https://arxiv.org/abs/2004.07667",
)


@dataclass(frozen=True, slots=True)
class NullspaceProjection:
    """Iterative nullspace projection of the corpus."""

    rounds: int

    def prepare(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """Project; of one corpus alone nothing is taken."""
        X = source.X.astype(np.float64)
        axes = nullspace(X, source.corpus, source.weight, self.rounds)

        def project(rows: NDArray[np.float32]) -> NDArray[np.float32]:
            return projected(rows.astype(np.float64), axes).astype(np.float32)

        return Prepared(project(source.X), source.y, source.weight, transform=project)


def make(options: MethodOptions) -> NullspaceProjection:
    """Make the method."""
    return NullspaceProjection(int(options.strength or CARD.strengths[0]))


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(CARD, make))
