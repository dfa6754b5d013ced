"""Out of distribution: train on the rest, score what was left out, whatever it is.

``lofo`` is the headline: sister corpora share project, tasks and raters, so with one of them in
training another one is no unseen corpus.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from cefrbench import (
    EssayTable,
    Fold,
    Protocol,
    ProtocolCard,
    Register,
    Skipped,
    across,
    by_corpus,
    hookimpl,
    stratified_cut,
)
from cefrbench.essays import Ints

#: Of a table, each fold's name, the rows that are left out, and those of them that are scored.
Parts = Callable[[EssayTable], Iterator[tuple[str, Ints, dict[str, Ints]]]]


def leave_out(
    table: EssayTable, name: str, left_out: Ints, scored: dict[str, Ints], seed: int
) -> Fold | Skipped:
    """Make the fold that trains on everything but ``left_out``.

    The study trains on 80 % of it and throws the rest away, but trains its baseline on all. The
    corrected form trains on all of it but the texts that also stand in the left-out rows, and
    chooses by leaving its families out.
    """
    if not any(map(len, scored.values())):
        return Skipped(name, "there is nothing to score")
    rest = np.setdiff1d(np.arange(len(table), dtype=np.int64), left_out)
    rest = table.without_units_of(rest, left_out)
    if not len(rest):
        return Skipped(name, "nothing is left to train on")
    if table.baseline:
        return Fold(name, rest, scored)
    if table.form == "study":
        cut = stratified_cut(table, rest, 0.2, seed)
        return Fold(name, cut.first, scored, notes=tuple(cut.notes))
    return Fold(name, rest, scored, across(table, rest, seed))


def families(table: EssayTable) -> Iterator[tuple[str, Ints, dict[str, Ints]]]:
    """In the order of their first corpora."""
    for family, members in table.families.items():
        rows = table.rows_of(*members)
        yield family, rows, by_corpus(table, rows)


def groups(table: EssayTable) -> Iterator[tuple[str, Ints, dict[str, Ints]]]:
    """Groups of corpora, each scored as one (``merlin-all``)."""
    for group, members in table.groups.items():
        rows = table.rows_of(*members)
        yield f"{group}-all", rows, {f"{group}-all": table.once(rows)}


def corpora(table: EssayTable) -> Iterator[tuple[str, Ints, dict[str, Ints]]]:
    """In order, then the groups."""
    for index, name in enumerate(table.names):
        rows = table.rows_of(index)
        yield name, rows, {name: table.once(rows)}
    yield from groups(table)


def languages(table: EssayTable) -> Iterator[tuple[str, Ints, dict[str, Ints]]]:
    """In alphabetical order."""
    each = np.array(table.language)
    for language in sorted(set(table.language)):
        rows = np.flatnonzero(each == language).astype(np.int64)
        yield language, rows, by_corpus(table, rows)


def all_but_one(table: EssayTable) -> Iterator[tuple[str, Ints, dict[str, Ints]]]:
    """The other corpora than one, whose name is the fold's."""
    if len(table.names) < 2:
        return
    everything = np.arange(len(table), dtype=np.int64)
    for index, name in enumerate(table.names):
        others = np.setdiff1d(everything, table.rows_of(index))
        yield name, others, by_corpus(table, others)


#: Each protocol's name, title and description, what it leaves out, and why there may be nothing.
PROTOCOLS: tuple[tuple[str, str, str, Parts, str], ...] = (
    (
        "lofo",
        "Leave one family out",
        "Train on all texts outside a family (the corpora of one project; a corpus "
        "without sisters is its own), score each corpus of the family.",
        families,
        "",
    ),
    (
        "loco",
        "Leave one corpus out",
        "Train on the other corpora, score every text of the one left out; "
        "once more with each group of corpora left out together, which no mean includes.",
        corpora,
        "",
    ),
    (
        "lolo",
        "Leave one language out",
        "Train on the texts in other languages, score the one left out.",
        languages,
        "",
    ),
    (
        "logo",
        "Leave one group out",
        "Train on all corpora outside a group, score the group as one.",
        groups,
        "no two of these corpora belong to one group",
    ),
    (
        "pairwise",
        "Train on one, score each other",
        "Train on one corpus, score every text of each other: the transfer matrix.",
        all_but_one,
        "a transfer needs two corpora",
    ),
)


def make(name: str, title: str, description: str, parts: Parts, otherwise: str) -> Protocol:
    """Make a protocol of what it leaves out."""

    def folds(table: EssayTable, seed: int) -> Iterator[Fold | Skipped]:
        found = [leave_out(table, *part, seed) for part in parts(table)]
        yield from found or ([Skipped("all", otherwise)] if otherwise else [])

    card = ProtocolCard(name=name, title=title, description=description, distribution="out")
    return Protocol(card, folds)


@hookimpl
def register_protocols(register: Register) -> None:
    for protocol in PROTOCOLS:
        register(make(*protocol))
