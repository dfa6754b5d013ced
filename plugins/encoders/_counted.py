"""Encoders that count: a few numbers of each text, as one layer, without a model."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from importlib import metadata
from typing import TYPE_CHECKING, cast

from cefrbench import Encoder, EncoderCard, EncoderIdentity, EncoderOptions, EncoderSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Counted(Encoder):
    """What is counted, as an encoder of one layer; a subclass says how.

    Parameters
    ----------
    name : str
        As the user wrote it.
    card : EncoderCard
    packages : sequence of str
        That it counts with: their versions are part of what it is.
    """

    batch_overhead = 2**20

    def __init__(self, name: str, card: EncoderCard, packages: Sequence[str] = ()) -> None:
        self.identity = EncoderIdentity(
            name=name,
            model=card.name,
            pooling=None,
            instruction="",
            max_length=None,
            dtype="float32",
            layers=(1,),
            width=card.width or 1,
            parameters=0,
            details={package: metadata.version(package) for package in packages},
        )

    @abstractmethod
    def count(self, text: str) -> tuple[float, ...]:
        """Give the numbers of one text, as many as the card says."""

    def encode(self, batch: Sequence[object]) -> NDArray[np.float32]:
        """Count; see :meth:`cefrbench.Encoder.encode`."""
        import numpy as np

        rows = [self.count(text) for text in cast("Sequence[str]", batch)]
        return np.array(rows, dtype=np.float32)[:, None, :]


def card_of(name: str, description: str, width: int) -> EncoderCard:
    """Make the card of a reference."""
    return EncoderCard(
        name=name, description=description, parameters=0, layers=1, width=width, role="reference"
    )


def reference(kind: type[Counted], name: str, description: str, width: int) -> EncoderSpec:
    """Make what a plugin registers; no option changes such an encoder."""
    card = card_of(name, description, width)

    def load(asked: str, options: EncoderOptions) -> Encoder:
        return kind(asked, card)

    return EncoderSpec(card, load)
