"""A protocol under test, and the invented corpora that it is asked of.

They hold what makes splits go wrong: texts that stand twice, in one corpus with two levels or in
two corpora, a family, two languages, authors of several texts, and corpora of all sizes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from cefrbench.contracts.cards import CorpusCard
from cefrbench.contracts.protocol import Fold, Protocol
from cefrbench.essays import CleaningReport, Essays, EssayTable, Form, pool
from cefrbench.levels import FIVE, Level

SEEDS = (42, 0)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a protocol was asked for, and what it gave."""

    table: EssayTable
    seed: int
    given: list[object]

    @property
    def folds(self) -> list[Fold]:
        """The folds among what it gave."""
        return [fold for fold in self.given if isinstance(fold, Fold)]

    def where(self, fold: Fold) -> str:
        """Say which fold is meant: name, corpora, form and seed."""
        corpora = ", ".join(self.table.names)
        return f"fold {fold.name!r} of {corpora} ({self.table.form} form, seed {self.seed})"


class ProtocolSubject:
    """One protocol under test.

    Parameters
    ----------
    protocol : Protocol
    """

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol

    def ask(self, table: EssayTable, seed: int) -> Asked:
        """Let it make its folds."""
        return Asked(table, seed, list(self.protocol.folds(table, seed)))

    @cached_property
    def asked(self) -> tuple[Asked, ...]:
        """Its folds of every table, with every seed."""
        return tuple(self.ask(table, seed) for table in tables() for seed in SEEDS)


def tables() -> Iterator[EssayTable]:
    """Four corpora, two without a family and one alone, in both forms."""
    every = [
        _invented("one", 60, language="cs", family="m"),
        _invented("two", 45, language="it", family="m"),
        _invented("large", 700, language="it"),
        _invented("small", 4, language="cs"),
    ]
    forms: tuple[Form, ...] = ("corrected", "study")
    for corpora, form in itertools.product((every, every[2:], every[:1]), forms):
        yield pool(corpora, FIVE, form)


def _invented(name: str, count: int, *, language: str, family: str | None = None) -> Essays:
    """Texts of all levels: each fourth once more, one level up; each fifth in all corpora."""
    levels, texts = list(Level), []
    for n in range(count):
        text = f"text {n}" if n % 5 == 0 else f"text {n} of {name}"
        texts.append((text, n % 6, n))
        if n % 4 == 0:
            texts.append((text, min(n % 6 + 1, 5), n))
    card = CorpusCard(
        name=name,
        title=name,
        languages=(language,),
        licence="CC0",
        source="https://example.org",
        citation="nobody",
        task="none",
        rated_by="nobody",
        group=family,
    )
    return Essays(
        card=card,
        texts=tuple(text for text, _, _ in texts),
        levels=tuple(levels[level] for _, level, _ in texts),
        languages=(language,) * len(texts),
        report=CleaningReport(rows=len(texts), kept=len(texts)),
        authors=tuple(f"author {n // 2}" for _, _, n in texts),
        tasks=tuple(f"task {n % 7}" for _, _, n in texts),
    )
