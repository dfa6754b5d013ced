"""What all leave-out protocols share: train on the rest, score what was left out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cefrbench import Fold, Skipped, across, stratified_cut
from cefrbench.essays import EssayTable, Ints


def leave_out(
    table: EssayTable, name: str, left_out: Ints, scored: dict[str, Ints], seed: int
) -> Fold | Skipped:
    """Make the fold that trains on everything but ``left_out``.

    The study trains on 80 % of it and throws the rest away, but trains its baseline on all. The
    corrected form trains on all of it but the texts that also stand in the left-out rows, and
    chooses by leaving its families out.
    """
    if not any(map(len, scored.values())):
        return Skipped(name, "there is nothing to score")
    rest = np.setdiff1d(np.arange(len(table), dtype=np.int64), left_out)
    rest = table.without_units_of(rest, left_out)
    if not len(rest):
        return Skipped(name, "nothing is left to train on")
    if table.baseline:
        return Fold(name, rest, scored)
    if table.form == "study":
        cut = stratified_cut(table, rest, 0.2, seed)
        return Fold(name, cut.first, scored, notes=tuple(cut.notes))
    return Fold(name, rest, scored, across(table, rest, seed))


def leave_group_out(table: EssayTable, seed: int) -> Iterator[Fold | Skipped]:
    """One fold a group of corpora (``merlin-all``), scored as one."""
    for group, members in table.groups.items():
        name = f"{group}-all"
        rows = table.rows_of(*members)
        yield leave_out(table, name, rows, {name: table.once(rows)}, seed)
