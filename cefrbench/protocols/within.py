"""In distribution, one corpus alone: what a probe reaches without other corpora."""

from __future__ import annotations

from collections.abc import Iterator

from cefrbench import EssayTable, Fold, Protocol, ProtocolCard, Register, Skipped, hookimpl
from cefrbench.folds import cut_in_distribution

CARD = ProtocolCard(
    name="within",
    title="One corpus alone",
    description="Each corpus by itself: one 80/20 cut, stratified by level.",
    distribution="in",
)


def folds(table: EssayTable, seed: int) -> Iterator[Fold | Skipped]:
    """One fold a corpus."""
    for index, name in enumerate(table.names):
        yield cut_in_distribution(table, name, table.rows_of(index), seed)


@hookimpl
def register_protocols(register: Register) -> None:
    register(Protocol(CARD, folds))
