"""The surface baseline: three counts that look at no meaning at all."""

from __future__ import annotations

import re

from cefrbench import Register, hookimpl
from cefrbench_plugins.encoders._counted import Counted, reference

DESCRIPTION = "LEN, AWL, ASL: characters, mean word length, mean sentence length."
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
        15 words; words are what white space separates. A literal backslash-n, as some rows hold
        it, is a line break here, and here alone.
    """
    words = _WORD.findall(text)
    word_length = sum(map(len, words)) / len(words) if words else 0.0
    broken = text.replace("\\n", "\n")
    lines = [line.split() for line in broken.splitlines() if line.strip()]
    tokens = broken.split()
    if len(lines) < 2:
        lines = [tokens[start : start + WINDOW] for start in range(0, len(tokens), WINDOW)]
    sentence_length = len(tokens) / len(lines) if lines else 0.0
    return float(len(text)), word_length, sentence_length


class Surface(Counted):
    """The surface features."""

    def count(self, text: str) -> tuple[float, float, float]:
        """Count them; see :func:`surface_features`."""
        return surface_features(text)


@hookimpl
def register_encoders(register: Register) -> None:
    """Register ``surface``."""
    register(reference(Surface, "surface", DESCRIPTION, 3))
