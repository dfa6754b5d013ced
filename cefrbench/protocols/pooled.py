"""In distribution: every text scored once, with all corpora pooled or each by itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cefrbench import (
    EssayTable,
    Fold,
    Protocol,
    ProtocolCard,
    Register,
    Skipped,
    five_folds,
    hookimpl,
    study_cut,
)
from cefrbench.essays import Ints

IID = ProtocolCard(
    name="iid",
    title="In distribution",
    description=(
        "All corpora pooled; five folds, stratified by corpus and level, score every text once, "
        "per corpus (in the study's form one 80/20 cut)."
    ),
    distribution="in",
)
WITHIN = ProtocolCard(
    name="within",
    title="One corpus alone",
    description=(
        "Each corpus by itself: five folds, stratified by level, score every text once (in the "
        "study's form one 80/20 cut)."
    ),
    distribution="in",
)


def _cut(table: EssayTable, name: str, rows: Ints, seed: int) -> Iterator[Fold | Skipped]:
    """Five folds; the study's form has one."""
    if table.form == "study":
        yield study_cut(table, name, rows, seed)
    else:
        yield from five_folds(table, name, rows, seed)


def iid(table: EssayTable, seed: int) -> Iterator[Fold | Skipped]:
    """Cut all rows together."""
    yield from _cut(table, "all", np.arange(len(table), dtype=np.int64), seed)


def within(table: EssayTable, seed: int) -> Iterator[Fold | Skipped]:
    """Cut each corpus."""
    for index, name in enumerate(table.names):
        yield from _cut(table, name, table.rows_of(index), seed)


@hookimpl
def register_protocols(register: Register) -> None:
    register(Protocol(IID, iid))
    register(Protocol(WITHIN, within))
