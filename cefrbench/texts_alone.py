"""A probe that reads texts stands where an encoder stands: by its name, with no features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cefrbench.contracts.cards import EncoderCard, EncoderIdentity
from cefrbench.contracts.encoder import Encoder, EncoderOptions, EncoderSpec
from cefrbench.contracts.probe import ProbeSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class TextsAlone(Encoder):
    """What has no features: one layer without a number, for the probe of the same name."""

    batch_overhead = 2**20

    def __init__(self, name: str) -> None:
        self.identity = EncoderIdentity(
            name=name,
            model=f"texts, read by the probe {name}",
            pooling=None,
            instruction="",
            max_length=None,
            dtype="float32",
            layers=(1,),
            width=0,
            parameters=0,
        )

    def encode(self, batch: Sequence[object]) -> NDArray[np.float32]:
        """Give each text nothing."""
        import numpy as np

        return np.empty((len(batch), 1, 0), dtype=np.float32)


def as_encoder(spec: ProbeSpec) -> EncoderSpec:
    """Make the encoder that a probe which reads texts is run as; no option changes it."""
    card = EncoderCard(
        name=spec.name,
        description=f"No model: {spec.card.description}",
        parameters=0,
        layers=1,
        width=0,
        role="reference",
    )

    def load(name: str, options: EncoderOptions) -> Encoder:
        return TextsAlone(card.name)

    return EncoderSpec(card, load)
