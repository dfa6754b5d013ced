"""Nearly out of distribution: the other corpora and k labelled texts of the one that is scored.

One draw, with all that a result holds of a protocol: layers, choices, confusion matrices. What k
labels buy, with a band over draws and k = 0 beside it, is asked of the analysis ``few-shot``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from cefrbench import (
    EssayTable,
    Fold,
    Protocol,
    ProtocolCard,
    Register,
    Skipped,
    hookimpl,
    stratified_cut,
)
from cefrbench.protocols.leaving_out import leave_out

#: Labelled texts of the target corpus; each number is a protocol of its own.
SHOTS = (8, 32, 128)


def card(shots: int) -> ProtocolCard:
    """Card of the protocol with so many labelled texts."""
    return ProtocolCard(
        name=f"few-shot-{shots}",
        title=f"{shots} labelled target texts",
        description=(
            f"As loco, with {shots} texts of the left-out corpus in training; scored on the 80 % "
            "of the corpus that no number of shots draws from. Layer and penalty as for loco."
        ),
        distribution="out",
    )


def folds(table: EssayTable, seed: int, *, shots: int) -> Iterator[Fold | Skipped]:
    """One fold a corpus; the scored texts are the same for every number of shots."""
    for index, name in enumerate(table.names):
        rows = table.rows_of(index)
        cut = stratified_cut(table, rows, 0.2, seed)
        support = table.once(cut.second)
        if len(support) < shots:
            yield Skipped(name, f"its support set has {len(support)} texts, not {shots}")
            continue
        fold = leave_out(table, name, rows, {name: table.once(cut.first)}, seed)
        if isinstance(fold, Skipped):
            yield fold
            continue
        drawn = np.random.default_rng(seed).permutation(support)[:shots]
        train = np.concatenate([fold.train, np.sort(drawn)])
        yield replace(fold, train=train, notes=(*cut.notes, *fold.notes))


@hookimpl
def register_protocols(register: Register) -> None:
    for shots in SHOTS:
        register(Protocol(card(shots), partial(folds, shots=shots)))
