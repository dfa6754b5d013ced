"""The protocols: the study's form is scikit-learn's split; the corrected form leaks nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from essay_factory import essays, random_essays
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from cefrbench.contracts.protocol import Fold, Skipped
from cefrbench.essays import Essays, EssayTable, Form, Ints, pool
from cefrbench.folds import make_folds, stratified_cut
from cefrbench.levels import FIVE
from cefrbench.plugins import PluginHost

HOST = PluginHost()
CORPORA = [
    random_essays("one", 120, 1),
    random_essays("m-cs", 90, 2, language="cs", group="m"),
    random_essays("m-it", 75, 3, language="it", group="m"),
    random_essays("two", 60, 4, language="it"),
]


def folds(name: str, table: EssayTable, seed: int = 42) -> list[Fold]:
    made = list(HOST.get_protocol(name).folds(table, seed))
    assert all(isinstance(fold, Fold) for fold in made)
    return [fold for fold in made if isinstance(fold, Fold)]


def sklearn_cut(labels: Ints, rows: Ints, seed: int = 42) -> tuple[Ints, Ints]:
    train, test = train_test_split(rows, test_size=0.2, stratify=labels[rows], random_state=seed)
    return train, np.sort(test)


def twins(count: int) -> list[tuple[str, str]]:
    """Texts that stand twice each, with two adjacent levels, as in cople2."""
    pairs = [("A1", "A2"), ("B1", "B2"), ("C1", "C2")]
    return [(f"twin {n}", level) for n in range(count) for level in pairs[n % 3]]


# -- the study's form ----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [42, 0])
def test_iid_of_the_study_is_scikit_learns_split_of_the_pooled_rows(seed: int) -> None:
    table = pool(CORPORA, FIVE, "study")
    (fold,) = folds("iid", table, seed)
    train, test = sklearn_cut(table.label, np.arange(len(table)), seed)
    assert fold.name == "all"
    assert fold.train.tolist() == train.tolist()
    assert np.sort(np.concatenate(list(fold.scored.values()))).tolist() == test.tolist()
    assert fold.inner == ()
    for name, rows in fold.scored.items():
        assert {table.names[c] for c in table.corpus[rows]} == {name}


def test_loco_of_the_study_trains_on_80_percent_of_the_others_and_scores_all_of_one() -> None:
    table = pool(CORPORA, FIVE, "study")
    made = {fold.name: fold for fold in folds("loco", table)}
    assert list(made) == ["one", "m-cs", "m-it", "two", "m-all"]
    for index, name in enumerate(table.names):
        rest = np.flatnonzero(table.corpus != index)
        train, _ = sklearn_cut(table.label, rest)
        assert made[name].train.tolist() == train.tolist()
        assert {k: v.tolist() for k, v in made[name].scored.items()} == {
            name: table.rows_of(index).tolist()
        }
        assert made[name].inner == ()


def test_the_group_is_left_out_together_and_scored_as_one() -> None:
    table = pool(CORPORA, FIVE, "study")
    fold = folds("loco", table)[-1]
    train, _ = sklearn_cut(table.label, table.rows_of(0, 3))
    assert fold.train.tolist() == train.tolist()
    assert {k: v.tolist() for k, v in fold.scored.items()} == {
        "m-all": table.rows_of(1, 2).tolist()
    }


def test_the_study_puts_a_repeated_text_on_both_sides() -> None:
    """The flaw that the corrected form mends; here so that nobody mends it in the study's form."""
    table = pool([essays("t", twins(60)), CORPORA[0]], FIVE, "study")
    (fold,) = folds("iid", table)
    keys = np.array(table.key)
    assert set(keys[fold.train]) & set(keys[fold.scored["t"]])


# -- the corrected form --------------------------------------------------------------------------


def joined(parts: dict[str, Ints]) -> Ints:
    return np.concatenate(list(parts.values()))


def assert_no_leak(table: EssayTable, fold: Fold) -> None:
    keys = np.array(table.key)
    train, scored = set(keys[fold.train]), set(keys[joined(fold.scored)])
    assert not train & scored
    for cut in fold.inner:
        inner, held = set(keys[cut.train]), set(keys[joined(cut.held)])
        assert not inner & held
        assert inner | held <= train


def test_iid_is_scikit_learns_split_by_group_and_scores_every_row_once() -> None:
    table = pool(CORPORA, FIVE, "corrected")
    strata = table.corpus * 5 + table.label
    cutter = StratifiedGroupKFold(5, shuffle=True, random_state=42)
    wanted = [held.tolist() for _, held in cutter.split(strata, strata, np.arange(len(table)))]
    made = folds("iid", table)
    assert [fold.name for fold in made] == ["1", "2", "3", "4", "5"]
    assert [np.sort(joined(fold.scored)).tolist() for fold in made] == wanted
    for fold in made:
        assert np.union1d(fold.train, joined(fold.scored)).tolist() == list(range(len(table)))


def test_an_author_is_on_one_side_of_every_cut_in_distribution() -> None:
    written = with_tasks("a", 200, 1, 4, authors=60)
    table = pool([written, CORPORA[0]], FIVE, "corrected")
    for name in ("iid", "within", "by-task"):
        for fold in folds(name, table):
            known = set(table.author[fold.train]) - {-1}
            assert not known & set(table.author[joined(fold.scored)])
            for cut in fold.inner:
                inside = set(table.author[cut.train]) - {-1}
                assert not inside & set(table.author[joined(cut.held)])
    # The texts by one author stay together, so that a part is not what it is by text.
    alone = pool([replace(written, authors=()), CORPORA[0]], FIVE, "corrected")
    assert [f.train.tolist() for f in folds("iid", table)] != [
        f.train.tolist() for f in folds("iid", alone)
    ]


def test_families_are_left_out_in_turn_to_choose_for_an_unseen_one() -> None:
    table = pool(CORPORA, FIVE, "corrected")
    made = {fold.name: fold for fold in folds("lofo", table)}
    held = {name: [list(cut.held) for cut in fold.inner] for name, fold in made.items()}
    assert held == {
        "one": [["m-cs", "m-it"], ["two"]],
        "m": [["one"], ["two"]],
        "two": [["one"], ["m-cs", "m-it"]],
    }
    for fold in made.values():
        for cut in fold.inner:
            both = np.union1d(cut.train, joined(cut.held))
            assert both.tolist() == fold.train.tolist()


def test_one_family_is_cut_by_its_corpora_and_one_corpus_by_five_folds() -> None:
    by_name = {fold.name: fold for fold in folds("loco", pool(CORPORA[1:], FIVE, "corrected"))}
    assert [list(cut.held) for cut in by_name["two"].inner] == [["m-cs"], ["m-it"]]
    assert [list(cut.held) for cut in by_name["m-cs"].inner] == [["m-it"], ["two"]]
    table = pool(CORPORA[1:], FIVE, "corrected")
    cuts = by_name["m-all"].inner
    assert [list(cut.held) for cut in cuts] == [["two"]] * 5
    held = np.concatenate([cut.held["two"] for cut in cuts])
    assert np.sort(held).tolist() == table.rows_of(2).tolist()


def test_a_training_part_that_can_not_be_cut_chooses_nothing_and_is_skipped() -> None:
    few = essays("few", [("x", "A1"), ("y", "B1"), ("z", "B2")])
    table = pool([CORPORA[0], few], FIVE, "corrected")
    whole, skipped = make_folds(HOST.get_protocol("loco"), table, 42)[::-1]
    assert isinstance(whole, Fold)
    assert len(whole.inner) == 5
    assert skipped == Skipped(
        "one", "its training part can't be cut, so no layer or penalty can be chosen"
    )


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([f"t{n}" for n in range(60)]), st.sampled_from(["A1", "B1", "C1"])
        ),
        min_size=30,
        max_size=120,
    ),
    st.integers(0, 5),
)
def test_no_text_is_ever_on_two_sides(content: list[tuple[str, str]], seed: int) -> None:
    half = len(content) // 2
    corpora = [essays("a", content[:half]), essays("b", content[half:]), CORPORA[3]]
    table = pool(corpora, FIVE, "corrected")
    for name in ("iid", "loco"):
        for fold in HOST.get_protocol(name).folds(table, seed):
            if isinstance(fold, Fold):
                assert_no_leak(table, fold)


def test_a_repeated_text_is_scored_once_and_trains_with_all_its_rows() -> None:
    table = pool([essays("t", twins(60)), CORPORA[0]], FIVE, "corrected")
    made = folds("iid", table)
    scored = Counter(table.key[row] for fold in made for row in fold.scored["t"])
    assert set(scored.values()) == {1}
    assert len(scored) == 60
    for fold in made:
        trained = Counter(table.key[row] for row in fold.train if table.corpus[row] == 0)
        assert set(trained.values()) == {2}
        for cut in fold.inner:
            assert set(Counter(table.key[row] for row in cut.held["t"]).values()) == {1}


def test_texts_of_the_left_out_corpus_are_taken_out_of_training_too() -> None:
    shared = [(f"shared {n}", "B1") for n in range(10)]
    own = [(f"own {n}", "A2") for n in range(5)]
    corpora = [essays("s", [*shared, *own]), essays("t", [*shared, *twins(60)])]
    table = pool(corpora, FIVE, "corrected")
    fold = folds("loco", table)[0]
    assert len(fold.scored["s"]) == 15
    assert_no_leak(table, fold)
    keys = np.array(table.key)
    assert set(keys[fold.train]) == set(keys[table.rows_of(1)]) - set(keys[table.rows_of(0)])


# -- small corpora -------------------------------------------------------------------------------


def test_a_level_with_one_text_stays_in_training_and_is_noted() -> None:
    content = [(f"text {n}", "A1" if n % 2 else "B1") for n in range(40)] + [("the only", "C1")]
    table = pool([essays("t", content)], FIVE, "study")
    (fold,) = folds("iid", table)
    assert 40 in fold.train
    assert "level C+ has one text only: it stays in the training part" in fold.notes


def test_too_few_texts_for_the_levels_are_cut_without_stratifying_and_noted() -> None:
    levels = ["A1", "A1", "A2", "A2", "B1", "B1", "B2", "B2"]
    table = pool([essays("t", list(zip("abcdefgh", levels, strict=True)))], FIVE, "study")
    cut = stratified_cut(table, np.arange(8), 0.2, 42)
    assert len(cut.second) == 2
    assert cut.notes == ["8 texts are too few to stratify by 4 levels"]
    expected = train_test_split(np.arange(8), test_size=0.2, random_state=42)[1]
    assert sorted(cut.second.tolist()) == sorted(expected.tolist())


def test_one_text_can_not_be_cut_and_that_is_noted() -> None:
    table = pool([essays("t", [("a", "A1")])], FIVE, "study")
    cut = stratified_cut(table, np.arange(1), 0.2, 42)
    assert (cut.first.tolist(), cut.second.tolist()) == ([0], [])
    assert any("too few to cut" in note for note in cut.notes)


def test_a_corpus_that_misses_the_scored_part_is_noted() -> None:
    table = pool([random_essays("big", 200, 5), essays("small", [("x", "B1")])], FIVE, "study")
    notes = [note for seed in range(4) for note in folds("iid", table, seed)[0].notes]
    assert "no text of small fell into the scored part" in notes


def test_leaving_out_the_only_corpus_is_skipped_with_the_reason() -> None:
    table = pool([CORPORA[0]], FIVE, "study")
    assert list(HOST.get_protocol("loco").folds(table, 42)) == [
        Skipped("one", "nothing is left to train on")
    ]


# -- manifests -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["study", "corrected"])
def test_the_same_seed_gives_the_same_manifests_and_another_seed_others(form: Form) -> None:
    table = pool(CORPORA, FIVE, form)

    def manifests(protocol: str, seed: int) -> list[str]:
        return [f.manifest(protocol, table.key) for f in folds(protocol, table, seed)]

    for protocol in ("iid", "loco"):
        assert manifests(protocol, 1) == manifests(protocol, 1)
    assert not set(manifests("iid", 1)) & set(manifests("iid", 2))
    # Nothing is drawn where families are left out to choose by; the study draws 80 %.
    drawn = set(manifests("loco", 1)) - set(manifests("loco", 2))
    assert len(drawn) == (5 if form == "study" else 0)
    assert len({*manifests("iid", 1), *manifests("loco", 1)}) == (6 if form == "study" else 10)


# -- families and tasks --------------------------------------------------------------------------


def test_lofo_leaves_sisters_out_together_and_scores_each_by_itself() -> None:
    table = pool(CORPORA, FIVE, "corrected")
    made = {fold.name: fold for fold in folds("lofo", table)}
    assert list(made) == ["one", "m", "two"]
    assert {name: list(fold.scored) for name, fold in made.items()} == {
        "one": ["one"],
        "m": ["m-cs", "m-it"],
        "two": ["two"],
    }
    assert made["m"].scored["m-it"].tolist() == table.rows_of(2).tolist()
    assert set(table.corpus[made["m"].train]) == {0, 3}
    assert set(table.corpus[made["two"].train]) == {0, 1, 2}


def with_tasks(
    name: str, count: int, seed: int, tasks: int, authors: int | None = None, **card: str
) -> Essays:
    """A corpus whose texts name tasks and, where asked, authors, drawn at random."""
    draw = np.random.default_rng(seed)
    corpus = random_essays(name, count, seed, **card)
    named = tuple(f"task {number}" for number in draw.integers(0, tasks, count))
    wrote = draw.integers(0, authors, count) if authors else None
    return replace(
        corpus,
        tasks=named,
        authors=() if wrote is None else tuple(f"author {number}" for number in wrote),
    )


@pytest.mark.parametrize("form", ["study", "corrected"])
def test_a_new_task_is_in_no_training_row_and_each_is_scored_once(form: Form) -> None:
    corpora = [with_tasks("a", 200, 1, 4), CORPORA[0], with_tasks("b", 150, 2, 5, authors=60)]
    table = pool(corpora, FIVE, form)
    made = folds("by-task", table)
    assert [fold.name for fold in made] == ["1", "2", "3", "4", "5"]
    scored = np.concatenate([joined(fold.scored) for fold in made])
    assert np.sort(scored).tolist() == table.rows_of(0, 2).tolist()
    for fold in made:
        held = joined(fold.scored)
        assert not set(table.task[fold.train]) & set(table.task[held])
        assert not (set(table.author[fold.train]) & set(table.author[held])) - {-1}
        assert set(table.corpus[fold.train]) <= {0, 2}
        assert len(fold.inner) == (4 if form == "corrected" else 0)
        for cut in fold.inner:
            assert not set(table.task[cut.train]) & set(table.task[joined(cut.held)])


def test_a_new_task_is_scikit_learns_split_by_group() -> None:
    table = pool([with_tasks("a", 300, 3, 9)], FIVE, "study")
    cutter = StratifiedGroupKFold(5, shuffle=True, random_state=42)
    wanted = [
        held.tolist() for _, held in cutter.split(np.zeros(len(table)), table.label, table.task)
    ]
    assert [fold.scored["a"].tolist() for fold in folds("by-task", table)] == wanted


def test_a_text_that_stands_under_two_tasks_is_not_on_two_sides() -> None:
    corpus = with_tasks("a", 120, 4, 6)
    twice = replace(
        corpus,
        texts=corpus.texts[:60] * 2,
        tasks=(*corpus.tasks[:60], *corpus.tasks[60:]),
    )
    table = pool([twice], FIVE, "corrected")
    for fold in folds("by-task", table):
        assert_no_leak(table, fold)


def test_fewer_tasks_give_fewer_folds() -> None:
    table = pool([with_tasks("a", 120, 5, 3)], FIVE, "corrected")
    assert len(folds("by-task", table)) == 3


@pytest.mark.parametrize(
    "corpora", [[CORPORA[0]], [with_tasks("a", 50, 6, 1), with_tasks("b", 50, 7, 1)]]
)
def test_without_two_tasks_a_new_task_is_skipped_with_the_reason(corpora: list[Essays]) -> None:
    (skipped,) = HOST.get_protocol("by-task").folds(pool(corpora, FIVE, "corrected"), 42)
    assert skipped == Skipped("all", "no corpus here names two tasks or more")
