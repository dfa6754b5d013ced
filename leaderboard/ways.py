"""Ways into the results: by corpus, language and family, and which corpora each takes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from cefrbench.contracts.cards import CorpusCard
from cefrbench.results.io import slug

#: Codes that stand for no one language.
_UNKNOWN = {"und", "mul", "mis", "zxx"}
Kind = Literal["language", "family", "corpus"]


@dataclass(frozen=True, slots=True)
class Way:
    """Some of the corpora, for what they have in common.

    Attributes
    ----------
    kind : str
    name : str
        Of the corpus or family, or the language's code.
    corpora : tuple of str
    """

    kind: Kind
    name: str
    corpora: tuple[str, ...]

    @property
    def page(self) -> str:
        """Path of its page below that of the suite."""
        return f"{self.kind}/{slug(self.name)}.html"

    @property
    def key(self) -> str:
        """Stands for its corpora in the store."""
        return subset_key(self.corpora)


def subset_key(corpora: Iterable[str]) -> str:
    """Stand for a set of corpora; no name of a protocol begins so."""
    names = json.dumps(sorted(corpora))
    return f"@{hashlib.sha256(names.encode()).hexdigest()[:12]}"


def ways(cards: Iterable[CorpusCard]) -> Iterator[Way]:
    """All ways into results on some corpora: languages, families with sisters, corpora."""
    cards = sorted(cards, key=lambda card: card.name)
    languages = sorted({code for card in cards for code in card.languages} - _UNKNOWN)
    for code in languages:
        yield Way("language", code, tuple(c.name for c in cards if code in c.languages))
    for family in sorted({card.group for card in cards if card.group is not None}):
        corpora = tuple(card.name for card in cards if card.group == family)
        if len(corpora) > 1:
            yield Way("family", family, corpora)
    for card in cards:
        yield Way("corpus", card.name, (card.name,))


#: Languages of learner corpora by their ISO 639-1 codes; others stand by their code.
_LANGUAGES = {
    **{"ar": "Arabic", "cs": "Czech", "cy": "Welsh", "de": "German", "en": "English"},
    **{"es": "Spanish", "et": "Estonian", "fi": "Finnish", "fr": "French", "hi": "Hindi"},
    **{"hr": "Croatian", "hu": "Hungarian", "it": "Italian", "ja": "Japanese", "ko": "Korean"},
    **{"lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian", "pl": "Polish"},
    **{"pt": "Portuguese", "ru": "Russian", "sl": "Slovene", "sv": "Swedish", "tr": "Turkish"},
    **{"uk": "Ukrainian", "zh": "Chinese"},
}


def language_name(code: str) -> str:
    """English name of a language, or its code."""
    return _LANGUAGES.get(code, code)
