"""The surface baseline: three counts that look at no meaning at all."""

from __future__ import annotations

import re
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

_WORD = re.compile(r"[a-zA-Z]+")
#: Words of one "sentence" in a text that stands on a single line.
WINDOW = 15


def surface_features(text: str) -> tuple[float, float, float]:
    """Give LEN, AWL and ASL of a text, as in Lyngbaek & Kristensen-McLachlan (2026).

    Returns
    -------
    length : float
        Characters.
    word_length : float
        Mean length of the words, runs of ``[a-zA-Z]``; 0 without a word.
    sentence_length : float
        Mean words a sentence: the non-empty lines where there are two or more, else windows of
        15 words; words are what white space separates.
    """
    words = _WORD.findall(text)
    word_length = sum(map(len, words)) / len(words) if words else 0.0
    lines = [line.split() for line in text.splitlines() if line.strip()]
    tokens = text.split()
    if len(lines) < 2:
        lines = [tokens[start : start + WINDOW] for start in range(0, len(tokens), WINDOW)]
    sentence_length = len(tokens) / len(lines) if lines else 0.0
    return float(len(text)), word_length, sentence_length


class Surface(Encoder):
    """The surface features as an encoder of one layer."""

    batch_overhead = 2**20

    def __init__(self, name: str) -> None:
        self.identity = EncoderIdentity(
            name=name,
            model="surface",
            pooling=None,
            instruction="",
            max_length=None,
            dtype="float32",
            layers=(1,),
            width=3,
            parameters=0,
        )

    def encode(self, batch: Sequence[object]) -> NDArray[np.float32]:
        """Count; see :meth:`cefrbench.contracts.encoder.Encoder.encode`."""
        import numpy as np

        rows = [surface_features(text) for text in cast("Sequence[str]", batch)]
        return np.array(rows, dtype=np.float32)[:, None, :]


def load(name: str, options: EncoderOptions) -> Encoder:
    """Give the encoder; no option changes it."""
    return Surface(name)


@hookimpl
def register_encoders(register: Register) -> None:
    """Register ``surface``."""
    card = EncoderCard(
        name="surface",
        description="LEN, AWL, ASL: characters, mean word length, mean sentence length.",
        parameters=0,
        layers=1,
        width=3,
        role="reference",
    )
    register(EncoderSpec(card, load))
