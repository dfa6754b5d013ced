"""What a corpus holds: sizes, levels, lengths, repeated texts, licences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from pydantic import Field

from cefrbench.contracts.cards import Card
from cefrbench.essays import CleaningReport, Essays, text_key
from cefrbench.levels import Level


class Quartiles(Card):
    """Five numbers of a distribution."""

    least: float
    first: float
    median: float
    third: float
    most: float


class CorpusDescription(Card):
    """One corpus, described."""

    name: str
    title: str
    revision: str | None = Field(description="Resolved revision of the source.")
    fingerprint: str = Field(description="SHA-256 of the cleaned rows.")
    report: CleaningReport
    levels: dict[str, int] = Field(description="Rows by level, A1 to C2.")
    languages: dict[str, int] = Field(description="Rows by language.")
    characters: Quartiles = Field(description="Length of the texts in characters.")
    words: Quartiles = Field(description="Length of the texts in words (between white space).")
    texts: int = Field(description="Different texts, after normalisation.")
    repeated: int = Field(description="Texts that stand in more than one row.")
    conflicting: dict[str, int] = Field(description="Texts with several levels, by those levels.")
    tasks: dict[str, int] = Field(
        default_factory=dict, description="Rows by what was asked for, where rows say so."
    )
    licence: str = Field(description="The stricter of the two, which users must keep.")
    licence_card: str | None
    licence_rows: str | None


class SharedTexts(Card):
    """Texts that two corpora have in common."""

    corpora: tuple[str, str]
    texts: int


def describe(essays: Essays) -> CorpusDescription:
    """Describe one corpus."""
    levels_of = levels_by_text(essays)
    counts = Counter(essays.levels)
    card = essays.card
    return CorpusDescription(
        name=essays.name,
        title=card.title,
        revision=essays.revision,
        fingerprint=essays.fingerprint,
        report=essays.report,
        levels={level.name: counts[level] for level in Level},
        languages=dict(sorted(Counter(essays.languages).items())),
        characters=quartiles([len(text) for text in essays.texts]),
        words=quartiles([len(text.split()) for text in essays.texts]),
        texts=len(levels_of),
        repeated=sum(len(found) > 1 for found in levels_of.values()),
        conflicting=dict(sorted(conflicts(levels_of).items())),
        tasks=dict(sorted(Counter(task for task in essays.tasks if task is not None).items())),
        licence=card.licence,
        licence_card=card.licence_card,
        licence_rows=card.licence_rows,
    )


def levels_by_text(essays: Essays) -> dict[str, list[Level]]:
    """Levels of the rows of each different text, by its key, in the order of the source."""
    found: dict[str, list[Level]] = {}
    for text, level in zip(essays.texts, essays.levels, strict=True):
        found.setdefault(text_key(text), []).append(level)
    return found


def conflicts(levels_of: Mapping[str, Sequence[Level]]) -> Counter[str]:
    """Count the texts with several levels, by those levels: ``A1/A2``."""
    return Counter(
        "/".join(level.name for level in sorted(different))
        for different in map(set, levels_of.values())
        if len(different) > 1
    )


def shared_texts(keys: Mapping[str, Sequence[str]]) -> list[SharedTexts]:
    """Count the texts that stand in two corpora.

    Parameters
    ----------
    keys : mapping of str to sequence of str
        Text keys by corpus.
    """
    sets = {name: set(found) for name, found in keys.items()}
    shared = ((pair, len(sets[pair[0]] & sets[pair[1]])) for pair in combinations(sets, 2))
    return [SharedTexts(corpora=pair, texts=count) for pair, count in shared if count]


def quartiles(values: Sequence[int]) -> Quartiles:
    """Five numbers, interpolated linearly between values (NumPy's default)."""
    least, first, median, third, most = np.percentile(values, [0, 25, 50, 75, 100]).tolist()
    return Quartiles(least=least, first=first, median=median, third=third, most=most)
