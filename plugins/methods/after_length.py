"""`after-length`: what is left of the features after a text's length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cefrbench import MethodCard, MethodOptions, MethodSpec, Prepared, Register, Source, hookimpl

CARD = MethodCard(
    name="after-length",
    title="Residuals after length",
    description="What a line in the logarithm of the text's length says of each feature is taken "
    "away, in training texts and scored ones alike; the line is fitted on training texts, as they "
    "weigh. `length` itself has nothing left.",
    sees="source",
    length=True,
    moves="features",
    paper="Snoek, Miletić and Scholte (2019), How to control for confounds in decoding analyses "
    "of neuroimaging data, NeuroImage 184 (confound regression, fitted on training data)",
    url="https://doi.org/10.1016/j.neuroimage.2018.09.074",
    library="scikit-learn",
)


@dataclass(frozen=True, slots=True)
class AfterLength:
    """Features less what length says of them."""

    def prepare(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """Fit the lines of all features."""
        from sklearn.linear_model import LinearRegression

        assert source.length is not None
        line = LinearRegression().fit(
            source.length[:, None], source.X.astype(np.float64), source.weight
        )

        slope, start = line.coef_[:, 0], line.intercept_

        def residual(X: NDArray[np.float32], length: NDArray[np.float64]) -> NDArray[np.float32]:
            left: NDArray[np.float32] = (X - (start + np.outer(length, slope))).astype(np.float32)
            return left

        return Prepared(
            residual(source.X, source.length), source.y, source.weight, transform=residual
        )


def make(options: MethodOptions) -> AfterLength:
    """Make the method."""
    return AfterLength()


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(CARD, make))
