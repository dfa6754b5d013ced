"""Each protocol on corpora small enough to write its folds down, and the cut at its edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pytest
from essay_factory import essays
from sklearn.model_selection import train_test_split

from cefrbench.contracts.protocol import Fold, Skipped
from cefrbench.essays import Essays, EssayTable, pool
from cefrbench.folds import make_folds, stratified_cut
from cefrbench.levels import FIVE, SIX
from cefrbench.plugins import PluginHost
from cefrbench.protocols.few_shot import SHOTS

HOST = PluginHost(load="")
LEVELS = ("A1", "A2", "B1", "B2", "C1")


def corpus(name: str, texts: Iterable[str], *levels: str, **card: str) -> Essays:
    """Texts whose levels take turns."""
    turns = levels or ("A1", "B1")
    rows = [(text, turns[n % len(turns)]) for n, text in enumerate(texts)]
    return essays(name, rows, **card)


def numbered(name: str, count: int) -> list[str]:
    return [f"{name} {n}" for n in range(count)]


#: Rows 0–9 and 10–17 are one group, in two languages; rows 18–23 stand alone. The first text of
#: ``two`` is a text of ``one``, the first of ``three`` stands twice there, and ``two`` has a twin.
#: The small ones are of one level, so that each can be cut into five.
TWINNED = pool(
    [
        corpus("one", numbered("one", 10), language="cs", group="m"),
        corpus("two", ["one 3", *numbered("two", 6), "two 5"], "A2", language="it", group="m"),
        corpus("three", ["three 0", *numbered("three", 5)], "B2", language="it"),
    ],
    FIVE,
    "corrected",
)
#: Its rows, but those whose text stood in the corpus before.
ONE, TWO, THREE = list(range(10)), [10, 11, 12, 13, 14, 15, 16], [18, 20, 21, 22, 23]


def folds(name: str, table: EssayTable = TWINNED, seed: int = 42) -> dict[str, Fold]:
    made = make_folds(HOST.get_protocol(name), table, seed)
    assert all(isinstance(fold, Fold) for fold in made), made
    return {fold.name: fold for fold in made if isinstance(fold, Fold)}


def scored(fold: Fold) -> dict[str, list[int]]:
    return {name: rows.tolist() for name, rows in fold.scored.items()}


def learned(fold: Fold) -> set[str]:
    """Texts that are fitted on."""
    return texts(*fold.train)


def inner(fold: Fold) -> list[tuple[set[str], dict[str, list[int]]]]:
    """What each inner cut fits on, and the rows that it holds out."""
    return [
        (texts(*cut.train), {name: rows.tolist() for name, rows in cut.held.items()})
        for cut in fold.inner
    ]


def texts(*rows: int) -> set[str]:
    return {TWINNED.key[row] for row in rows}


# -- the folds of each ---------------------------------------------------------------------------


def test_lofo_leaves_a_family_out_and_chooses_by_leaving_out_what_is_left() -> None:
    made = folds("lofo")
    assert {name: scored(fold) for name, fold in made.items()} == {
        "m": {"one": ONE, "two": TWO},
        "three": {"three": THREE},
    }
    assert learned(made["m"]) == texts(*THREE)
    assert learned(made["three"]) == texts(*ONE, *TWO)
    # One family is left, and cut by its corpora; the text that both have is in no inner fit.
    assert inner(made["three"]) == [
        (texts(*TWO[1:]), {"one": ONE}),
        (texts(*ONE) - texts(3), {"two": TWO}),
    ]


def test_loco_scores_each_corpus_once_and_then_the_group() -> None:
    made = folds("loco")
    assert {name: scored(fold) for name, fold in made.items()} == {
        "one": {"one": ONE},
        "two": {"two": TWO},
        "three": {"three": THREE},
        "m-all": {"m-all": ONE + TWO},
    }
    assert learned(made["one"]) == texts(*TWO[1:], *THREE)
    assert learned(made["two"]) == texts(*ONE, *THREE) - texts(3)
    assert learned(made["three"]) == texts(*ONE, *TWO)
    assert learned(made["m-all"]) == texts(*THREE)
    assert inner(made["one"]) == [
        (texts(*THREE), {"two": TWO[1:]}),
        (texts(*TWO[1:]), {"three": THREE}),
    ]


def test_one_corpus_is_cut_into_five_folds_to_choose_by() -> None:
    """It has five texts, one of them twice."""
    for name in ("loco", "logo"):
        cuts = folds(name)["m-all"].inner
        held = [cut.held["three"].tolist() for cut in cuts]
        assert len(held) == 5
        assert sorted(row for rows in held for row in rows) == THREE
        for cut, rows in zip(cuts, held, strict=True):
            assert texts(*cut.train) == texts(*THREE) - texts(*rows)


def test_logo_is_the_fold_of_loco_that_leaves_the_group_out() -> None:
    (fold,) = folds("logo").values()
    assert scored(fold) == {"m-all": ONE + TWO}
    assert learned(fold) == texts(*THREE)


def test_logo_without_a_group_of_two_says_so() -> None:
    table = pool([corpus("a", "wxyz", group="m"), corpus("b", "stuv")], FIVE, "corrected")
    assert make_folds(HOST.get_protocol("logo"), table, 42) == [
        Skipped("all", "no two of these corpora belong to one group")
    ]


def test_lolo_leaves_a_language_out_with_all_corpora_that_have_it() -> None:
    made = folds("lolo")
    assert {name: scored(fold) for name, fold in made.items()} == {
        "cs": {"one": ONE},
        "it": {"two": TWO, "three": THREE},
    }
    assert learned(made["cs"]) == texts(*TWO[1:], *THREE)
    assert learned(made["it"]) == texts(*ONE) - texts(3)


def test_pairwise_trains_on_one_corpus_and_scores_each_other() -> None:
    made = folds("pairwise")
    assert {name: scored(fold) for name, fold in made.items()} == {
        "one": {"two": TWO, "three": THREE},
        "two": {"one": ONE, "three": THREE},
        "three": {"one": ONE, "two": TWO},
    }
    assert learned(made["one"]) == texts(*ONE) - texts(3)
    assert learned(made["two"]) == texts(*TWO[1:])
    assert learned(made["three"]) == texts(*THREE)


def test_pairwise_of_one_corpus_is_skipped_with_the_reason() -> None:
    table = pool([corpus("a", "wxyz")], FIVE, "corrected")
    assert make_folds(HOST.get_protocol("pairwise"), table, 42) == [
        Skipped("all", "a transfer needs two corpora")
    ]


def test_iid_scores_every_text_once_and_trains_on_the_others() -> None:
    made = folds("iid")
    assert list(made) == ["1", "2", "3", "4", "5"]
    held = [row for fold in made.values() for rows in scored(fold).values() for row in rows]
    assert sorted(held) == ONE + TWO + THREE
    for fold in made.values():
        parts = [row for rows in scored(fold).values() for row in rows]
        assert learned(fold) == texts(*ONE, *TWO, *THREE) - texts(*parts)


def test_iid_chooses_by_the_other_folds_in_turn() -> None:
    made = list(folds("iid").values())
    for i, fold in enumerate(made):
        others = [other for j, other in enumerate(made) if j != i]
        assert [scored(other) for other in others] == [held for _, held in inner(fold)]
        assert [learned(fold) & learned(other) for other in others] == [
            train for train, _ in inner(fold)
        ]


def test_within_scores_each_corpus_by_five_folds_of_its_own() -> None:
    table = pool([corpus(n, numbered(n, 20), *LEVELS[:4]) for n in "ab"], FIVE, "corrected")
    made = folds("within", table)
    assert list(made) == [f"{name}-{number}" for name in "ab" for number in range(1, 6)]
    for name in "ab":
        own = table.rows_of(table.names.index(name)).tolist()
        parts = [scored(made[f"{name}-{number}"]) for number in range(1, 6)]
        assert {*map(tuple, parts)} == {(name,)}
        assert sorted(row for part in parts for row in part[name]) == own
        # Five texts of each of four levels: each part has one of each.
        assert all(sorted(table.label[part[name]]) == [0, 1, 2, 3] for part in parts)
        for number, part in enumerate(parts, start=1):
            assert made[f"{name}-{number}"].train.tolist() == sorted({*own} - {*part[name]})


def test_within_cuts_a_corpus_as_if_there_were_no_other() -> None:
    """By scikit-learn, whatever stands before the corpus."""
    made = [corpus(name, numbered(name, 40), *LEVELS) for name in ("a", "b", "c")]
    for order in (made, made[::-1]):
        table = pool(order, FIVE, "study")
        for index, name in enumerate(table.names):
            own = table.rows_of(index)
            _, held = train_test_split(
                own, test_size=0.2, stratify=table.label[own], random_state=42
            )
            assert scored(folds("within", table)[name]) == {name: sorted(held.tolist())}


# -- twins ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["iid", "within", "loco", "logo", "lolo", "pairwise"])
def test_a_text_with_two_levels_counts_once_where_it_is_held_out_for_the_choice(name: str) -> None:
    twins = [text for n in range(60) for text in (f"twin {n}", f"twin {n}")]
    table = pool(
        [
            corpus("t", twins, language="cs", group="g"),
            corpus("u", numbered("u", 30), language="cs", group="g"),
            corpus("v", [f"again {text}" for text in twins], language="it"),
        ],
        FIVE,
        "corrected",
    )
    seen = 0
    for fold in folds(name, table).values():
        for cut in fold.inner:
            parts = [rows for name, rows in cut.held.items() if name in "tv"]
            for rows in parts:
                assert len({table.key[row] for row in rows}) == len(rows)
                seen += len(rows)
        twice = [row for row in fold.train if table.names[table.corpus[row]] in "tv"]
        assert 2 * len({table.key[row] for row in twice}) == len(twice), "it trains with both"
    assert seen, "no fold chose by a twin: the test says nothing"


@pytest.mark.parametrize("name", ["loco", "logo"])
def test_in_a_group_scored_as_one_a_text_counts_once_for_each_corpus_that_has_it(name: str) -> None:
    counts = Counter(TWINNED.key[row] for row in scored(folds(name)["m-all"])["m-all"])
    assert counts[TWINNED.key[17]] == 1, "it stands twice in one of them"
    assert counts[TWINNED.key[3]] == 2, "both have it, each with a level of its own"


# -- few shots -----------------------------------------------------------------------------------


def target(count: int) -> EssayTable:
    """A corpus of so many texts, to be learned from few of its own, and another one."""
    made = [corpus("target", numbered("target", count), *LEVELS), corpus("other", "abcdefghij")]
    return pool(made, FIVE, "corrected")


def drawn(table: EssayTable, shots: int, seed: int) -> list[int]:
    fold = folds_of_target(table, shots, seed)
    assert isinstance(fold, Fold)
    return sorted(set(fold.train) & set(table.rows_of(0)))


def folds_of_target(table: EssayTable, shots: int, seed: int = 42) -> Fold | Skipped:
    return make_folds(HOST.get_protocol(f"few-shot-{shots}"), table, seed)[0]


@pytest.mark.parametrize("shots", SHOTS)
def test_a_support_of_exactly_k_texts_is_enough(shots: int) -> None:
    table = target(5 * shots)
    fold = folds_of_target(table, shots)
    assert isinstance(fold, Fold)
    support = set(table.rows_of(0)) - set(fold.scored["target"])
    assert len(support) == shots
    assert set(drawn(table, shots, 42)) == support, "all of them train"


@pytest.mark.parametrize("shots", SHOTS)
def test_a_support_of_one_text_less_is_skipped_with_both_numbers(shots: int) -> None:
    assert folds_of_target(target(5 * shots - 5), shots) == Skipped(
        "target", f"its support set has {shots - 1} texts, not {shots}"
    )


def test_the_texts_drawn_are_chosen_by_the_seed_from_all_of_the_support() -> None:
    table = target(60)
    places = []
    for seed in range(20):
        fold = folds_of_target(table, 8, seed)
        assert isinstance(fold, Fold)
        support = sorted(set(table.rows_of(0)) - set(fold.scored["target"]))
        places.append([support.index(row) for row in drawn(table, 8, seed)])
    assert all(len(found) == 8 for found in places)
    assert {place for found in places for place in found} == set(range(12))
    assert len({tuple(found) for found in places}) > 10


def test_what_is_scored_is_the_same_for_every_number_of_shots() -> None:
    table = target(700)
    parts = []
    for shots in SHOTS:
        fold = folds_of_target(table, shots)
        assert isinstance(fold, Fold)
        parts.append(fold.scored["target"].tolist())
        assert len(drawn(table, shots, 42)) == shots
    assert parts[0] == parts[1] == parts[2]
    assert len(parts[0]) == 560


# -- cuts at their edges -------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "share"), [(21, 0.2), (25, 0.2), (25, 0.8), (10, 0.5)])
def test_one_text_of_each_level_on_the_small_side_is_enough_to_stratify(
    count: int, share: float
) -> None:
    table = pool([corpus("t", numbered("t", count), *LEVELS)], FIVE, "corrected")
    cut = stratified_cut(table, np.arange(count), share, 42)
    first, second = train_test_split(
        np.arange(count), test_size=share, stratify=table.label, random_state=42
    )
    assert cut.notes == []
    assert cut.first.tolist() == first.tolist()
    assert cut.second.tolist() == sorted(second.tolist())
    assert set(table.label[cut.first]) == set(table.label[cut.second]) == set(range(5))


@pytest.mark.parametrize(("count", "share"), [(20, 0.2), (20, 0.8)])
def test_a_side_with_fewer_texts_than_levels_is_not_stratified(count: int, share: float) -> None:
    levels = (*LEVELS, "C2")
    table = pool([corpus("t", numbered("t", count), *levels)], SIX, "corrected")
    cut = stratified_cut(table, np.arange(count), share, 42)
    assert cut.notes == [f"{count} texts are too few to stratify by 6 levels"]
    _, second = train_test_split(np.arange(count), test_size=share, random_state=42)
    assert cut.second.tolist() == sorted(second.tolist())
