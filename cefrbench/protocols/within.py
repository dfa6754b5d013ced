"""In distribution, one corpus alone: what a probe reaches without other corpora."""

from __future__ import annotations

from collections.abc import Iterator

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
    name="within",
    title="One corpus alone",
    description=(
        "Each corpus by itself: five folds, stratified by level, score every text once (in the "
        "study's form one 80/20 cut)."
    ),
    distribution="in",
)


def folds(table: EssayTable, seed: int) -> Iterator[Fold | Skipped]:
    """Five folds a corpus; the study's form has one."""
    for index, name in enumerate(table.names):
        rows = table.rows_of(index)
        if table.form == "study":
            yield study_cut(table, name, rows, seed)
        else:
            yield from five_folds(table, name, rows, seed)


@hookimpl
def register_protocols(register: Register) -> None:
    register(Protocol(CARD, folds))
