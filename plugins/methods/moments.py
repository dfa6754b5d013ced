"""`moments`: predictions moved to the mean and spread that levels have in training corpora."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cefrbench import MethodCard, MethodOptions, MethodSpec, Prepared, Register, Source, hookimpl
from cefrbench.engines.methods.equating import level_moments, linear, towards

CARD = MethodCard(
    name="moments",
    title="Moments",
    description="Predictions of the unseen corpus are moved, by a line and so much of the way "
    "as the strength says, to the mean of the training levels and the spread that a training "
    "corpus has: right where corpora grade alike many texts of each level, wrong where their "
    "levels differ.",
    sees="unlabelled",
    strengths=(1.0, 0.5, 0.25),
    moves="predictions",
    paper="Kolen and Brennan (2014), Test Equating, Scaling, and Linking, ch. 2 (linear equating)",
    url="https://doi.org/10.1007/978-1-4939-0317-7",
)


@dataclass(frozen=True, slots=True)
class LinearEquating:
    """A line through mean and spread, or part of the way to it.

    How much of a shift is one of thresholds and how much one of levels, predictions don't say.
    """

    share: float

    def prepare(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """Leave the fit; the line is told from the predictions themselves."""
        mean, spread = level_moments(source.y, source.corpus, source.weight)
        return Prepared(
            source.X,
            source.y,
            source.weight,
            finish=lambda _, scored: towards(scored, linear(scored, mean, spread), self.share),
        )


def make(options: MethodOptions) -> LinearEquating:
    """Make the method."""
    return LinearEquating(CARD.strengths[0] if options.strength is None else options.strength)


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(CARD, make))
