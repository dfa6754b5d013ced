"""In distribution: all corpora pooled, one stratified 80/20 cut, scored per corpus."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cefrbench import EssayTable, Fold, Protocol, ProtocolCard, Register, Skipped, hookimpl
from cefrbench.folds import cut_in_distribution

CARD = ProtocolCard(
    name="iid",
    title="In distribution",
    description="All corpora pooled; one 80/20 cut, stratified by level; scored per corpus.",
    distribution="in",
)


def folds(table: EssayTable, seed: int) -> Iterator[Fold | Skipped]:
    """One fold; the corrected form cuts validation rows off the training part."""
    yield cut_in_distribution(table, "all", np.arange(len(table), dtype=np.int64), seed)


@hookimpl
def register_protocols(register: Register) -> None:
    register(Protocol(CARD, folds))
