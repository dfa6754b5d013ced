"""Making folds: the cuts that protocols share, and the check that none of them leaks."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cefrbench.contracts.protocol import Fold, Inner, Protocol, Skipped
from cefrbench.errors import PluginError, UserError, contained
from cefrbench.essays import EssayTable, Ints


def make_folds(protocol: Protocol, table: EssayTable, seed: int) -> list[Fold | Skipped]:
    """Let a protocol make its folds, and see that no text is on two sides of one.

    In the corrected form a fold whose training part can't be cut is skipped: it has no layer and
    no penalty that count.

    Raises
    ------
    PluginError
        When the protocol breaks or gives something else than folds; when a fold trains or
        chooses on what it scores, or chooses by rows that it doesn't train on.
    """
    try:
        with contained():
            folds = list(protocol.folds(table, seed))
    except UserError:
        raise
    except Exception as error:
        raise PluginError(
            f"Protocol {protocol.name!r} failed ({type(error).__name__}: {error}): "
            "that is a fault of its plugin; --debug shows where."
        ) from error
    for fold in folds:
        if (fault := _malformed(fold)) is not None:
            raise PluginError(f"Protocol {protocol.name!r} gives no usable folds: {fault}.")
        if isinstance(fold, Fold):
            _refuse_leaks(protocol, table, fold)
    return [_without_choice(table, fold) for fold in folds]


def _malformed(fold: object) -> str | None:
    """Say what a plugin's fold has of a wrong type."""
    if isinstance(fold, Skipped):
        return None
    if not isinstance(fold, Fold):
        return f"a {type(fold).__name__} is neither Fold nor Skipped"
    if (fault := _not_rows("scored", fold.train, fold.scored)) is not None:
        return fault
    if not isinstance(fold.inner, tuple) or not all(isinstance(c, Inner) for c in fold.inner):
        return "`inner` must be a tuple of Inner"
    faults = (_not_rows("held", cut.train, cut.held) for cut in fold.inner)
    return next((fault for fault in faults if fault is not None), None)


def _not_rows(name: str, train: object, parts: object) -> str | None:
    if not _are_rows(train):
        return "`train` must be an array of integers"
    if not isinstance(parts, dict) or not all(map(_are_rows, parts.values())):
        return f"`{name}` must be a dict of arrays of integers"
    return None


def _are_rows(rows: object) -> bool:
    return isinstance(rows, np.ndarray) and rows.dtype.kind in "iu"


def _without_choice(table: EssayTable, fold: Fold | Skipped) -> Fold | Skipped:
    if isinstance(fold, Skipped) or fold.inner or table.form == "study":
        return fold
    why = "its training part can't be cut, so no layer or penalty can be chosen"
    return Skipped(fold.name, "; ".join((*fold.notes, why)))


def _refuse_leaks(protocol: Protocol, table: EssayTable, fold: Fold) -> None:
    scored = np.concatenate([fold.train[:0], *fold.scored.values()])
    _refuse(protocol, table, fold, (fold.train, scored), "that it also scores")
    for cut in fold.inner:
        held = np.concatenate([cut.train[:0], *cut.held.values()])
        _refuse(protocol, table, fold, (held, scored), "for its choice that it also scores")
        _refuse(protocol, table, fold, (cut.train, held), "that it also chooses on")
        if not np.isin(np.concatenate([cut.train, held]), fold.train).all():
            raise PluginError(
                f"Protocol {protocol.name!r} chooses for fold {fold.name!r} by texts that the fold "
                "itself doesn't train on: cut its own training rows."
            )


def _refuse(
    protocol: Protocol, table: EssayTable, fold: Fold, sides: tuple[Ints, Ints], what: str
) -> None:
    first, other = (table.unit[rows] for rows in sides)
    leaked = np.intersect1d(first, other)
    if len(leaked):
        raise PluginError(
            f"Protocol {protocol.name!r} uses {len(leaked)} texts in fold {fold.name!r} {what}: "
            "cut by `table.unit`, not by row."
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


def by_corpus(table: EssayTable, rows: Ints) -> dict[str, Ints]:
    """Rows by corpus, each unit once; corpora without rows are left out."""
    rows = table.once(rows)
    parts = {name: rows[table.corpus[rows] == i] for i, name in enumerate(table.names)}
    return {name: part for name, part in parts.items() if len(part)}


#: Folds in distribution, and of what can't be cut by families.
FOLDS = 5


def parts_by_group(
    table: EssayTable, rows: Ints, group: Ints, seed: int, count: int = FOLDS
) -> list[Ints]:
    """Cut rows into parts of which each serves once as the scored one.

    scikit-learn's ``StratifiedGroupKFold(count, shuffle=True, random_state=seed)`` with corpus ×
    level as strata.

    Parameters
    ----------
    table : EssayTable
    rows : ndarray of int
    group : ndarray of int
        One number a row of the table: rows of one group stay together.
    seed, count : int

    Raises
    ------
    ValueError
        scikit-learn's, when there are too few groups or texts of every level.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    strata = table.corpus[rows] * len(table.scale) + table.label[rows]
    _, first, number = np.unique(group[rows], return_index=True, return_inverse=True)
    numbers = np.argsort(np.argsort(first))[number]
    cutter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A level with fewer texts than folds can't be everywhere: nothing is lost by that.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return [rows[held] for _, held in cutter.split(rows, strata, numbers)]


def in_turn(table: EssayTable, parts: Sequence[Ints], among: Ints | None = None) -> list[Fold]:
    """Folds that score each part in turn and train on the others.

    Inside a fold the other parts are held out in turn, so that two parts share one training set:
    what stands in neither. No text and no author of a part is trained on, or chosen on, by the
    fold that scores it.

    Parameters
    ----------
    table : EssayTable
    parts : sequence of ndarray of int
    among : ndarray of int, optional
        Rows to train on; none means all of the parts.
    """
    rows = np.sort(np.concatenate(parts)) if among is None else among
    apart = [_apart(table, rows, part) for part in parts]
    folds = []
    for i, part in enumerate(parts):
        inner = []
        for j, held in enumerate(parts):
            kept = by_corpus(table, np.intersect1d(held, apart[i]))
            train = np.intersect1d(apart[i], apart[j])
            if j != i and len(train) and kept:
                inner.append(Inner(train, kept))
        folds.append(Fold(str(i + 1), apart[i], by_corpus(table, part), tuple(inner)))
    return folds


def _apart(table: EssayTable, rows: Ints, part: Ints) -> Ints:
    """Rows that share neither a text nor an author with a part."""
    rest = table.without_units_of(np.setdiff1d(rows, part), part)
    known = (table.author[rest] >= 0) & np.isin(table.author[rest], table.author[part])
    return rest[~known]


def five_folds(table: EssayTable, name: str, rows: Ints, seed: int) -> list[Fold | Skipped]:
    """Score every text of some rows once, by five folds over texts and authors."""
    try:
        parts = parts_by_group(table, rows, table.group, seed)
    except ValueError as error:
        return [Skipped(name, f"its texts can't be cut into {FOLDS} folds: {error}")]
    prefix = "" if name == "all" else f"{name}-"
    return [replace(fold, name=f"{prefix}{fold.name}") for fold in in_turn(table, parts)]


def across(table: EssayTable, rows: Ints, seed: int) -> tuple[Inner, ...]:
    """Cut a training part as the unseen corpus was cut off: its families are left out in turn.

    With one family, its corpora in turn; with one corpus, five folds of it.
    """
    left_out = [table.rows_of(*members) for members in table.families.values()]
    inside = [part for part in (np.intersect1d(rows, out) for out in left_out) if len(part)]
    if len(inside) < 2:
        corpora = np.unique(table.corpus[rows])
        inside = [rows[table.corpus[rows] == index] for index in corpora]
    if len(inside) < 2:
        folds = five_folds(table, "all", rows, seed)
        return tuple(Inner(fold.train, fold.scored) for fold in folds if isinstance(fold, Fold))
    cuts = []
    for part in inside:
        train = table.without_units_of(np.setdiff1d(rows, part), part)
        if len(train):
            cuts.append(Inner(train, by_corpus(table, part)))
    return tuple(cuts)


def study_cut(table: EssayTable, name: str, rows: Ints, seed: int) -> Fold | Skipped:
    """Hold 20 % of some rows back and score them, per corpus: the study's way."""
    outer = stratified_cut(table, rows, 0.2, seed)
    if not len(outer.second):
        return Skipped(name, "; ".join(outer.notes))
    scored = by_corpus(table, outer.second)
    expected = {table.names[index] for index in np.unique(table.corpus[rows])}
    missing = [corpus for corpus in table.names if corpus in expected - set(scored)]
    notes = outer.notes + [f"no text of {corpus} fell into the scored part" for corpus in missing]
    return Fold(name, outer.first, scored, notes=tuple(notes))
