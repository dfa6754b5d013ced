"""`prior`: thresholds put where the unseen corpus gets the level shares of the training corpora."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cefrbench import MethodCard, MethodOptions, MethodSpec, Prepared, Register, Source, hookimpl
from cefrbench.engines.methods.equating import Doubles, equipercentile, shares_of, towards

CARD = MethodCard(
    name="prior",
    title="Prior matching",
    description="So much of the way as the strength says, thresholds are put at the quantiles "
    "of the unseen corpus's predictions at which its levels have the shares that they have, as "
    "weighted, in training.",
    sees="unlabelled",
    strengths=(1.0, 0.5, 0.25),
    moves="predictions",
    paper="Kolen and Brennan (2014), Test Equating, Scaling, and Linking, ch. 2 (equipercentile "
    "equating)",
    url="https://doi.org/10.1007/978-1-4939-0317-7",
)


@dataclass(frozen=True, slots=True)
class PriorMatching:
    """Quantiles of predictions for shares of levels."""

    n_classes: int
    share: float

    def prepare(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """Leave the fit; the thresholds are told from the predictions themselves."""
        shares = shares_of(source.y, source.weight, self.n_classes)

        def finish(_: Doubles, scored: Doubles) -> Doubles:
            moved = equipercentile(scored, np.ones(len(scored)), shares)(scored)
            return towards(scored, moved, self.share)

        return Prepared(source.X, source.y, source.weight, finish=finish)


def make(options: MethodOptions) -> PriorMatching:
    """Make the method."""
    share = CARD.strengths[0] if options.strength is None else options.strength
    return PriorMatching(options.n_classes, share)


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(CARD, make))
