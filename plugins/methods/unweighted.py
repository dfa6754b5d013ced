"""`unweighted`: every training text weighs the same, as in the study; a baseline, no method."""

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
    name="unweighted",
    title="Unweighted",
    description=(
        "Every training text weighs the same, as in the study: with a fixed penalty the baseline "
        "that the standard's own weights are measured against."
    ),
    sees="source",
    moves="weights",
    paper="The study that cefrbench grew from: neither corpora nor levels are balanced",
)


class Unweighted:
    """Take the weights away."""

    def prepare(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """Give each text the weight 1."""
        import numpy as np

        return Prepared(source.X, source.y, np.ones(len(source.y)))


def make(options: MethodOptions) -> Method:
    """Make the method."""
    return Unweighted()


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(CARD, make))
