"""In distribution: all corpora pooled, one stratified 80/20 cut, scored per corpus."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cefrbench import hookimpl
from cefrbench.cards import ProtocolCard
from cefrbench.essays import EssayTable
from cefrbench.plugins import Register
from cefrbench.protocol import Fold, Protocol, Skipped, by_corpus, stratified_cut, training_part

CARD = ProtocolCard(
    name="iid",
    title="In distribution",
    description="All corpora pooled; one 80/20 cut, stratified by level; scored per corpus.",
    distribution="in",
)


def folds(table: EssayTable, seed: int) -> Iterator[Fold | Skipped]:
    """One fold; the corrected form cuts validation rows off the training part."""
    everything = np.arange(len(table), dtype=np.int64)
    outer = stratified_cut(table, everything, 0.2, seed)
    train, validation, notes = outer.first, outer.first[:0], outer.notes
    if table.form == "corrected":
        inner = training_part(table, outer.first, seed)
        train, validation = inner.first, table.once(inner.second)
        notes = outer.notes + inner.notes
    scored = by_corpus(table, outer.second)
    missing = [name for name in table.names if name not in scored]
    notes = notes + [f"no text of {name} fell into the scored part" for name in missing]
    yield Fold("all", train, validation, scored, tuple(notes))


@hookimpl
def register_protocols(register: Register) -> None:
    register(Protocol(CARD, folds))
