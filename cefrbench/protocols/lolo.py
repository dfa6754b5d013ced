"""Out of distribution: leave one language out."""

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
    name="lolo",
    title="Leave one language out",
    description="Train on the texts in other languages, score the one left out.",
    distribution="out",
)


def folds(table: EssayTable, seed: int) -> Iterator[Fold | Skipped]:
    """One fold a language, in alphabetical order."""
    languages = np.array(table.language)
    for language in sorted(set(table.language)):
        rows = np.flatnonzero(languages == language).astype(np.int64)
        yield leave_out(table, language, rows, by_corpus(table, rows), seed)


@hookimpl
def register_protocols(register: Register) -> None:
    register(Protocol(CARD, folds))
