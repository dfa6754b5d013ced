"""`centre`: each corpus's mean is taken off its features, the unseen one's too."""

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
    name="centre",
    title="Centring",
    description="Features of each corpus are moved to mean zero, the unseen corpus's by its own.",
    sees="unlabelled",
    moves="features",
    paper=(
        "Li, Y. et al. (2018). Adaptive batch normalization for practical domain adaptation. "
        "Pattern Recognition 80"
    ),
    url="https://doi.org/10.1016/j.patcog.2018.03.005",
)


class Centre:
    """Take off means."""

    def prepare(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """Take each corpus's mean off its texts."""
        import numpy as np

        assert unlabelled is not None
        X = np.array(source.X)
        for corpus in np.unique(source.corpus):
            own = source.corpus == corpus
            X[own] -= X[own].mean(axis=0)
        mean: NDArray[np.float32] = unlabelled.mean(axis=0)

        def transform(rows: NDArray[np.float32]) -> NDArray[np.float32]:
            moved: NDArray[np.float32] = rows - mean
            return moved

        return Prepared(X, source.y, source.weight, transform)


def make(options: MethodOptions) -> Method:
    """Make the method."""
    return Centre()


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(CARD, make))
