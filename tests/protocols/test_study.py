"""The folds of the study's form, against what its scripts do, written again from PAPER.md's table.

A row here is (text, corpus, level). Where the study fits probes on hidden states, it looks level
and corpus up by the text, so that the first row speaks for all.
"""

from __future__ import annotations

import pytest
from essay_factory import essays, random_essays
from sklearn.model_selection import train_test_split

from cefrbench.contracts.protocol import Fold, Skipped
from cefrbench.essays import EssayTable, pool
from cefrbench.levels import FIVE
from cefrbench.plugins import PluginHost

HOST = PluginHost(load="")
FIRST = random_essays("first", 90, 1)
#: Shares every third text with the corpus before it, one level up, and repeats some of its own.
SECOND = essays(
    "second",
    [
        (text if n % 3 == 0 else f"second {n}", "B2" if level == "B1" else level)
        for n, (text, level) in enumerate(
            zip(FIRST.texts, (one.name for one in FIRST.levels), strict=True)
        )
    ]
    + [(f"second {n}", "A1") for n in range(1, 60, 3)],
)
THIRD = random_essays("third", 70, 3)
CORPORA = [FIRST, SECOND, THIRD]
CLASSES = {"A1": 0, "A2": 1, "B1": 2, "B2": 3, "C1": 4, "C2": 4}

Rows = list[tuple[str, str, int]]


def own_rows() -> Rows:
    return [
        (text, one.name, CLASSES[level.name])
        for one in CORPORA
        for text, level in zip(one.texts, one.levels, strict=True)
    ]


def rows_of_the_study() -> Rows:
    own = own_rows()
    looked_up = [next(other for other in own if other[0] == text) for text, _, _ in own]
    assert sum(row != other for row, other in zip(own, looked_up, strict=True)) > 30
    return looked_up


def cut(rows: Rows, numbers: list[int]) -> tuple[list[int], list[int]]:
    labels = [rows[n][2] for n in numbers]
    train, test = train_test_split(numbers, test_size=0.2, random_state=42, stratify=labels)
    return list(train), list(test)


def made(name: str, table: EssayTable) -> dict[str, Fold]:
    found = list(HOST.get_protocol(name).folds(table, 42))
    assert all(isinstance(fold, Fold) for fold in found)
    return {fold.name: fold for fold in found if isinstance(fold, Fold)}


def test_shared_texts_are_scored_in_distribution_where_they_stand_first() -> None:
    rows = rows_of_the_study()
    table = pool(CORPORA, FIVE, "study")
    fold = made("iid", table)["all"]
    train, test = cut(rows, list(range(len(rows))))
    assert fold.train.tolist() == train
    for name, scored in fold.scored.items():
        assert scored.tolist() == sorted(n for n in test if rows[n][1] == name)
        assert table.label[scored].tolist() == [rows[n][2] for n in scored]


@pytest.mark.parametrize("left_out", [one.name for one in CORPORA])
def test_a_corpus_is_left_out_with_the_rows_that_are_looked_up_as_its_own(left_out: str) -> None:
    rows = rows_of_the_study()
    fold = made("loco", pool(CORPORA, FIVE, "study"))[left_out]
    train, _ = cut(rows, [n for n, row in enumerate(rows) if row[1] != left_out])
    assert fold.train.tolist() == train
    assert fold.scored[left_out].tolist() == [n for n, row in enumerate(rows) if row[1] == left_out]


@pytest.mark.parametrize("name", ["loco", "within", "pairwise", "few-shot-8"])
def test_a_corpus_whose_texts_all_stand_before_it_is_none_of_the_studys(name: str) -> None:
    copy = essays("copy", [(text, "A1") for text in FIRST.texts])
    (skipped,) = [
        fold
        for fold in HOST.get_protocol(name).folds(pool([FIRST, THIRD, copy], FIVE, "study"), 42)
        if isinstance(fold, Skipped)
    ]
    assert skipped.name == "copy"


def test_the_baseline_is_cut_in_distribution_by_each_rows_own_level() -> None:
    rows = own_rows()
    fold = made("iid", pool(CORPORA, FIVE, "study", baseline=True))["all"]
    train, test = cut(rows, list(range(len(rows))))
    assert fold.train.tolist() == train
    for name, scored in fold.scored.items():
        assert scored.tolist() == sorted(n for n in test if rows[n][1] == name)


@pytest.mark.parametrize("left_out", [one.name for one in CORPORA])
def test_the_baseline_is_fitted_on_all_rows_of_the_other_corpora(left_out: str) -> None:
    rows = own_rows()
    table = pool(CORPORA, FIVE, "study", baseline=True)
    fold = made("loco", table)[left_out]
    assert fold.train.tolist() == [n for n, row in enumerate(rows) if row[1] != left_out]
    assert fold.scored[left_out].tolist() == [n for n, row in enumerate(rows) if row[1] == left_out]
    assert table.label.tolist() == [row[2] for row in rows]


def test_the_corrected_form_knows_no_baseline() -> None:
    assert not pool(CORPORA, FIVE, "corrected", baseline=True).baseline
