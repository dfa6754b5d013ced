"""Each training set is fitted once, and everybody reads off it what belongs to them."""

from __future__ import annotations

import gc
import hashlib
from copy import copy
from dataclasses import replace

import numpy as np
import pytest
from essay_factory import random_essays

from cefrbench.contracts.probe import FoldRows, Origin
from cefrbench.contracts.protocol import Fold
from cefrbench.essays import EssayTable, pool
from cefrbench.folds import make_folds
from cefrbench.levels import FIVE
from cefrbench.plugins import PluginHost
from cefrbench.probing.jobs import Jobs, PlannedFold, rows_digest, weighted_rows
from cefrbench.weighting import balanced

HOST = PluginHost(load="")
#: Nine corpora of seven families, as the standard's.
NINE = [
    random_essays(
        f"c{n}", 45 + n, n, language="cs" if n % 2 else "it", group="m" if n < 3 else None
    )
    for n in range(9)
]


def planned(table: EssayTable, *protocols: str) -> list[PlannedFold]:
    found = []
    for name in protocols:
        for fold in make_folds(HOST.get_protocol(name), table, 42):
            assert isinstance(fold, Fold), fold
            found.append(PlannedFold(name, fold, fold.manifest(name, table.key)))
    return found


@pytest.fixture(scope="module")
def table() -> EssayTable:
    return pool(NINE, FIVE, "corrected")


@pytest.mark.parametrize(
    ("protocols", "count", "scoring"),
    [
        # Seven families and 21 pairs of them, not 7 + 42; five folds and ten pairs, not 5 + 20.
        (("lofo",), 28, 7),
        (("iid",), 15, 5),
        # Of loco the six families of one corpus and their pairs, and MERLIN as a group, are
        # lofo's; its three corpora are left out alone and with each family.
        (("lofo", "loco"), 28 + 3 * 7, 10),
        (("lofo", "logo"), 28, 7),
        (("iid", "lofo"), 43, 12),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_training_sets_that_are_equal_are_fitted_once(
    table: EssayTable, protocols: tuple[str, ...], count: int, scoring: int
) -> None:
    folds = planned(table, *protocols)
    jobs = Jobs(folds, table)
    assert (len(jobs.rows), jobs.scoring) == (count, scoring)
    assert len({rows.train.tobytes() for rows in jobs.rows}) == count


def test_a_reading_gives_the_rows_that_were_asked_for_in_their_order(table: EssayTable) -> None:
    """Whatever else the same fit predicts for others."""
    folds = planned(table, "lofo", "iid", "few-shot-8")[:13]
    jobs = Jobs(folds, table)
    for place, one in enumerate(folds):
        asked = [(jobs.scored[place], one.fold.train, one.fold.scored)]
        for reading, cut in zip(jobs.held[place], one.fold.inner, strict=True):
            asked.append((reading, cut.train, cut.held))
        for reading, train, parts in asked:
            rows = jobs.rows[reading.job]
            assert rows.train.tolist() == train.tolist()
            assert reading.places.keys() == parts.keys()
            for name, wanted in parts.items():
                assert rows.predict[reading.places[name]].tolist() == wanted.tolist()
        assert jobs.scored[place].job < jobs.scoring
    for rows in jobs.rows:
        assert rows.predict.tolist() == sorted(set(rows.predict.tolist()))
        assert not np.intersect1d(table.unit[rows.train], table.unit[rows.predict]).size


def test_the_order_of_training_rows_is_part_of_a_training_set(table: EssayTable) -> None:
    (one, *_) = planned(table, "iid")
    backwards = replace(one, fold=replace(one.fold, train=one.fold.train[::-1], inner=()))
    assert len(Jobs([one, backwards], table).rows) == len(Jobs([one], table).rows) + 1


def test_weights_counts_and_units_are_a_folds_own_but_in_the_studys_form(
    table: EssayTable,
) -> None:
    for rows in Jobs(planned(table, "lofo"), table).rows:
        weighting = balanced(table, rows.train)
        assert rows.weight is not None
        assert rows.count is not None
        assert rows.groups is not None
        assert rows.weight.tolist() == weighting.weight.tolist()
        assert rows.count.tolist() == weighting.count.tolist()
        assert rows.groups.tolist() == table.unit[rows.train].tolist()
    study = pool(NINE, FIVE, "study")
    for rows in Jobs(planned(study, "iid", "loco"), study).rows:
        assert rows.weight is rows.count is rows.groups is None


def test_what_follows_from_rows_and_table_is_not_held() -> None:
    table = pool(NINE, FIVE, "corrected")
    rows = Jobs(planned(table, "lofo"), table).rows
    for one in rows:
        assert one.weight is not None
        given = [found for part in gc.get_referents(one) if part is not table
                 for found in (part, *gc.get_referents(part))]  # fmt: skip
        held = {id(found): found.nbytes for found in given if isinstance(found, np.ndarray)}
        assert sum(held.values()) == one.train.nbytes + one.predict.nbytes


def test_rows_of_a_table_are_changed_and_sent_as_any_others() -> None:
    table = pool(NINE, FIVE, "corrected")
    rows = Jobs(planned(table, "lofo"), table).rows[0]
    weight, count = rows.weight, rows.count
    assert weight is not None
    assert count is not None
    sent = copy(rows)
    assert type(sent) is FoldRows
    assert rows_digest(sent, origin=True) == rows_digest(rows, origin=True)
    other = replace(rows, weight=weight + 1)
    assert (other.weight == weight + 1).all()
    assert (other.count == count).all()
    assert rows_digest(replace(rows), origin=True) == rows_digest(rows, origin=True)


ROWS = FoldRows(np.arange(4), np.arange(4, 6), np.ones(4), np.ones(4), np.arange(4, dtype=np.int64))


@pytest.mark.parametrize(
    "changed",
    [
        {"train": np.array([0, 1, 3, 2])},
        {"train": np.array([0, 1, 2, 7])},
        {"predict": np.array([4])},
        {"predict": np.array([5, 4])},
        {"weight": np.array([1, 1, 1, 1 + 1e-15])},
        {"weight": None},
        {"count": np.array([1, 1, 1, 2.0])},
        {"count": None},
        {"groups": np.array([0, 0, 2, 3])},
        {"groups": None},
        # The same bytes under another name.
        {"weight": None, "count": None, "groups": np.ones(4)},
        {"weight": None, "groups": None},
        {"count": None, "groups": None},
    ],
    ids=lambda changed: " ".join(changed),
)
def test_all_that_a_fit_reads_of_its_rows_is_in_their_digest(
    changed: dict[str, np.ndarray],
) -> None:
    other = replace(ROWS, **changed)
    assert rows_digest(other) != rows_digest(ROWS)
    copied = {name: None if value is None else value.copy() for name, value in changed.items()}
    assert rows_digest(replace(ROWS, **copied)) == rows_digest(other)


ORIGIN = Origin(
    np.array([0, 0, 1, 1]),
    np.array([0, 0, 0, 1]),
    np.array([2, 3]),
    np.array([1.0, 2.0, 0.0, 1.0]),
    length=np.arange(4.0),
    scored_length=np.arange(2.0),
)


@pytest.mark.parametrize("name", ["corpus", "family", "scored", "drawn", "length", "scored_length"])
def test_where_rows_are_from_is_in_the_digest_of_those_who_read_it(name: str) -> None:
    rows = replace(ROWS, origin=ORIGIN)
    other = replace(ROWS, origin=replace(ORIGIN, **{name: getattr(ORIGIN, name)[::-1].copy()}))
    assert rows_digest(other, origin=True) != rows_digest(rows, origin=True)
    assert rows_digest(other) == rows_digest(rows) == rows_digest(ROWS)
    assert rows_digest(rows, origin=True) != rows_digest(rows)
    assert rows_digest(ROWS, origin=True) == rows_digest(ROWS)


def test_a_digest_is_of_names_types_lengths_and_bytes_in_this_order() -> None:
    rows = replace(ROWS, origin=ORIGIN, groups=None)
    digest = hashlib.sha256()
    parts: dict[str, np.ndarray] = {}
    for name in ("train", "predict", "weight", "count"):
        parts[name] = getattr(rows, name)
    for name in ("corpus", "family", "scored", "drawn", "length", "scored_length"):
        parts[name] = getattr(ORIGIN, name)
    for place, (name, values) in enumerate(parts.items()):
        if place == 4:
            assert rows_digest(rows) == digest.hexdigest()
        digest.update(f"{name} {values.dtype} {len(values)}\n".encode() + values.tobytes())
    assert rows_digest(rows, origin=True) == digest.hexdigest()


def test_rows_of_a_table_say_where_they_are_from(table: EssayTable) -> None:
    train, predict = np.arange(2, 200, 3), np.arange(300, 340)
    found = weighted_rows(table, train, predict)
    origin = found.origin
    assert origin is not None
    assert origin.corpus.tolist() == table.corpus[train].tolist()
    assert origin.scored.tolist() == table.corpus[predict].tolist()
    # The first three corpora are one project's, of the others each is its own.
    assert origin.family.tolist() == [max(0, int(corpus) - 2) for corpus in origin.corpus]
    assert origin.drawn is None
    assert origin.length is not None
    assert origin.scored_length is not None
    assert origin.length.tolist() == table.length[train].tolist()
    assert origin.scored_length.tolist() == table.length[predict].tolist()
    assert found.train is train
    assert found.predict is predict
    assert found.groups is not None
    assert found.groups.tolist() == table.unit[train].tolist()


def test_each_fit_predicts_each_row_once_whoever_asks(table: EssayTable) -> None:
    """Two folds on one training set, one of which asks for rows of the other's."""
    train = np.arange(60)
    folds = [
        PlannedFold("a", Fold("x", train, {"c2": np.array([99, 95])}, ()), ""),
        PlannedFold("a", Fold("y", np.arange(50), {"c2": np.array([97])}, ()), ""),
        PlannedFold(
            "b",
            Fold("z", train.copy(), {"c2": np.array([95]), "c3": np.array([150, 99, 140])}, ()),
            "",
        ),
    ]
    jobs = Jobs(folds, table)
    assert jobs.scoring == len(jobs.rows) == 2
    assert jobs.rows[0].predict.tolist() == [95, 99, 140, 150]
    assert jobs.rows[1].predict.tolist() == [97]
    assert [reading.job for reading in jobs.scored] == [0, 1, 0]
    assert [{name: places.tolist() for name, places in reading.places.items()}
            for reading in jobs.scored] == [
        {"c2": [1, 0]},
        {"c2": [0]},
        {"c2": [0], "c3": [3, 1, 2]},
    ]  # fmt: skip
    assert jobs.held == ((), (), ())
