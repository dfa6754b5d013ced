"""Each protocol on corpora small enough to write its folds down, and the cut at its edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pytest
from essay_factory import essays
from sklearn.model_selection import train_test_split

from cefrbench.contracts.cards import ProtocolCard
from cefrbench.contracts.protocol import Fold, Protocol, Skipped
from cefrbench.errors import PluginError
from cefrbench.essays import Essays, EssayTable, Ints, pool
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
TWINNED = pool(
    [
        corpus("one", numbered("one", 10), language="cs", group="m"),
        corpus("two", ["one 3", *numbered("two", 6), "two 5"], language="it", group="m"),
        corpus("three", ["three 0", *numbered("three", 5)], language="it"),
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
    """Texts that are fitted on or used to choose the layer."""
    return {TWINNED.key[row] for row in (*fold.train, *fold.validation)}


def texts(*rows: int) -> set[str]:
    return {TWINNED.key[row] for row in rows}


# -- the folds of each ---------------------------------------------------------------------------


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


def test_iid_and_within_cut_all_texts_and_each_corpus_into_learned_and_scored() -> None:
    (fold,) = folds("iid").values()
    held = {row for rows in scored(fold).values() for row in rows}
    # 21 different texts, of which a fifth, rounded up, is held back.
    assert len(texts(*held)) == 5
    assert learned(fold) == texts(*ONE, *TWO, *THREE) - texts(*held)
    for name, rows in (("one", ONE), ("two", TWO), ("three", THREE)):
        fold = folds("within")[name]
        assert scored(fold).keys() == {name}
        assert len(scored(fold)[name]) == (2 if len(rows) > 5 else 1)
        assert learned(fold) == texts(*rows) - texts(*scored(fold)[name])


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
def test_a_text_with_two_levels_counts_once_in_the_choice_of_layer(name: str) -> None:
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
        rows = [row for row in fold.validation if table.names[table.corpus[row]] in "tv"]
        assert len({table.key[row] for row in rows}) == len(rows)
        seen += len(rows)
        twice = [row for row in fold.train if table.names[table.corpus[row]] in "tv"]
        assert 2 * len({table.key[row] for row in twice}) == len(twice), "it trains with both"
    assert seen, "no fold chose a layer on a twin: the test says nothing"


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


# -- folds of a plugin ---------------------------------------------------------------------------

CARD = ProtocolCard(name="mine", title="Mine", description="By hand.", distribution="in")
PAIRED = pool([corpus("t", [*"abcd", "a", "b", "c", "d"])], FIVE, "corrected")


def rows(*numbers: int) -> Ints:
    return np.array(numbers, dtype=np.int64)


def planned(fold: Fold) -> Protocol:
    return Protocol(CARD, lambda table, seed: [fold])


@pytest.mark.parametrize(
    ("validation", "held"),
    [(rows(4), rows(2)), (rows(1), rows(4)), (rows(0), rows(2)), (rows(1), rows(0))],
    ids=["twin in validation", "twin in scored", "row in validation", "row in scored"],
)
def test_training_on_a_text_that_is_held_back_is_a_fault_of_the_plugin(
    validation: Ints, held: Ints
) -> None:
    fold = Fold("leaky", rows(0, 3), validation, {"t": held})
    with pytest.raises(PluginError, match=r"'mine' trains fold 'leaky' on 1 texts"):
        make_folds(planned(fold), PAIRED, 42)


@pytest.mark.parametrize("held", [rows(1, 2), rows(2, 5)], ids=["row", "twin"])
def test_choosing_the_layer_on_a_text_that_is_scored_is_a_fault_of_the_plugin(held: Ints) -> None:
    fold = Fold("tuned", rows(0, 3), rows(1), {"t": held})
    with pytest.raises(PluginError, match=r"'mine' chooses the layer of fold 'tuned' on 1 texts"):
        make_folds(planned(fold), PAIRED, 42)


def test_sides_that_share_no_text_pass() -> None:
    sound = Fold("sound", rows(0, 3), rows(1), {"t": rows(2)})
    assert make_folds(planned(sound), PAIRED, 42) == [sound]


# -- manifests -----------------------------------------------------------------------------------


def manifest(**changes: object) -> str:
    parts = {
        "name": "all",
        "train": rows(0, 3),
        "validation": rows(1),
        "scored": {"t": rows(2)},
    } | changes
    return Fold(**parts).manifest("mine", PAIRED.key)  # type: ignore[arg-type]


def test_a_manifest_says_which_text_is_where_and_not_in_which_order() -> None:
    others = [
        manifest(name="other"),
        manifest(train=rows(0)),
        manifest(train=rows(0, 7)),
        manifest(validation=rows(5)),
        manifest(validation=rows()),
        manifest(validation=rows(2), scored={"t": rows(1)}),
        manifest(scored={"u": rows(2)}),
        manifest(scored={"t": rows(6)}),
        manifest(scored={"t": rows(2, 6)}),
        Fold("all", rows(0, 3), rows(1), {"t": rows(2)}).manifest("other", PAIRED.key),
        Fold("all", rows(0, 3), rows(1), {"t": rows(2)}).manifest("mine", PAIRED.key[::-1]),
    ]
    assert len({manifest(), *others}) == len(others) + 1
    assert manifest(train=rows(3, 0)) == manifest()
