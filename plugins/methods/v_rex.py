"""`v-rex`: the linear head whose risk is the same in all training corpora."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cefrbench import MethodCard, MethodOptions, MethodSpec, Prepared, Register, Source, hookimpl
from cefrbench.engines.methods.risks import even_head, risks_of

CARD = MethodCard(
    name="v-rex",
    title="V-REx",
    description="A linear head is fitted to the mean of the corpora's risks plus so many times "
    "their variance as the strength says, with a penalty of one a feature; the probe reads the "
    "one number that it gives. Own code: the authors' is no package.",
    sees="source",
    strengths=(1000.0, 100.0, 10.0),
    moves="features",
    paper="Krueger, Caballero, Jacobsen, Zhang, Binas, Zhang, Le Priol and Courville (2021), "
    "Out-of-Distribution Generalization via Risk Extrapolation (REx), ICML",
    url="https://arxiv.org/abs/2003.00688",
)


@dataclass(frozen=True, slots=True)
class RiskExtrapolation:
    """The score of a head of even risk."""

    beta: float

    def prepare(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """Fit the head; its score has mean 0 and deviation 1 in training."""
        X = source.X.astype(np.float64)
        risks = risks_of(X, source.y, source.corpus, source.weight)
        head = risks.axes @ even_head(risks, float(X.shape[1]), self.beta)[:-1]
        score, share = X @ head, source.weight / source.weight.sum()
        mean = float(share @ score)
        spread = float(np.sqrt(share @ np.square(score - mean))) or 1.0

        def read(rows: NDArray[np.float32]) -> NDArray[np.float32]:
            return (((rows @ head) - mean) / spread)[:, None].astype(np.float32)

        return Prepared(read(source.X), source.y, source.weight, transform=read)


def make(options: MethodOptions) -> RiskExtrapolation:
    """Make the method."""
    return RiskExtrapolation(CARD.strengths[0] if options.strength is None else options.strength)


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(CARD, make))
