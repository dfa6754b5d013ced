"""In distribution but for the task: corpora are known, what was asked for is new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from cefrbench import (
    FOLDS,
    EssayTable,
    Fold,
    Protocol,
    ProtocolCard,
    Register,
    Skipped,
    hookimpl,
    in_turn,
    parts_by_group,
)
from cefrbench.essays import Ints

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
    """Five folds, or as many as there are tasks; each task is scored in one of them."""
    rows = _with_tasks(table)
    if not len(rows):
        yield Skipped("all", "no corpus here names two tasks or more")
        return
    count = min(FOLDS, len(np.unique(table.task[rows])))
    try:
        parts = parts_by_group(table, rows, table.task, seed, count)
    except ValueError as error:
        yield Skipped("all", f"the texts that name tasks can't be cut into {count} folds: {error}")
        return
    for fold in in_turn(table, parts):
        if not len(fold.train):
            yield Skipped(fold.name, "its authors also wrote all the other texts")
        elif table.form == "study":
            yield replace(fold, inner=())
        else:
            yield fold


def _with_tasks(table: EssayTable) -> Ints:
    """Rows that name a task, of corpora that have two or more."""
    named = np.flatnonzero(table.task >= 0).astype(np.int64)
    several = [c for c in range(len(table.names)) if _tasks(table, named, c) > 1]
    return named[np.isin(table.corpus[named], several)]


def _tasks(table: EssayTable, rows: Ints, corpus: int) -> int:
    return len(np.unique(table.task[rows[table.corpus[rows] == corpus]]))


@hookimpl
def register_protocols(register: Register) -> None:
    register(Protocol(CARD, folds))
