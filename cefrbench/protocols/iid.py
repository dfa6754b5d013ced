"""In distribution: all corpora pooled, every text scored once, per corpus."""

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

CARD = ProtocolCard(
    name="iid",
    title="In distribution",
    description=(
        "All corpora pooled; five folds, stratified by corpus and level, score every text once, "
        "per corpus (in the study's form one 80/20 cut)."
    ),
    distribution="in",
)


def folds(table: EssayTable, seed: int) -> Iterator[Fold | Skipped]:
    """Five folds; the study's form has one."""
    rows = np.arange(len(table), dtype=np.int64)
    if table.form == "study":
        yield study_cut(table, "all", rows, seed)
    else:
        yield from five_folds(table, "all", rows, seed)


@hookimpl
def register_protocols(register: Register) -> None:
    register(Protocol(CARD, folds))
