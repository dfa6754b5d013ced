"""Out of distribution: leave one group of corpora out (`merlin-all`)."""

from __future__ import annotations

from collections.abc import Iterator

from cefrbench import EssayTable, Fold, Protocol, ProtocolCard, Register, Skipped, hookimpl
from cefrbench.protocols._leave_out import leave_group_out

CARD = ProtocolCard(
    name="logo",
    title="Leave one group out",
    description="Train on all corpora outside a group, score the group as one.",
    distribution="out",
)


def folds(table: EssayTable, seed: int) -> Iterator[Fold | Skipped]:
    """One fold a group with at least two corpora."""
    if not table.groups:
        yield Skipped("all", "no two of these corpora belong to one group")
    yield from leave_group_out(table, seed)


@hookimpl
def register_protocols(register: Register) -> None:
    register(Protocol(CARD, folds))
