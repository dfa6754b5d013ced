"""Making folds: the cuts that protocols share, and the check that none of them leaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cefrbench.contracts.protocol import Fold, Protocol, Skipped
from cefrbench.errors import PluginError, UserError
from cefrbench.essays import EssayTable, Ints


def make_folds(protocol: Protocol, table: EssayTable, seed: int) -> list[Fold | Skipped]:
    """Let a protocol make its folds, and see that no text is on two sides of one.

    Raises
    ------
    PluginError
        When the protocol breaks, or a unit of a fold is in two of training, validation and
        scored rows.
    """
    try:
        folds = list(protocol.folds(table, seed))
    except UserError:
        raise
    except Exception as error:
        raise PluginError(
            f"Protocol {protocol.name!r} failed ({type(error).__name__}: {error}): "
            "that is a fault of its plugin; --debug shows where."
        ) from error
    for fold in folds:
        if isinstance(fold, Fold):
            _refuse_leaks(protocol, table, fold)
    return folds


def _refuse_leaks(protocol: Protocol, table: EssayTable, fold: Fold) -> None:
    scored = np.concatenate([fold.validation[:0], *fold.scored.values()])
    held = np.concatenate([fold.validation, scored])
    leaked = np.intersect1d(table.unit[fold.train], table.unit[held])
    if len(leaked):
        raise PluginError(
            f"Protocol {protocol.name!r} trains fold {fold.name!r} on {len(leaked)} texts "
            "that it also scores or chooses the layer on: cut by `table.unit`, not by row."
        )
    leaked = np.intersect1d(table.unit[fold.validation], table.unit[scored])
    if len(leaked):
        raise PluginError(
            f"Protocol {protocol.name!r} chooses the layer of fold {fold.name!r} on {len(leaked)} "
            "texts that it also scores: cut by `table.unit`, not by row."
        )


@dataclass(slots=True)
class Cut:
    """The two sides of a cut, and what has to be said about it."""

    first: Ints
    second: Ints
    notes: list[str] = field(default_factory=list)


def stratified_cut(table: EssayTable, rows: Ints, share: float, seed: int) -> Cut:
    """Cut rows in two, stratified by level, no unit on both sides.

    Exactly scikit-learn's ``train_test_split(rows, test_size=share, stratify=label,
    random_state=seed)`` when every row is a unit of its own. Where that refuses because a level
    has one unit only, the unit goes to the first side and a note says so; where there are too
    few units for every level to be on both sides, the cut is not stratified and a note says so.

    Parameters
    ----------
    rows : ndarray of int
    share : float
        Of the second side.
    seed : int
    """
    from sklearn.model_selection import train_test_split

    rows = np.sort(rows)
    units, first = np.unique(table.unit[rows], return_index=True)
    order = np.argsort(first)
    units, level = units[order], table.label[rows][first[order]]
    counts = np.bincount(level, minlength=len(table.scale))
    lonely = counts[level] < 2
    notes = [
        f"level {table.scale.classes[c]} has one text only: it stays in the training part"
        for c in np.flatnonzero(counts == 1)
    ]
    strata: Ints | None = level[~lonely]
    n = int((~lonely).sum())
    n_second = int(np.ceil(share * n))
    n_levels = len(np.unique(level[~lonely]))
    if n < 2:
        return Cut(rows, rows[:0], [*notes, f"{len(rows)} texts are too few to cut"])
    if n_second < n_levels or n - n_second < n_levels:
        notes.append(f"{n} texts are too few to stratify by {n_levels} levels")
        strata = None
    kept, held = train_test_split(
        units[~lonely], test_size=share, stratify=strata, random_state=seed
    )
    second = np.isin(table.unit[rows], held)
    return Cut(_in_order(table, rows[~second], [*kept, *units[lonely]]), rows[second], notes)


def _in_order(table: EssayTable, rows: Ints, units: Sequence[int]) -> Ints:
    """Put rows in the order of their units: scikit-learn's shuffled one, as the study fits."""
    place = {unit: number for number, unit in enumerate(units)}
    return rows[np.argsort([place[unit] for unit in table.unit[rows]], kind="stable")]


def training_part(table: EssayTable, rows: Ints, seed: int) -> Cut:
    """Cut a training part: 80 % to fit on, 20 % to choose the layer on."""
    return stratified_cut(table, rows, 0.2, seed)


def by_corpus(table: EssayTable, rows: Ints) -> dict[str, Ints]:
    """Scored rows by corpus, each unit once; corpora without rows are left out."""
    rows = table.once(rows)
    parts = {name: rows[table.corpus[rows] == i] for i, name in enumerate(table.names)}
    return {name: part for name, part in parts.items() if len(part)}


def cut_in_distribution(table: EssayTable, name: str, rows: Ints, seed: int) -> Fold | Skipped:
    """Make the fold that holds 20 % of some rows back and scores them, per corpus.

    The corrected form cuts validation rows off the training part; the study's has none.
    """
    outer = stratified_cut(table, rows, 0.2, seed)
    if not len(outer.second):
        return Skipped(name, "; ".join(outer.notes) or "there is nothing to score")
    train, validation, notes = outer.first, outer.first[:0], outer.notes
    if table.form == "corrected":
        inner = training_part(table, outer.first, seed)
        train, validation = inner.first, table.once(inner.second)
        notes = outer.notes + inner.notes
    scored = by_corpus(table, outer.second)
    expected = {table.names[index] for index in np.unique(table.corpus[rows])}
    missing = [corpus for corpus in table.names if corpus in expected - set(scored)]
    notes = notes + [f"no text of {corpus} fell into the scored part" for corpus in missing]
    return Fold(name, train, validation, scored, tuple(notes))
