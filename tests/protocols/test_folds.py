"""Cuts that protocols share, by hand: who is kept apart, what is skipped, and in which words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from essay_factory import essays, random_essays

from cefrbench.contracts.protocol import Fold, Skipped
from cefrbench.essays import Essays, EssayTable, Form, pool
from cefrbench.folds import (
    FOLDS,
    across,
    by_corpus,
    five_folds,
    in_turn,
    parts_by_group,
    stratified_cut,
    study_cut,
)
from cefrbench.levels import FIVE
from cefrbench.plugins import PluginHost

HOST = PluginHost(load="")


def corpus(name: str, texts: str, level: str = "A1", authors: str = "", **card: str) -> Essays:
    """One text a letter; an author a letter too, ``.`` for none."""
    made = essays(name, [(text, level) for text in texts], **card)
    return replace(made, authors=tuple(None if one == "." else one for one in authors))


def table(*corpora: Essays, form: Form = "corrected") -> EssayTable:
    return pool(corpora, FIVE, form)


def rows(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int64)


def plain(fold: Fold) -> tuple:
    """A fold as lists."""
    cuts = [(cut.train.tolist(), held(cut.held)) for cut in fold.inner]
    return fold.name, fold.train.tolist(), held(fold.scored), cuts


def held(parts: dict[str, np.ndarray]) -> dict[str, list[int]]:
    return {name: part.tolist() for name, part in parts.items()}


# -- parts in turn --------------------------------------------------------------------------------


def test_each_part_is_scored_by_what_is_left_and_two_parts_choose_by_what_is_in_neither() -> None:
    four = table(corpus("t", "abcdef"), corpus("u", "gh"))
    made = in_turn(four, [rows(0, 1), rows(2, 6), rows(3, 4, 5, 7)])
    assert [plain(fold) for fold in made] == [
        (
            "1",
            [2, 3, 4, 5, 6, 7],
            {"t": [0, 1]},
            [
                ([3, 4, 5, 7], {"t": [2], "u": [6]}),
                ([2, 6], {"t": [3, 4, 5], "u": [7]}),
            ],
        ),
        (
            "2",
            [0, 1, 3, 4, 5, 7],
            {"t": [2], "u": [6]},
            [([3, 4, 5, 7], {"t": [0, 1]}), ([0, 1], {"t": [3, 4, 5], "u": [7]})],
        ),
        (
            "3",
            [0, 1, 2, 6],
            {"t": [3, 4, 5], "u": [7]},
            [([2, 6], {"t": [0, 1]}), ([0, 1], {"t": [2], "u": [6]})],
        ),
    ]
    assert {fold.notes for fold in made} == {()}


def test_neither_texts_nor_authors_of_a_part_are_trained_or_chosen_on() -> None:
    """Text b stands in two parts, author x wrote in two others; nobody is no author."""
    written = table(corpus("t", "abcbdefg", authors="x...xy.y"))
    made = in_turn(written, [rows(0, 1), rows(2, 3), rows(4, 5), rows(6, 7)])
    assert [plain(fold)[1] for fold in made] == [
        [2, 5, 6, 7],  # without the other b and the other x
        [0, 4, 5, 6, 7],
        [1, 2, 3, 6],
        [0, 1, 2, 3, 4],
    ]
    # Held for the first: what its fold trains on, less what stands in that part.
    assert plain(made[0])[3] == [
        ([5, 6, 7], {"t": [2]}),
        ([2, 6], {"t": [5]}),
        ([2], {"t": [6, 7]}),
    ]


def test_two_parts_leave_nothing_to_choose_by() -> None:
    made = in_turn(table(corpus("t", "abcd")), [rows(0, 2), rows(1, 3)])
    assert [plain(fold) for fold in made] == [
        ("1", [1, 3], {"t": [0, 2]}, []),
        ("2", [0, 2], {"t": [1, 3]}, []),
    ]


def test_a_part_whose_texts_are_all_taken_is_not_held_out() -> None:
    """All of the second part was written by the author of the first."""
    written = table(corpus("t", "abcde", authors="xx..."))
    made = in_turn(written, [rows(0), rows(1), rows(2), rows(3, 4)])
    assert plain(made[0]) == (
        "1",
        [2, 3, 4],
        {"t": [0]},
        [([3, 4], {"t": [2]}), ([2], {"t": [3, 4]})],
    )


def test_rows_beside_the_parts_are_trained_on_where_they_are_named() -> None:
    made = in_turn(table(corpus("t", "abcdef")), [rows(0), rows(1), rows(2)], rows(1, 2, 4, 5))
    assert plain(made[0]) == (
        "1",
        [1, 2, 4, 5],
        {"t": [0]},
        [([2, 4, 5], {"t": [1]}), ([1, 4, 5], {"t": [2]})],
    )


def test_a_text_counts_once_in_each_corpus_and_corpora_without_rows_are_left_out() -> None:
    twice = table(corpus("t", "aba"), corpus("u", "cac"), corpus("v", "d"))
    assert held(by_corpus(twice, np.arange(6))) == {"t": [0, 1], "u": [3, 4]}
    assert held(by_corpus(twice, rows(6, 5, 2))) == {"t": [2], "u": [5], "v": [6]}
    assert by_corpus(twice, rows()) == {}


def test_parts_are_as_many_as_are_asked_for_and_else_five() -> None:
    many = table(corpus("t", "abcdefghijkl"))
    group = np.arange(12) // 2
    for count in (2, 3):
        parts = parts_by_group(many, np.arange(12), group, 42, count)
        assert len(parts) == count
        assert sorted(row for part in parts for row in part) == list(range(12))
        assert all({row ^ 1 for row in part} == {*part} for part in map(np.ndarray.tolist, parts))
    assert len(parts_by_group(many, np.arange(12), group, 42)) == FOLDS == 5
    some = parts_by_group(many, rows(1, 4, 7, 8, 9, 11), group, 42)
    assert sorted(row for part in some for row in part) == [1, 4, 7, 8, 9, 11]


# -- five folds -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "prefix"), [("all", ""), ("mine", "mine-")])
def test_five_folds_bear_the_name_of_what_they_cut(name: str, prefix: str) -> None:
    made = five_folds(table(corpus("t", "abcdefgh")), name, rows(0, 1, 2, 4, 5, 7), 42)
    assert [fold.name for fold in made] == [f"{prefix}{number}" for number in range(1, 6)]
    folds = [fold for fold in made if isinstance(fold, Fold)]
    scored = [row for fold in folds for row in fold.scored["t"].tolist()]
    assert sorted(scored) == [0, 1, 2, 4, 5, 7]
    for fold in folds:
        assert sorted([*fold.train, *fold.scored["t"]]) == [0, 1, 2, 4, 5, 7]
        assert len(fold.inner) == 4


def test_too_few_texts_for_five_folds_are_skipped_in_scikit_learns_words() -> None:
    (skipped,) = five_folds(table(corpus("t", "abcd")), "mine", np.arange(4), 42)
    assert isinstance(skipped, Skipped)
    assert skipped.name == "mine"
    assert skipped.reason.startswith("its texts can't be cut into 5 folds: ")
    assert "n_splits=5" in skipped.reason


# -- choosing for an unseen corpus ----------------------------------------------------------------


def test_families_are_left_out_in_turn_then_corpora_then_parts() -> None:
    four = table(
        corpus("a", "pqr", group="m"),
        corpus("b", "sp", group="m"),
        corpus("c", "tuvwx"),
        corpus("d", "p"),
    )
    # The text p of the first, second and last corpus is one unit.
    assert [(c.train.tolist(), held(c.held)) for c in across(four, np.arange(11), 42)] == [
        ([5, 6, 7, 8, 9], {"a": [0, 1, 2], "b": [3, 4]}),
        ([0, 1, 2, 3, 4, 10], {"c": [5, 6, 7, 8, 9]}),
        ([1, 2, 3, 5, 6, 7, 8, 9], {"d": [10]}),
    ]
    assert [(c.train.tolist(), held(c.held)) for c in across(four, np.arange(5), 42)] == [
        ([3], {"a": [0, 1, 2]}),
        ([1, 2], {"b": [3, 4]}),
    ]
    five = across(four, np.arange(5, 10), 42)
    assert len(five) == 5
    assert sorted(row for cut in five for row in cut.held["c"]) == [5, 6, 7, 8, 9]
    assert across(four, np.arange(5, 9), 42) == ()


def test_a_family_that_leaves_no_text_of_its_own_is_no_cut() -> None:
    both = table(corpus("a", "p"), corpus("b", "pq"))
    assert [(c.train.tolist(), held(c.held)) for c in across(both, np.arange(3), 42)] == [
        ([2], {"a": [0]})
    ]


# -- the study's cut ------------------------------------------------------------------------------


@pytest.mark.parametrize(("seed", "noted"), [(3, False), (4, True)])
def test_the_study_scores_a_fifth_and_names_what_is_not_in_it(seed: int, noted: bool) -> None:
    made = table(
        random_essays("big", 60, 1), corpus("small", "x"), corpus("none", "yz"), form="study"
    )
    fold = study_cut(made, "mine", np.arange(61), seed)
    cut = stratified_cut(made, np.arange(61), 0.2, seed)
    assert isinstance(fold, Fold)
    assert fold.name == "mine"
    assert fold.train.tolist() == cut.first.tolist()
    assert sorted(row for part in fold.scored.values() for row in part) == cut.second.tolist()
    assert len(cut.second) == 13
    lacking = "no text of small fell into the scored part"
    assert fold.notes == (*cut.notes, *([] if 60 in cut.second else [lacking]))
    assert (lacking in fold.notes) == noted
    assert fold.inner == ()


def test_what_the_study_can_not_cut_is_skipped_with_all_its_reasons() -> None:
    two = table(essays("t", [("a", "A1"), ("b", "C2")]), form="study")
    assert study_cut(two, "mine", rows(0, 1), 42) == Skipped(
        "mine",
        "level A1 has one text only: it stays in the training part; "
        "level C+ has one text only: it stays in the training part; "
        "2 texts are too few to cut",
    )
    assert study_cut(two, "mine", rows(), 42) == Skipped("mine", "0 texts are too few to cut")


def test_two_texts_of_a_level_are_enough_to_cut() -> None:
    made = table(essays("t", [("a", "A1"), ("b", "A1"), ("c", "B1")]))
    cut = stratified_cut(made, rows(2, 0, 1), 0.2, 42)
    assert len(cut.second) == 1
    assert sorted([*cut.first, *cut.second]) == [0, 1, 2]
    assert cut.first[-1] == 2, "the only one of its level is the last"
    assert cut.notes == ["level B1 has one text only: it stays in the training part"]


def test_rows_of_one_text_stay_together_in_a_cut() -> None:
    twins = table(corpus("t", "abcdefghij" * 2))
    cut = stratified_cut(twins, np.arange(20), 0.3, 42)
    assert len(cut.second) == 6
    assert cut.second[:3].tolist() == [row - 10 for row in cut.second[3:]]
    assert len(cut.first) == 14
    first, second = cut.first[::2], cut.first[1::2]
    assert (second - first).tolist() == [10] * 7, "side by side, as their text was drawn"


# -- protocols at their edges ---------------------------------------------------------------------


def folds(name: str, made: EssayTable, seed: int = 42) -> list[Fold | Skipped]:
    return list(HOST.get_protocol(name).folds(made, seed))


@pytest.mark.parametrize("form", ["study", "corrected"])
def test_a_corpus_with_too_small_a_support_does_not_keep_the_next_from_being_scored(
    form: Form,
) -> None:
    made = table(
        random_essays("few", 30, 1),
        random_essays("many", 70, 2),
        random_essays("some", 50, 3),
        form=form,
    )
    few, many, some = folds("few-shot-8", made)
    assert few == Skipped("few", "its support set has 6 texts, not 8")
    for fold, index in ((many, 1), (some, 2)):
        assert isinstance(fold, Fold)
        cut = stratified_cut(made, made.rows_of(index), 0.2, 42)
        drawn = np.random.default_rng(42).permutation(cut.second)[:8]
        assert fold.train[-8:].tolist() == sorted(drawn.tolist())
        others = np.setdiff1d(np.arange(150), made.rows_of(index))
        if form == "study":
            others = stratified_cut(made, others, 0.2, 42).first
        assert fold.train[:-8].tolist() == others.tolist()
        assert list(fold.scored) == [fold.name]
        assert sorted(fold.scored[fold.name]) == sorted(cut.first)


def test_few_shots_of_the_only_corpus_have_no_other_to_train_on() -> None:
    assert folds("few-shot-8", table(random_essays("one", 50, 1))) == [
        Skipped("one", "nothing is left to train on")
    ]


def test_a_corpus_without_another_to_train_on_does_not_keep_the_next_from_being_scored() -> None:
    """All texts of the second stand in the first, which has more of them."""
    texts = [(f"text {n}", "A1") for n in range(60)]
    first, second = folds("few-shot-8", table(essays("a", texts), essays("b", texts[:50])))
    assert first == Skipped("a", "nothing is left to train on")
    assert isinstance(second, Fold)
    assert second.train[:-8].tolist() == list(range(50, 60))


def test_notes_of_both_cuts_of_a_few_shot_fold_are_kept_in_order() -> None:
    lonely = essays("t", [(f"t {n}", "A1") for n in range(60)] + [("alone", "B2")])
    other = essays("u", [(f"u {n}", "A2") for n in range(10)] + [("lone", "C1")])
    fold = folds("few-shot-8", table(lonely, other, form="study"))[0]
    assert isinstance(fold, Fold)
    assert fold.notes == (
        "level B2 has one text only: it stays in the training part",
        "level C+ has one text only: it stays in the training part",
    )


def test_a_corpus_whose_texts_all_stood_elsewhere_has_nothing_to_score_in_the_study() -> None:
    made = table(corpus("a", "pqrs"), corpus("b", "sp"), form="study")
    first, second = folds("loco", made)
    assert first == Skipped("a", "nothing is left to train on")
    assert second == Skipped("b", "there is nothing to score")


def test_a_baseline_of_the_study_trains_on_all_that_is_left() -> None:
    corpora = [random_essays("a", 20, 1), random_essays("b", 10, 2)]
    made = pool(corpora, FIVE, "study", baseline=True)
    first, second = folds("loco", made)
    assert isinstance(first, Fold)
    assert isinstance(second, Fold)
    assert plain(first) == ("a", list(range(20, 30)), {"a": list(range(20))}, [])
    assert plain(second)[1] == list(range(20))


def test_tasks_that_can_not_be_cut_are_skipped_in_scikit_learns_words() -> None:
    """Two tasks, and every level has one text."""
    made = replace(essays("t", [("a", "A1"), ("b", "B1")]), tasks=("x", "y"))
    (skipped,) = folds("by-task", table(made))
    assert isinstance(skipped, Skipped)
    assert skipped.name == "all"
    assert skipped.reason.startswith("the texts that name tasks can't be cut into 2 folds: ")


def test_a_fold_of_tasks_whose_authors_wrote_all_the_rest_is_skipped_and_the_next_is_not() -> None:
    """The first task has texts by both authors of the others."""
    made = essays("t", [(text, "A1") for text in "abcdef"])
    made = replace(
        made, tasks=("x", "x", "y", "y", "z", "z"), authors=("p", "q", "p", "p", "q", "q")
    )
    found = folds("by-task", table(made))
    assert len(found) == 3
    by_task = {}
    for fold in found:
        if isinstance(fold, Fold):
            by_task[tuple(fold.scored["t"].tolist())] = fold.train.tolist()
        else:
            assert fold.reason == "its authors also wrote all the other texts"
            assert fold.name in {"1", "2", "3"}
    assert by_task == {(2, 3): [1, 4, 5], (4, 5): [0, 2, 3]}


def test_only_corpora_that_name_two_tasks_are_cut_by_them() -> None:
    one = replace(corpus("one", "abc"), tasks=("x", "x", None))
    two = replace(corpus("two", "defgh"), tasks=("x", None, "y", "x", "y"))
    made = folds("by-task", table(one, two))
    scored = [held(fold.scored) for fold in made if isinstance(fold, Fold)]
    assert sorted(row for part in scored for row in part["two"]) == [3, 5, 6, 7]
    assert [[*part] for part in scored] == [["two"], ["two"]]
