"""Checks of a protocol: folds whose sides share no text, each text counted once, every time alike.

They are asked of invented corpora that hold what makes splits go wrong: texts that stand twice, in
one corpus with two levels or in two corpora, a family, two languages, and corpora of all sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, islice, product

import numpy as np

from cefrbench.check.table import CheckTable, NotApplicableError, Problem, Remark, Run, unfilled
from cefrbench.contracts.cards import CorpusCard
from cefrbench.contracts.protocol import Fold, Protocol, Skipped
from cefrbench.essays import CleaningReport, Essays, EssayTable, Form, Ints, pool
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
    for corpora, form in product((every, every[2:], every[:1]), forms):
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


CHECKS: CheckTable[ProtocolSubject] = CheckTable()


def each_fold(check: Callable[[Asked, Fold], Iterator[Problem]]) -> Run[ProtocolSubject]:
    """Ask of every fold, with what was asked for; the first that has a problem tells."""

    def run(subject: ProtocolSubject) -> Iterator[Problem]:
        pairs = ((asked, fold) for asked in subject.asked for fold in asked.folds)
        yield from islice((found for pair in pairs for found in check(*pair)), 1)

    return run


@CHECKS.add(
    "protocol-card",
    "The card is complete",
    "Readers judge a score by what was trained on and what was scored.",
)
def check_card(subject: ProtocolSubject) -> Iterator[Problem]:
    """Look for what is blank."""
    card = subject.protocol.card
    yield from unfilled({name: getattr(card, name) for name in ("title", "description")})


@CHECKS.add(
    "protocol-folds",
    "It gives folds, each under a name of its own, or says why it can't",
    "A fold that is missing without a reason is missing from every mean, and nobody knows.",
)
def check_folds(subject: ProtocolSubject) -> Iterator[Problem | Remark]:
    """Look at what it gives of every table."""
    for asked in subject.asked:
        problem = _unsound(asked)
        if problem:
            yield problem
            return
    count = sum(len(asked.folds) for asked in subject.asked)
    if not count:
        raise NotApplicableError("it gives no fold of any of the invented corpora")
    yield Remark(f"{count} folds of {len(subject.asked)} tables")


def _unsound(asked: Asked) -> Problem | None:
    names = [item.name for item in asked.given if isinstance(item, Fold | Skipped)]
    silent = [s.name for s in asked.given if isinstance(s, Skipped) and not s.reason.strip()]
    if len(names) < len(asked.given):
        return Problem("it gives something that is no fold", "yield only Fold(…) and Skipped(…)")
    if not names:
        return Problem(
            f"it gives nothing at all of {', '.join(asked.table.names)}",
            "yield Skipped(name, reason) where there can be no fold",
        )
    if len(set(names)) < len(names):
        return Problem(f"two of its folds have one name: {names}", "give each a name of its own")
    if silent:
        return Problem(f"it skips {silent[0]!r} without a reason", "say why, in a sentence")
    return None


@CHECKS.add(
    "protocol-rows",
    "Its parts are rows of the table, and each scored part holds the corpus it is named after",
    "A score stands under the name of its part; a row of another corpus there is counted as its.",
    needs="protocol-folds",
)
@each_fold
def check_rows(asked: Asked, fold: Fold) -> Iterator[Problem]:
    """Look for what is no row, and for rows under a wrong name."""
    table = asked.table
    parts = {"train": fold.train, "validation": fold.validation, **fold.scored}
    wrong = [name for name, rows in parts.items() if not _are_rows(table, rows)]
    if wrong:
        yield Problem(
            f"{', '.join(wrong)} of {asked.where(fold)} is no array of row numbers",
            "give integers from 0 to len(table) - 1",
        )
    if not fold.scored or not all(len(rows) for rows in fold.scored.values()):
        yield Problem(f"{asked.where(fold)} scores nothing", "leave empty parts out, or skip")
    members = {f"{group}-all": found for group, found in table.groups.items()}
    members |= {name: (index,) for index, name in enumerate(table.names)}
    for name, rows in fold.scored.items():
        if not set(table.corpus[rows].tolist()) <= set(members.get(name, ())):
            yield Problem(
                f"part {name!r} of {asked.where(fold)} holds rows of something else",
                "name a scored part after its corpus, or a group's as GROUP-all: "
                "cefrbench.by_corpus does the former",
            )


def _scored(fold: Fold) -> Ints:
    return np.concatenate(list(fold.scored.values()))


def _are_rows(table: EssayTable, rows: Ints) -> bool:
    values = np.asarray(rows)
    if values.ndim != 1 or (len(values) and values.dtype.kind not in "iu"):
        return False
    return not len(values) or bool(values.min() >= 0 and values.max() < len(table))


@CHECKS.add(
    "protocol-apart",
    "No text is on two of its sides: training, validation, scored",
    "A text that was trained on is remembered, not judged; a layer chosen on what is scored is "
    "chosen by the answer.",
    needs="protocol-rows",
)
@each_fold
def check_apart(asked: Asked, fold: Fold) -> Iterator[Problem]:
    """Compare units, in the corrected form, where all rows of a text are one."""
    unit = asked.table.unit
    sides = {
        "trained on": fold.train,
        "validated on": fold.validation,
        "scored": _scored(fold),
    }
    for (one, these), (other, those) in combinations(sides.items(), 2):
        shared = len(np.intersect1d(unit[these], unit[those]))
        if shared:
            yield Problem(
                f"{shared} texts of {asked.where(fold)} are {one} and {other}",
                "cut by table.unit, not by row; table.without_units_of(rows, others) drops "
                "what stands elsewhere",
            )


@CHECKS.add(
    "protocol-once",
    "Each text is validated and scored once",
    "A text with two levels has two rows: counted twice, it weighs double in the score.",
    needs="protocol-rows",
)
@each_fold
def check_once(asked: Asked, fold: Fold) -> Iterator[Problem]:
    """Look for units that a corpus has twice in a part."""
    for name, rows in {"validation": fold.validation, **fold.scored}.items():
        twice = len(rows) - len(asked.table.once(np.unique(rows)))
        if twice:
            yield Problem(
                f"part {name!r} of {asked.where(fold)} counts {twice} texts twice",
                "take table.once(rows) for validation and scored rows",
            )


@CHECKS.add(
    "protocol-study",
    "In the study's form it has no validation rows",
    "The study chose no layer on held-out texts; its results say so by having no choice.",
    needs="protocol-rows",
)
@each_fold
def check_study(asked: Asked, fold: Fold) -> Iterator[Problem]:
    """Look for validation rows in the study's form."""
    if asked.table.form == "study" and len(fold.validation):
        yield Problem(
            f"{asked.where(fold)} has {len(fold.validation)} validation rows",
            "cut them off only where table.form is 'corrected'",
        )


@CHECKS.add(
    "protocol-again",
    "The same corpora and seed give the same folds, rows in the same order",
    "Results are compared where their splits are equal, and networks draw batches in row order.",
    needs="protocol-rows",
)
def check_again(subject: ProtocolSubject) -> Iterator[Problem]:
    """Ask for everything a second time."""
    for asked in subject.asked:
        again = subject.ask(asked.table, asked.seed)
        if list(map(_described, again.given)) != list(map(_described, asked.given)):
            yield Problem(
                f"asked twice of {', '.join(asked.table.names)} with seed {asked.seed}, it gives "
                "other folds",
                "draw only from a generator made of the seed",
            )
            return


def _described(item: object) -> object:
    if not isinstance(item, Fold):
        return item
    scored = {name: rows.tolist() for name, rows in item.scored.items()}
    return item.name, item.train.tolist(), item.validation.tolist(), scored, item.notes


@CHECKS.add(
    "protocol-distribution",
    "The card says whether the scored corpora are trained on",
    "Tables put what is in and out of distribution side by side, and take the gap between them.",
    needs="protocol-rows",
)
def check_distribution(subject: ProtocolSubject) -> Iterator[Problem | Remark]:
    """See whether training holds rows of the scored corpora; the first fold that does tells."""

    def ask(asked: Asked, fold: Fold) -> Iterator[Problem]:
        corpus = asked.table.corpus
        known = len(np.intersect1d(corpus[fold.train], corpus[_scored(fold)]))
        if known and subject.protocol.card.distribution == "out":
            yield Problem(
                f"{asked.where(fold)} trains on texts of a corpus that it scores",
                "leave them out, or say in the description why they are there",
                note=True,
            )
        if not known and subject.protocol.card.distribution == "in":
            yield Problem(
                f"{asked.where(fold)} trains on no text of the corpora that it scores",
                "say distribution='out' on the card",
            )

    yield from each_fold(ask)(subject)
