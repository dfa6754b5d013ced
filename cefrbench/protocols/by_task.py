"""In distribution but for the task: corpora are known, what was asked for is new."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np

from cefrbench import (
    EssayTable,
    Fold,
    Protocol,
    ProtocolCard,
    Register,
    Skipped,
    by_corpus,
    hookimpl,
    training_part,
)
from cefrbench.essays import Ints

#: As many as there are tasks, where there are fewer.
FOLDS = 5

CARD = ProtocolCard(
    name="by-task",
    title="New task",
    description=(
        "Corpora that name two tasks or more: five folds with the task as group, stratified by "
        "corpus and level; train on the other folds, without texts by the scored authors."
    ),
    distribution="in",
)


def folds(table: EssayTable, seed: int) -> Iterator[Fold | Skipped]:
    """Five folds, named 1 to 5; each task is scored in one of them."""
    rows = _with_tasks(table)
    if not len(rows):
        yield Skipped("all", "no corpus here names two tasks or more")
        return
    count = min(FOLDS, len(np.unique(table.task[rows])))
    try:
        parts = _parts(table, rows, count, seed)
    except ValueError as error:
        yield Skipped("all", f"the texts that name tasks can't be cut into {count} folds: {error}")
        return
    for number, scored in enumerate(parts, start=1):
        rest = table.without_units_of(np.setdiff1d(rows, scored), scored)
        known = (table.author[rest] >= 0) & np.isin(table.author[rest], table.author[scored])
        rest = rest[~known]
        if not len(rest):
            yield Skipped(str(number), "its authors also wrote all the other texts")
            continue
        if table.form == "corrected":
            cut = training_part(table, rest, seed)
            train, validation, notes = cut.first, table.once(cut.second), cut.notes
        else:
            train, validation, notes = rest, rest[:0], []
        yield Fold(str(number), train, validation, by_corpus(table, scored), tuple(notes))


def _with_tasks(table: EssayTable) -> Ints:
    """Rows that name a task, of corpora that have two or more."""
    named = np.flatnonzero(table.task >= 0).astype(np.int64)
    several = [c for c in range(len(table.names)) if _tasks(table, named, c) > 1]
    return named[np.isin(table.corpus[named], several)]


def _tasks(table: EssayTable, rows: Ints, corpus: int) -> int:
    return len(np.unique(table.task[rows[table.corpus[rows] == corpus]]))


def _parts(table: EssayTable, rows: Ints, count: int, seed: int) -> list[Ints]:
    """Rows that each fold scores."""
    from sklearn.model_selection import StratifiedGroupKFold

    strata = table.corpus[rows] * len(table.scale) + table.label[rows]
    cutter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A level with fewer texts than folds can't be everywhere: nothing is lost by that.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return [rows[held] for _, held in cutter.split(rows, strata, table.task[rows])]


@hookimpl
def register_protocols(register: Register) -> None:
    register(Protocol(CARD, folds))
