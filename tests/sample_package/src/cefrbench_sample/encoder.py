"""How often each letter stands in a text: two layers, counts and shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cefrbench import Encoder, EncoderCard, EncoderIdentity, EncoderOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LETTERS = "abcdefghijklmnopqrstuvwxyzäöüßčřšžáéíóúñãõ .,;!?'"

CARD = EncoderCard(
    name="sample-letters",
    description="Counts and shares of letters.",
    licence="CC0-1.0",
    layers=2,
    width=len(LETTERS),
    role="reference",
)


class LetterEncoder(Encoder):
    """Layer 1 counts letters, layer 2 divides by the length of the text."""

    def __init__(self, name: str) -> None:
        self.identity = EncoderIdentity(
            name=name,
            model="letters",
            pooling=None,
            instruction="",
            max_length=None,
            dtype="float32",
            layers=(1, 2),
            width=len(LETTERS),
        )

    def encode(self, batch: Sequence[object]) -> NDArray[np.float32]:
        """Encode texts, ``[text, 2, letter]``."""
        import numpy as np

        texts = [str(text).casefold() for text in batch]
        counts = np.array([[text.count(letter) for letter in LETTERS] for text in texts], float)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        return np.stack([counts, shares], axis=1).astype(np.float32)


def load(name: str, options: EncoderOptions) -> LetterEncoder:
    """Load it; it takes no options."""
    return LetterEncoder(name)
