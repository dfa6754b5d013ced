"""`recalibrate`: a line from a few labels of the unseen corpus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cefrbench import MethodCard, MethodOptions, MethodSpec, Prepared, Register, Source, hookimpl
from cefrbench.engines.methods.recalibration import refit_line

CARD = MethodCard(
    name="recalibrate",
    title="Recalibration",
    description="The probe is fitted without the few labels, and they move its predictions to "
    "their own mean and spread. With more than 128 of them it is left alone: it has been trained "
    "on the corpus.",
    sees="labels",
    moves="predictions",
    paper="Kermack and Haldane (1950), Organic correlation and allometry, Biometrika 37",
    url="https://doi.org/10.1093/biomet/37.1-2.30",
)
#: The most labels that few-shot protocols hand out.
MOST = 128


@dataclass(frozen=True, slots=True)
class Recalibrated:
    """Location and scale of predictions by a few labels."""

    def prepare(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """Hold the few out."""
        few = source.few
        if not 0 < few.sum() <= MOST:
            return Prepared(source.X, source.y, source.weight)
        gold = source.y[few].astype(np.float64)

        def finish(
            training: NDArray[np.float64], scored: NDArray[np.float64]
        ) -> NDArray[np.float64]:
            return refit_line(training[few], gold)(scored)

        weight = source.weight[~few]
        scale = len(weight) / weight.sum()
        return Prepared(source.X[~few], source.y[~few], weight * scale, finish=finish)


def make(options: MethodOptions) -> Recalibrated:
    """Make the method."""
    return Recalibrated()


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(CARD, make))
