"""Out of distribution: leave one family of corpora out, and score each of its corpora.

Sister corpora share project, tasks and raters: with one of them in training, another one is no
unseen corpus.
"""

from __future__ import annotations

from collections.abc import Iterator

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
    name="lofo",
    title="Leave one family out",
    description=(
        "Train on all texts outside a family (the corpora of one project; a corpus "
        "without sisters is its own), score each corpus of the family."
    ),
    distribution="out",
)


def folds(table: EssayTable, seed: int) -> Iterator[Fold | Skipped]:
    """One fold a family, in the order of their first corpora."""
    for family, members in table.families.items():
        rows = table.rows_of(*members)
        yield leave_out(table, family, rows, by_corpus(table, rows), seed)


@hookimpl
def register_protocols(register: Register) -> None:
    register(Protocol(CARD, folds))
