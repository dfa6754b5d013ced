"""Essays of invented corpora, in memory."""

from __future__ import annotations

import random
from collections.abc import Sequence

from cefrbench.contracts.cards import CorpusCard
from cefrbench.essays import CleaningReport, Essays
from cefrbench.levels import Level


def essays(
    name: str,
    texts_and_levels: Sequence[tuple[str, str]],
    *,
    language: str = "en",
    group: str | None = None,
) -> Essays:
    """One corpus of the given texts and levels."""
    card = CorpusCard(
        name=name,
        title=name,
        languages=(language,),
        licence="CC0",
        source="https://example.org",
        citation="nobody",
        task="tests",
        rated_by="nobody",
        group=group,
    )
    count = len(texts_and_levels)
    return Essays(
        card=card,
        texts=tuple(text for text, _ in texts_and_levels),
        levels=tuple(Level[level] for _, level in texts_and_levels),
        languages=(language,) * count,
        report=CleaningReport(rows=count, kept=count),
    )


def random_essays(name: str, count: int, seed: int, **card: str) -> Essays:
    """One corpus of different texts with levels drawn unevenly, none of them rare."""
    draw = random.Random(seed)
    levels = draw.choices(["A1", "A2", "B1", "B2", "C1", "C2"], [2, 4, 5, 4, 2, 1], k=count)
    return essays(name, [(f"{name} {n}", level) for n, level in enumerate(levels)], **card)
