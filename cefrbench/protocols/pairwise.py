"""Out of distribution: train on one corpus, score each other (the transfer matrix)."""

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
    by_corpus,
    hookimpl,
)
from cefrbench.protocols._leave_out import leave_out

CARD = ProtocolCard(
    name="pairwise",
    title="Train on one, score each other",
    description="Train on one corpus, score every text of each other: the transfer matrix.",
    distribution="out",
)


def folds(table: EssayTable, seed: int) -> Iterator[Fold | Skipped]:
    """One fold a training corpus; its name is the fold's."""
    if len(table.names) < 2:
        yield Skipped("all", "a transfer needs two corpora")
        return
    everything = np.arange(len(table), dtype=np.int64)
    for index, name in enumerate(table.names):
        others = np.setdiff1d(everything, table.rows_of(index))
        yield leave_out(table, name, others, by_corpus(table, others), seed)


@hookimpl
def register_protocols(register: Register) -> None:
    register(Protocol(CARD, folds))
