"""What all leave-out protocols share: train on the rest, score what was left out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cefrbench import Fold, Skipped, training_part
from cefrbench.essays import EssayTable, Ints


def leave_out(
    table: EssayTable, name: str, left_out: Ints, scored: dict[str, Ints], seed: int
) -> Fold | Skipped:
    """Make the fold that trains on 80 % of everything but ``left_out``.

    The study throws the other 20 % away, but trains its baseline on all. The corrected form chooses
    the layer on them, and keeps texts that also stand in the left-out rows out of training.
    """
    if not any(map(len, scored.values())):
        return Skipped(name, "there is nothing to score")
    rest = np.setdiff1d(np.arange(len(table), dtype=np.int64), left_out)
    rest = table.without_units_of(rest, left_out)
    if not len(rest):
        return Skipped(name, "nothing is left to train on")
    if table.baseline:
        return Fold(name, rest, rest[:0], scored)
    cut = training_part(table, rest, seed)
    validation = table.once(cut.second) if table.form == "corrected" else cut.second[:0]
    return Fold(name, cut.first, validation, scored, tuple(cut.notes))


def leave_group_out(table: EssayTable, seed: int) -> Iterator[Fold | Skipped]:
    """One fold a group of corpora (``merlin-all``), scored as one."""
    for group, members in table.groups.items():
        name = f"{group}-all"
        rows = table.rows_of(*members)
        yield leave_out(table, name, rows, {name: table.once(rows)}, seed)
