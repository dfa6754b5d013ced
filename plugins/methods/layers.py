"""`layers`: the mean of what the probe says on several layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cefrbench import MethodCard, MethodOptions, MethodSpec, Register, hookimpl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CARD = MethodCard(
    name="layers",
    title="Ensemble over layers",
    description="The probe is fitted on each layer, and what it predicts is averaged: at one layer "
    "over it and those before it, or, at strength 0.5, over the later half of these.",
    sees="source",
    strengths=(1.0, 0.5),
    moves="layers",
    paper="Perrone and Cooper (1993), When Networks Disagree: Ensemble Methods for Hybrid Neural "
    "Networks, in Artificial Neural Networks for Speech and Vision (the basic ensemble)",
    url="https://doi.org/10.1142/9789812795885_0025",
)


@dataclass(frozen=True, slots=True)
class LatestLayers:
    """A mean over a share of the layers, the latest."""

    share: float

    def weigh(self, layers: int) -> NDArray[np.float64]:
        """Weigh the latest layers alike, at least one."""
        import numpy as np

        weights = np.zeros(layers)
        weights[-max(1, round(self.share * layers)) :] = 1.0
        return weights


def make(options: MethodOptions) -> LatestLayers:
    """Make the method."""
    return LatestLayers(CARD.strengths[0] if options.strength is None else options.strength)


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(CARD, make))
