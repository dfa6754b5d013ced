"""Out of distribution: leave one corpus out, and each group of corpora together."""

from __future__ import annotations

from collections.abc import Iterator

from cefrbench import EssayTable, Fold, Protocol, ProtocolCard, Register, Skipped, hookimpl
from cefrbench.protocols._leave_out import leave_group_out, leave_out

CARD = ProtocolCard(
    name="loco",
    title="Leave one corpus out",
    description=(
        "Train on the other corpora, score every text of the one left out; "
        "once more with each group of corpora left out together, which no mean includes."
    ),
    distribution="out",
)


def folds(table: EssayTable, seed: int) -> Iterator[Fold | Skipped]:
    """One fold a corpus, in order, then one a group."""
    for index, name in enumerate(table.names):
        rows = table.rows_of(index)
        yield leave_out(table, name, rows, {name: table.once(rows)}, seed)
    yield from leave_group_out(table, seed)


@hookimpl
def register_protocols(register: Register) -> None:
    register(Protocol(CARD, folds))
