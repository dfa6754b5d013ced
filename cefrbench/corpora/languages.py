"""What is asked of the languages of texts: whether they are those that the rows say."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from cefrbench.corpora.answers import Answer, NotAskedError
from cefrbench.essays import Essays

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

#: Characters from which on a text is judged by itself; shorter ones are judged together.
_LONG = 200
#: Characters of a passage that are read, and passages of a language.
_READ, _MOST = 1_000, 2_000
#: How sure the detector has to be. No passage of MERLIN, COWS-L2H and the Estonian examinations
#: (4,199 texts) is then taken for another language.
_SURE = 0.9
#: Codes of one language, or of two that no detector tells apart.
_KIN = tuple(map(frozenset, ({"no", "nb", "nn", "da"}, {"hr", "sr", "bs"}, {"id", "ms"})))


@dataclass(frozen=True, slots=True)
class Passage:
    """One text, or short ones together: the number of the first, how many, and the words."""

    first: int
    texts: int
    words: str


def unlike_languages(essays: Essays) -> Iterator[Answer]:
    """Find texts whose words are another language's than their row says.

    Raises
    ------
    NotAskedError
        When the detector is not installed.
    """
    identifier = _identifier()
    rows: dict[str, list[int]] = defaultdict(list)
    for row, language in enumerate(essays.languages):
        rows[language].append(row)
    for language, own in sorted(rows.items()):
        if language not in identifier.labels:
            continue
        passages = _passages(essays, own)
        detected = [_detected(identifier, passage.words) for passage in passages]
        odd = [
            (passage, other)
            for passage, other in zip(passages, detected, strict=True)
            if other is not None and other not in _kin(language)
        ]
        if odd:
            yield _answer(language, len(passages), odd)


def _answer(language: str, passages: int, odd: Sequence[tuple[Passage, str]]) -> Answer:
    texts = sum(passage.texts for passage, _ in odd)
    others: Counter[str] = Counter()
    for passage, other in odd:
        others[other] += passage.texts
    shown = ", ".join(f"{other} ({n})" for other, n in others.most_common(3))
    return Answer(
        "unlike-language",
        texts,
        f"{texts} texts in rows of {language!r} are in {shown} by their words, the first of them "
        f"text {odd[0][0].first}",
        "scores by language, and leaving one language out, count them where they are not",
        "mend `lang` in the rows, or return Skip('in another language') for them in clean()",
        breaks=2 * len(odd) > passages,
    )


@cache
def _identifier() -> LanguageIdentifier:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise NotAskedError(
            "the languages of texts are told by py3langid, which is not installed: "
            "pip install 'cefrbench[language]'"
        ) from error
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _detected(identifier: LanguageIdentifier, words: str) -> str | None:
    """The language of a passage, where the detector is sure of it."""
    # Capitals, in which some learners write all of a text, are not what it was trained on.
    language, sure = identifier.classify(words.lower())
    return str(language) if sure >= _SURE else None


def _kin(language: str) -> frozenset[str]:
    return next((kin for kin in _KIN if language in kin), frozenset({language}))


def _passages(essays: Essays, rows: Sequence[int]) -> list[Passage]:
    """Texts long enough alone, the others one after the other until they are; evenly thinned."""
    found: list[Passage] = []
    short: list[int] = []
    length = 0
    for row in rows:
        if len(essays.texts[row]) >= _LONG:
            found.append(Passage(row + 1, 1, essays.texts[row][:_READ]))
            continue
        short.append(row)
        length += len(essays.texts[row])
        if length >= _LONG:
            words = " ".join(essays.texts[each] for each in short)
            found.append(Passage(short[0] + 1, len(short), words[:_READ]))
            short, length = [], 0
    return found[:: -(-len(found) // _MOST)] if found else found
