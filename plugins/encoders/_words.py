"""Words in numbers: how rare, various and long they are, and what punctuation says of syntax.

Frequencies come from wordfreq (Speer 2022, https://doi.org/10.5281/zenodo.7199437), lemmas from
simplemma (Barbaresi), syllables from pyphen's hyphenation. What a library doesn't know of a
language (of the nine corpora's: Estonian has no frequencies, Arabic no syllables) is a constant:
about the mean over learners' texts whose language has it, so that it moves no prediction of a
linear probe and marks the text as nothing but one of its language, which every word does anyway.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

#: Words of the window of a moving type-token ratio (Covington & McFall 2010,
#: https://doi.org/10.1080/09296171003643098); short texts are one window.
WINDOW = 50
#: Zipf values (van Heuven et al. 2014): from 3, once in a million words, wordfreq's small lists are
#: whole in every language; below 4 is rare, from 6 on stand function words.
RARE, FUNCTION = 4.0, 6.0
#: Letters and syllables from which a word is long.
LONG, MANY = 7, 3

#: Names of the features that need a frequency list, and what stands for them without one: means
#: over the texts of MERLIN (cs, it, de) and COWS-L2H (es).
FREQUENCY = {
    "Zipf of words": 5.8,
    "Zipf of different words": 5.45,
    "spread of the Zipf of words": 1.15,
    "share of rare words": 0.07,
    "share of different words that are rare": 0.09,
    "share of words in no list": 0.06,
    "share of function words": 0.44,
}
#: The same for lemmas, and for syllables, with the Estonian examinations' texts.
LEMMAS = {
    "different lemmas, log": 4.35,
    "different lemmas over the root of words": 6.75,
    "lemmas in a window": 0.75,
    "forms a lemma": 1.15,
}
SYLLABLES = {"syllables a word": 1.85, "share of words of three syllables or more": 0.21}

#: Names of all features, in order.
FEATURES = (
    "words, log",
    "different words, log",
    "different words over the root of words",
    "different words in a window",
    "share of words that stand once",
    "letters a word",
    "spread of letters a word",
    "share of long words",
    "sentences, log",
    "words a sentence",
    "spread of words a sentence",
    "words of the longest sentence, log",
    "commas a sentence",
    "commas to words",
    "colons, semicolons, dashes and brackets to words",
    "questions and exclamations to sentences",
    "quotation marks to words",
    "digits to words",
    "share of sentences that begin small",
    "share of capitals inside sentences",
    "lines to sentences",
    *LEMMAS,
    *SYLLABLES,
    *FREQUENCY,
)


class Lexicon:
    """What is known of one language's words.

    Parameters
    ----------
    language : str
        ISO 639 code; one that no library knows is no error.

    Attributes
    ----------
    lacking : tuple of str
        What is not known: "lemmas", "syllables", "word frequencies".
    """

    def __init__(self, language: str) -> None:
        import pyphen
        import wordfreq
        from simplemma.strategies.dictionaries.dictionary_factory import SUPPORTED_LANGUAGES
        from wordfreq.language_info import get_language_info

        self._language = language = language.partition("-")[0].lower()
        # Chinese, Japanese and Korean are cut into words by packages that wordfreq doesn't bring.
        self._lists = (
            language in wordfreq.available_languages("small")
            and get_language_info(language)["tokenizer"] == "regex"
        )
        self._lemmas = language in SUPPORTED_LANGUAGES
        found = pyphen.language_fallback(language) if language else None
        self._hyphens: Any = pyphen.Pyphen(lang=found) if found else None
        known = {
            "lemmas": self._lemmas,
            "syllables": self._hyphens,
            "word frequencies": self._lists,
        }
        self.lacking = tuple(what for what, there in known.items() if not there)

    def measure(self, text: str) -> tuple[float, ...]:
        """Give the numbers of one text, in the order of ``FEATURES``.

        Words are compared case-folded; a literal backslash-n, as some rows hold it, is a line
        break here.
        """
        text = text.replace("\\n", "\n")
        words = [word.casefold() for word in _patterns()["word"].findall(text)]
        return (
            *_variety(words),
            *_signs(text, max(1, len(words))),
            *(self._of_lemmas(words) if self._lemmas else LEMMAS.values()),
            *(self._of_syllables(words) if self._hyphens else SYLLABLES.values()),
            *(self._of_frequencies(words) if self._lists else FREQUENCY.values()),
        )

    def _of_lemmas(self, words: Sequence[str]) -> tuple[float, ...]:
        from simplemma import lemmatize

        lemmas = [lemmatize(word, lang=self._language).casefold() for word in words]
        kinds = len(set(lemmas))
        return (
            math.log(1 + kinds),
            kinds / math.sqrt(max(1, len(words))),
            moving_ratio(lemmas),
            len(set(words)) / max(1, kinds),
        )

    def _of_syllables(self, words: Sequence[str]) -> tuple[float, ...]:
        counts = [len(self._hyphens.positions(word)) + 1 for word in words]
        return _mean(counts), _mean([count >= MANY for count in counts])

    def _of_frequencies(self, words: Sequence[str]) -> tuple[float, ...]:
        from wordfreq import zipf_frequency

        zipf = {word: zipf_frequency(word, self._language, "small") for word in set(words)}
        listed = [zipf[word] for word in words if zipf[word]]
        kinds = [value for value in zipf.values() if value]
        return (
            _mean(listed),
            _mean(kinds),
            _spread(listed),
            _mean([value < RARE for value in listed]),
            _mean([value < RARE for value in kinds]),
            1 - len(listed) / max(1, len(words)),
            _mean([value >= FUNCTION for value in listed]),
        )


def moving_ratio(words: Sequence[str]) -> float:
    """Mean over all windows of ``WINDOW`` words of different words to words; 0 without words."""
    if not words:
        return 0.0
    size = min(WINDOW, len(words))
    counts = Counter(words[:size])
    total = len(counts)
    for gone, come in zip(words, words[size:], strict=False):
        counts[come] += 1
        counts[gone] -= 1
        if not counts[gone]:
            del counts[gone]
        total += len(counts)
    return total / size / (len(words) - size + 1)


def _variety(words: Sequence[str]) -> tuple[float, ...]:
    """Measure words and their letters, whatever the language."""
    counts = Counter(words)
    letters = [len(word) for word in words]
    return (
        math.log(1 + len(words)),
        math.log(1 + len(counts)),
        len(counts) / math.sqrt(max(1, len(words))),
        moving_ratio(words),
        sum(count == 1 for count in counts.values()) / max(1, len(words)),
        _mean(letters),
        _spread(letters),
        _mean([length >= LONG for length in letters]),
    )


def _signs(text: str, words: int) -> tuple[float, ...]:
    """Measure sentences and punctuation; a sentence ends with its mark, or with the line."""
    found = {name: len(pattern.findall(text)) for name, pattern in _patterns().items()}
    lines = [line for line in text.splitlines() if line.strip()]
    sentences = [
        piece.strip()
        for line in lines
        for piece in _patterns()["end"].split(line)
        if _patterns()["word"].search(piece)
    ]
    lengths = [len(_patterns()["word"].findall(sentence)) for sentence in sentences]
    count = max(1, len(sentences))
    return (
        math.log(1 + len(sentences)),
        _mean(lengths),
        _spread(lengths),
        math.log(1 + max(lengths, default=0)),
        found["comma"] / count,
        found["comma"] / words,
        found["joint"] / words,
        found["tone"] / count,
        found["quote"] / words,
        found["digit"] / words,
        sum(sentence[0].islower() for sentence in sentences) / count,
        found["capital"] / words,
        len(lines) / count,
    )


@cache
def _patterns() -> dict[str, Any]:
    """What is looked for in a text, in any script."""
    import regex

    letters = r"\p{L}[\p{L}\p{M}]*"
    patterns = {
        "word": rf"{letters}(?:['’-]{letters})*",
        "end": r"[.!?…؟।。！？]+",
        "comma": r"[,،、，]",
        "joint": r"[:;؛：；–—()\[\]]|(?<=\s)-(?=\s)",
        "tone": r"[!?؟！？]+",
        "quote": r"[\"„“”«»]",
        "digit": r"\p{N}",
        "capital": r"(?<=[\p{Ll},;] )\p{Lu}",
    }
    return {name: regex.compile(pattern) for name, pattern in patterns.items()}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _spread(values: Sequence[float]) -> float:
    """Population standard deviation; 0 of nothing."""
    mean = _mean(values)
    return math.sqrt(_mean([(value - mean) ** 2 for value in values]))
