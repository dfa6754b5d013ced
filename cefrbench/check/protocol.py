"""Checks of a protocol: folds whose sides share no text, each text counted once, always alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeAlias

import numpy as np

from cefrbench.check.protocol_subject import Asked, ProtocolSubject
from cefrbench.check.table import CheckTable, NotApplicableError, Problem, Remark, Run, unfilled
from cefrbench.contracts.protocol import Fold, Skipped
from cefrbench.essays import EssayTable, Ints

Side: TypeAlias = tuple[str, Ints]

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
    blank = [fold.name for fold in asked.folds if not all(map(_says_something, fold.notes))]
    if blank:
        return Problem(
            f"fold {blank[0]!r} has a note that says nothing",
            "give notes as a tuple of sentences; a lone sentence needs its comma",
        )
    return None


def _says_something(note: object) -> bool:
    # A sentence in place of a tuple is read letter by letter.
    return isinstance(note, str) and len(note.strip()) > 1


@CHECKS.add(
    "protocol-rows",
    "Its parts are rows of the table, and each part under a name holds the corpus of that name",
    "A score stands under the name of its part; a row of another corpus there is counted as its.",
    needs="protocol-folds",
)
@each_fold
def check_rows(asked: Asked, fold: Fold) -> Iterator[Problem]:
    """Look for what is no row, for empty parts, and for rows under a wrong name."""
    table, where = asked.table, asked.where(fold)
    fitted = {"train": fold.train} | {
        f"inner {number} train": cut.train for number, cut in enumerate(fold.inner, start=1)
    }
    named = dict(_named_parts(fold))
    wrong = [name for name, rows in (fitted | named).items() if not _are_rows(table, rows)]
    if wrong:
        yield Problem(
            f"{', '.join(wrong)} of {where} is no array of row numbers",
            "give integers from 0 to len(table) - 1",
        )
    if not fold.scored or not all(cut.held for cut in fold.inner):
        yield Problem(f"{where} scores or holds out nothing", "leave such cuts out, or skip")
    empty = [name for name, rows in (fitted | named).items() if not len(rows)]
    if empty:
        yield Problem(f"{', '.join(empty)} of {where} is empty", "leave empty parts out, or skip")
    members = {f"{group}-all": found for group, found in table.groups.items()}
    members |= {name: (index,) for index, name in enumerate(table.names)}
    for part, rows in named.items():
        name = part.rpartition(" held ")[2]
        if not set(table.corpus[rows].tolist()) <= set(members.get(name, ())):
            yield Problem(
                f"part {part!r} of {where} holds rows of something else",
                "name a part after its corpus, or a group's as GROUP-all: "
                "cefrbench.by_corpus does the former",
            )


def _named_parts(fold: Fold) -> Iterator[tuple[str, Ints]]:
    """Parts that count in a score or in a choice."""
    yield from fold.scored.items()
    for number, cut in enumerate(fold.inner, start=1):
        for name, rows in cut.held.items():
            yield f"inner {number} held {name}", rows


def _scored(fold: Fold) -> Ints:
    return np.concatenate(list(fold.scored.values()))


def _are_rows(table: EssayTable, rows: Ints) -> bool:
    values = np.asarray(rows)
    if values.ndim != 1 or (len(values) and values.dtype.kind not in "iu"):
        return False
    return not len(values) or bool(values.min() >= 0 and values.max() < len(table))


@CHECKS.add(
    "protocol-apart",
    "No text is trained on, or chosen on, by a fold that scores it; what an inner cut holds out, "
    "its own fit doesn't see",
    "A text that was trained on is remembered, not judged; a layer or penalty chosen on what is "
    "scored is chosen by the answer.",
    needs="protocol-rows",
)
@each_fold
def check_apart(asked: Asked, fold: Fold) -> Iterator[Problem]:
    """Compare units, in the corrected form, where all rows of a text are one."""
    unit = asked.table.unit
    for (one, these), (other, those) in _apart(fold):
        shared = len(np.intersect1d(unit[these], unit[those]))
        if shared:
            yield Problem(
                f"{shared} texts of {asked.where(fold)} are {one} and {other}",
                "cut by table.unit, not by row; table.without_units_of(rows, others) drops "
                "what stands elsewhere",
            )


def _apart(fold: Fold) -> Iterator[tuple[Side, Side]]:
    """Sides that must not share a text."""
    scored = _scored(fold)
    yield ("trained on", fold.train), ("scored", scored)
    for number, cut in enumerate(fold.inner, start=1):
        held = np.concatenate(list(cut.held.values()))
        yield (f"held out by inner cut {number}", held), ("scored", scored)
        yield (f"trained on by inner cut {number}", cut.train), ("held out by it", held)


@CHECKS.add(
    "protocol-inside",
    "Its inner cuts train on, and hold out, rows of the fold's own training part",
    "A choice by other rows is one that the fold itself could not have made.",
    needs="protocol-rows",
)
@each_fold
def check_inside(asked: Asked, fold: Fold) -> Iterator[Problem]:
    """Look for rows of inner cuts that the fold doesn't train on."""
    for number, cut in enumerate(fold.inner, start=1):
        rows = np.concatenate([cut.train, *cut.held.values()])
        strange = len(np.setdiff1d(rows, fold.train))
        if strange:
            yield Problem(
                f"inner cut {number} of {asked.where(fold)} has {strange} rows that the fold "
                "doesn't train on",
                "cut fold.train: cefrbench.across and cefrbench.in_turn do",
            )


@CHECKS.add(
    "protocol-authors",
    "In distribution, nobody who is scored is trained or chosen on, where rows name authors",
    "A writer who was trained on is recognised: the score is of the writer, not of the text.",
    needs="protocol-rows",
)
def check_authors(subject: ProtocolSubject) -> Iterator[Problem | Remark]:
    """Compare authors, in the corrected form, of protocols in distribution."""
    if subject.protocol.card.distribution == "out":
        raise NotApplicableError("it scores corpora that it doesn't train on")

    def ask(asked: Asked, fold: Fold) -> Iterator[Problem]:
        author = asked.table.author
        for (one, these), (other, those) in _apart(fold):
            shared = np.intersect1d(author[these], author[those])
            count = int((shared >= 0).sum())
            if count and asked.table.form == "corrected":
                yield Problem(
                    f"{count} authors of {asked.where(fold)} are {one} and {other}",
                    "cut by table.group: cefrbench.parts_by_group and cefrbench.in_turn do",
                )

    yield from each_fold(ask)(subject)


@CHECKS.add(
    "protocol-once",
    "Each text is held out once by an inner cut, and scored once",
    "A text with two levels has two rows: counted twice, it weighs double in the score.",
    needs="protocol-rows",
)
@each_fold
def check_once(asked: Asked, fold: Fold) -> Iterator[Problem]:
    """Look for units that a corpus has twice in a part."""
    for name, rows in _named_parts(fold):
        twice = len(rows) - len(asked.table.once(np.unique(rows)))
        if twice:
            yield Problem(
                f"part {name!r} of {asked.where(fold)} counts {twice} texts twice",
                "take table.once(rows) for what is held out and for what is scored",
            )


@CHECKS.add(
    "protocol-choice",
    "In the corrected form it has inner cuts, in the study's form none",
    "Layer and penalty are chosen on what inner cuts hold out; the study chose neither, and its "
    "results say so by having no choice.",
    needs="protocol-rows",
)
def check_choice(subject: ProtocolSubject) -> Iterator[Problem | Remark]:
    """Look for inner cuts in the study's form, and for a corrected form without any."""

    def ask(asked: Asked, fold: Fold) -> Iterator[Problem]:
        if asked.table.form == "study" and fold.inner:
            yield Problem(
                f"{asked.where(fold)} has {len(fold.inner)} inner cuts",
                "cut the training part only where table.form is 'corrected'",
            )

    yield from each_fold(ask)(subject)
    asked = [asked for asked in subject.asked if asked.table.form == "corrected"]
    corrected = [fold for one in asked for fold in one.folds]
    if corrected and not any(fold.inner for fold in corrected):
        yield Problem(
            f"none of its {len(corrected)} folds in the corrected form has an inner cut",
            "give Fold(inner=…): cefrbench.across and cefrbench.in_turn make such cuts",
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
    parts = [(name, rows.tolist()) for name, rows in _named_parts(item)]
    return item.name, item.train.tolist(), [c.train.tolist() for c in item.inner], parts, item.notes


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
