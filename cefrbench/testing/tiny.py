"""A corpus and an encoder small enough for unit tests, with no data and no weights."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from cefrbench.contracts.cards import CorpusCard, EncoderCard, EncoderIdentity
from cefrbench.contracts.corpus import Access, Corpus, Rows
from cefrbench.contracts.encoder import Encoder, EncoderSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

LAYERS = (0, 1, 2)
WIDTH = 16

#: Invented beginnings and ends of texts by level: higher levels are longer and use rarer words.
_BEGINNINGS = ("My friend Lena", "The old teacher", "Our neighbour")
_ENDS = {
    "A1": ("has a cat.", "likes tea."),
    "A2": ("went to the sea last week and it was nice.", "bought two red apples at the market."),
    "B1": (
        "thinks that small towns are better, because you know everybody there.",
        "would travel more often if the trains were not so expensive.",
    ),
    "B2": (
        "had hardly opened the letter when it became clear that the whole plan would have to "
        "change.",
        "argues that cities which invest in bicycles are rewarded with quieter and safer streets.",
    ),
    "C1": (
        "conceded, albeit grudgingly, that what had been dismissed as mere nostalgia was in fact a "
        "lucid diagnosis of our predicament.",
        "remains convinced that no amount of meticulous planning can substitute for the tacit "
        "knowledge that only years of practice confer.",
    ),
}


class TinyCorpus(Corpus):
    """Thirty invented English texts, six at each of the levels A1 to C1."""

    card = CorpusCard(
        name="tiny",
        title="Thirty invented texts for tests",
        languages=("en",),
        licence="CC0-1.0",
        source="https://github.com/cefrbench/cefrbench",
        citation="Invented for the tests of cefrbench.",
        task="None: the texts are invented.",
        rated_by="Nobody: the levels are invented too.",
    )

    def rows(self, access: Access) -> Rows:
        """Give the rows; nothing is read."""
        return Rows(
            tuple(
                {"lang": "en", "cefr_level": level, "text": f"{beginning} {end}"}
                for level, ends in _ENDS.items()
                for beginning, end in product(_BEGINNINGS, ends)
            )
        )

    def sample(self) -> Rows:
        """The rows themselves: all of them are invented."""
        return self.rows(Access())


class TinyEncoder(Encoder):
    """Hashes words into fixed random vectors: layer 0 their sum, 1 their mean, 2 both squashed."""

    def __init__(self, name: str = "tiny") -> None:
        self.identity = EncoderIdentity(
            name=name,
            model="hashed words",
            pooling=None,
            instruction="",
            max_length=None,
            dtype="float32",
            layers=LAYERS,
            width=WIDTH,
        )

    def encode(self, batch: Sequence[object]) -> NDArray[np.float32]:
        """Encode texts, ``[text, 3, 16]``."""
        return np.stack([self._encode_one(str(text)) for text in batch])

    def _encode_one(self, text: str) -> NDArray[np.float32]:
        words = text.lower().split() or [""]
        total = np.sum([_vector(word) for word in words], axis=0)
        mean = total / len(words)
        features: NDArray[np.float32] = np.stack([total, mean, np.tanh(total + mean)])
        return features.astype(np.float32)


TINY_ENCODER = EncoderSpec(
    EncoderCard(
        name="tiny",
        description="Hashed words, for tests.",
        licence="Apache-2.0",
        layers=LAYERS[-1],
        width=WIDTH,
        role="control",
    ),
    lambda name, options: TinyEncoder(name),
)


@lru_cache(maxsize=4096)
def _vector(word: str) -> NDArray[np.float64]:
    """A vector for a word that is the same in every process, with its length in front."""
    digest = hashlib.shake_128(word.encode("utf-8", "surrogatepass")).digest(WIDTH)
    vector: NDArray[np.float64] = np.frombuffer(digest, dtype=np.uint8) / 127.5 - 1.0
    vector[0] = min(len(word), 20) / 10
    return vector
