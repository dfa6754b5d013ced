"""A reference that knows words, not meanings: their frequency, variety and length, and commas."""

from __future__ import annotations

import importlib.util

from cefrbench import (
    CorpusTexts,
    Encoder,
    EncoderError,
    EncoderOptions,
    EncoderSpec,
    Register,
    hookimpl,
)
from cefrbench_plugins.encoders._counted import Counted, card_of
from cefrbench_plugins.encoders._words import FEATURES, Lexicon

PACKAGES = ("wordfreq", "simplemma", "pyphen", "regex")

CARD = card_of(
    "complexity",
    "Lexical sophistication and diversity, and signs of syntax: what grading without "
    "understanding comes to.",
    len(FEATURES),
)


class Complexity(Counted):
    """The features of :mod:`cefrbench_plugins.encoders._words`, by each text's own language.

    Parameters
    ----------
    name : str
        As the user wrote it.
    languages : dict of str to str, optional
        Language of each text. A text that isn't there is of no known language.
    """

    def __init__(self, name: str, languages: dict[str, str] | None = None) -> None:
        super().__init__(name, CARD, PACKAGES)
        self._languages = languages or {}
        self._lexica: dict[str, Lexicon] = {}

    def for_corpus(self, corpus: CorpusTexts) -> Encoder:
        """Learn the languages; what is undefined for one of them is noted."""
        own = Complexity(self.identity.name, dict(zip(corpus.texts, corpus.languages, strict=True)))
        own.notes = tuple(
            f"no {' and no '.join(lacking)} for the language {language!r}: these features of its "
            "texts are constants that say nothing"
            for language in dict.fromkeys(corpus.languages)
            if (lacking := own._lexicon(language).lacking)
        )
        return own

    def count(self, text: str) -> tuple[float, ...]:
        """Measure one text."""
        return self._lexicon(self._languages.get(text, "")).measure(text)

    def _lexicon(self, language: str) -> Lexicon:
        if language not in self._lexica:
            self._lexica[language] = Lexicon(language)
        return self._lexica[language]


def load(name: str, options: EncoderOptions) -> Complexity:
    """Open the reference; no option changes it.

    Raises
    ------
    EncoderError
        When a package that it needs isn't installed.
    """
    missing = [package for package in PACKAGES if importlib.util.find_spec(package) is None]
    if missing:
        raise EncoderError(
            f"{name!r} needs {', '.join(missing)}, which isn't installed: run "
            "`pip install 'cefrbench[complexity]'`."
        )
    return Complexity(name)


@hookimpl
def register_encoders(register: Register) -> None:
    """Register ``complexity``."""
    register(EncoderSpec(CARD, load))
