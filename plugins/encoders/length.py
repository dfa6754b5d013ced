"""The reference that an encoder has to beat first: how long a text is, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from cefrbench import (
    Encoder,
    EncoderCard,
    EncoderIdentity,
    EncoderOptions,
    EncoderSpec,
    Register,
    hookimpl,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Length(Encoder):
    """The natural logarithm of a text's characters, as an encoder of one layer, one wide."""

    batch_overhead = 2**20

    def __init__(self, name: str) -> None:
        self.identity = EncoderIdentity(
            name=name,
            model="length",
            pooling=None,
            instruction="",
            max_length=None,
            dtype="float32",
            layers=(1,),
            width=1,
            parameters=0,
        )

    def encode(self, batch: Sequence[object]) -> NDArray[np.float32]:
        """Count; see :meth:`cefrbench.Encoder.encode`."""
        import numpy as np

        logs = [math.log(max(1, len(text))) for text in cast("Sequence[str]", batch)]
        return np.array(logs, dtype=np.float32)[:, None, None]


def load(name: str, options: EncoderOptions) -> Encoder:
    """Give the encoder; no option changes it."""
    return Length(name)


@hookimpl
def register_encoders(register: Register) -> None:
    """Register ``length``."""
    card = EncoderCard(
        name="length",
        description="The logarithm of the text's length in characters: what any encoder must beat.",
        parameters=0,
        layers=1,
        width=1,
        role="reference",
    )
    register(EncoderSpec(card, load))
