"""`moments`: predictions of a corpus moved to the mean and spread that the sources' have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cefrbench import (
    Method,
    MethodCard,
    MethodOptions,
    MethodSpec,
    Prepared,
    Register,
    Source,
    hookimpl,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CARD = MethodCard(
    name="moments",
    title="Moments",
    description=(
        "Predictions of an unseen corpus are moved to the mean and spread of those of the sources."
    ),
    sees="unlabelled",
    moves="predictions",
    paper=(
        "Kuleshov, V., Fenner, N. & Ermon, S. (2018). Accurate uncertainties for deep learning "
        "using calibrated regression, which moves no ranks; here by two moments alone"
    ),
)


class Moments:
    """Learn nothing of features."""

    def prepare(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """Leave everything but predictions as it is."""
        weight = source.weight / source.weight.sum()

        def finish(known: NDArray[np.float64], scored: NDArray[np.float64]) -> NDArray[np.float64]:
            mean = weight @ known
            spread = (weight @ (known - mean) ** 2) ** 0.5
            own = scored.std()
            scale = spread / own if own > 0 else 1.0
            moved: NDArray[np.float64] = mean + (scored - scored.mean()) * scale
            return moved

        return Prepared(source.X, source.y, source.weight, finish=finish)


def make(options: MethodOptions) -> Method:
    """Make the method."""
    return Moments()


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(CARD, make))
