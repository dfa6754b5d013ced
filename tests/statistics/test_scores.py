"""Scores agree with scikit-learn where it defines them, with a hand count where it doesn't."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    cohen_kappa_score,
    f1_score,
    mean_absolute_error,
    r2_score,
)

from cefrbench.statistics.scores import (
    CONTINUOUS,
    DIRECTIONS,
    Scores,
    Sums,
    all_scores,
    mean_defined,
    mean_qwk,
    mean_scores,
    named_scores,
    qwk,
    qwks,
    score_rows,
    scores,
    tallies,
    tally,
)

CLASSES = 5
PUBLISHED = sorted((Path(__file__).parents[2] / "leaderboard" / "results").glob("*/*.json"))


@st.composite
def graded(draw):
    """Gold classes and unrounded predictions, some of them off the scale."""
    gold = draw(st.lists(st.integers(0, CLASSES - 1), min_size=2, max_size=60))
    values = st.floats(-3, 8, allow_nan=False, width=32)
    predicted = draw(st.lists(values, min_size=len(gold), max_size=len(gold)))
    return np.array(gold), np.array(predicted, dtype=np.float64)


def scored(gold, predictions):
    counted = tally(predictions, gold, gold, CLASSES)
    return scores(counted.confusion, counted.sums)


@given(graded())
def test_rounded_scores_are_those_of_scikit_learn(case):
    gold, predictions = case
    assume(len(set(gold)) > 1)
    classes = np.rint(np.clip(predictions, 0, CLASSES - 1)).astype(int)
    found = scored(gold, predictions)
    labels = range(CLASSES)
    expected = cohen_kappa_score(gold, classes, labels=labels, weights="quadratic")
    assert found.qwk == pytest.approx(expected, abs=1e-12)
    assert found.macro_f1 == pytest.approx(
        f1_score(gold, classes, average="macro", zero_division=0), abs=1e-12
    )
    assert found.accuracy == pytest.approx(accuracy_score(gold, classes), abs=1e-12)
    assert found.adjacent == pytest.approx(np.mean(np.abs(gold - classes) <= 1), abs=1e-12)


@given(graded())
def test_unrounded_scores_are_those_of_scikit_learn_on_clipped_predictions(case):
    gold, predictions = case
    assume(len(set(gold)) > 1)
    clipped = np.clip(predictions, 0, CLASSES - 1)
    found = scored(gold, predictions)
    assert found.mae == pytest.approx(mean_absolute_error(gold, clipped), abs=1e-9)
    assert found.r2 == pytest.approx(r2_score(gold, clipped), rel=1e-9, abs=1e-9)


@given(graded(), st.randoms(use_true_random=False))
def test_the_order_of_texts_changes_no_count(case, random):
    gold, predictions = case
    order = list(range(len(gold)))
    random.shuffle(order)
    first = tally(predictions, gold, gold, CLASSES)
    second = tally(predictions[order], gold[order], gold[order], CLASSES)
    assert np.array_equal(first.confusion, second.confusion)
    assert first.sums.absolute == pytest.approx(second.sums.absolute, rel=1e-12, abs=1e-12)


@given(graded())
def test_wider_gold_never_scores_worse(case):
    gold, predictions = case
    narrow = tally(predictions, gold, gold, CLASSES)
    wide = tally(predictions, gold, np.minimum(gold + 1, CLASSES - 1), CLASSES)
    assert wide.n == narrow.n == len(gold)
    assert np.trace(wide.confusion) >= np.trace(narrow.confusion)
    assert wide.sums.absolute <= narrow.sums.absolute + 1e-12
    assert wide.sums.squared <= narrow.sums.squared + 1e-12


def test_inside_a_gold_interval_is_right_and_outside_counts_to_the_nearer_end():
    # Four texts that may be class 1 or 2 (A2/B1), predicted below, inside, between and above.
    predictions = np.array([0.2, 1.0, 1.6, 3.6])
    low, high = np.full(4, 1), np.full(4, 2)
    counted = tally(predictions, low, high, CLASSES)
    expected = np.zeros((5, 5), dtype=int)
    expected[1, 0] = 1  # 0.2 rounds to 0; the nearer end is 1
    expected[1, 1] = 1
    expected[2, 2] = 1  # 1.6 rounds to 2, which is right
    expected[2, 4] = 1  # 3.6 rounds to 4; the nearer end is 2
    assert np.array_equal(counted.confusion, expected)
    assert counted.sums.absolute == pytest.approx(0.8 + 0 + 0 + 1.6)
    assert counted.sums.squared == pytest.approx(0.64 + 2.56)
    assert counted.sums.gold == pytest.approx(4 * 1.5)
    assert counted.sums.gold_squared == pytest.approx(4 * 1.5**2)


def test_qwk_of_a_matrix_worked_by_hand():
    # Two classes apart by one: observed disagreement 1/4; by chance 1/2·1/4 + 1/2·3/4 = 1/2.
    assert qwk([[1, 1], [0, 2]]) == pytest.approx(1 - (1 / 4) / (1 / 2))


def test_qwk_is_one_for_right_minus_one_for_reversed_and_zero_for_constant_predictions():
    gold = np.array([0, 1, 2, 3, 4])
    assert scored(gold, gold.astype(float)).qwk == pytest.approx(1)
    assert scored(gold, gold[::-1].astype(float)).qwk == pytest.approx(-1)
    assert scored(gold, np.full(5, 2.0)).qwk == pytest.approx(0)


def test_one_gold_level_leaves_qwk_and_r2_undefined_not_zero():
    gold = np.array([2, 2, 2])
    found = scored(gold, np.array([2.0, 1.0, 2.2]))
    assert found.qwk is None
    assert found.r2 is None
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.mae == pytest.approx(1.2 / 3)


def test_no_text_leaves_every_score_undefined():
    empty = tally(np.empty(0), np.empty(0, dtype=int), np.empty(0, dtype=int), CLASSES)
    assert set(dict(scores(empty.confusion, empty.sums)).values()) == {None}


def test_means_are_over_defined_scores_only():
    half = Scores(qwk=0.5, macro_f1=0.2, mae=1.0, r2=None, accuracy=0.4, adjacent=0.6)
    undefined = Scores(qwk=None, macro_f1=0.4, mae=2.0, r2=None, accuracy=0.2, adjacent=0.8)
    mean = mean_scores([half, undefined])
    assert mean.qwk == 0.5
    assert mean.macro_f1 == pytest.approx(0.3)
    assert mean.r2 is None


def test_sums_refuse_unknown_fields():
    with pytest.raises(ValueError, match="extra"):
        Sums.model_validate({"absolute": 0, "squared": 0, "gold": 0, "gold_squared": 0, "x": 1})


def test_many_units_at_once_score_as_one_by_one():
    rng = np.random.default_rng(7)
    units = [rng.integers(0, 12, (5, 5)) for _ in range(50)]
    one_gold, nothing = np.zeros((5, 5), dtype=np.int64), np.zeros((5, 5), dtype=np.int64)
    one_gold[2] = [0, 3, 9, 1, 0]
    units += [one_gold, nothing, np.eye(5, dtype=np.int64)]
    sums = []
    for counts in units:
        gold, predicted = np.nonzero(counts)
        weight = counts[gold, predicted]
        error = np.abs(gold - predicted)
        totals = [float(column @ weight) for column in (error, error**2, gold, gold**2)]
        sums.append(Sums(**dict(zip(Sums.model_fields, totals, strict=True))))
    for found, counts, total in zip(all_scores(units, sums), units, sums, strict=True):
        expected = scores(counts, total)
        for name in DIRECTIONS:
            assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-12), name


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_figure_of_a_published_result_is_found_again_to_the_last_bit(path):
    units = json.loads(path.read_text("utf-8"))["units"]
    assert units
    found = all_scores(
        [unit["confusion"] for unit in units], [Sums(**unit["sums"]) for unit in units]
    )
    assert [one.model_dump() for one in found] == [unit["scores"] for unit in units]


def test_a_mean_does_not_depend_on_the_order_of_its_parts():
    """Twenty ways to write down ten units: one number, to the last digit."""
    rng = np.random.default_rng(3)
    values = rng.uniform(-1, 1, 10)
    made = {
        mean_scores([Scores(**dict.fromkeys(DIRECTIONS, float(v))) for v in order]).qwk
        for order in (rng.permutation(values) for _ in range(20))
    }
    assert (
        len({float(sum(order.tolist())) for order in (rng.permutation(values) for _ in range(20))})
        > 1
    )
    assert len(made) == 1


def test_no_units_have_no_scores():
    assert score_rows([], []) == []
    assert score_rows(np.zeros((0, 5, 5), dtype=np.int64), []) == []
    assert all_scores([], []) == []


# -- figures by hand ------------------------------------------------------------------------------


def test_no_parts_have_a_mean_of_which_nothing_is_defined():
    assert mean_scores([]) == Scores.undefined()
    assert set(Scores.undefined().model_dump().values()) == {None}
    assert len(Scores.undefined().model_dump()) == 10


def test_a_mean_is_taken_of_every_score_by_itself():
    names = list(Scores.model_fields)
    parts = [Scores(**{name: (n + 1) * k / 100 for n, name in enumerate(names)}) for k in (1, 2, 6)]
    lacking = parts[1].model_copy(update={"mae": None, "scaled": None})
    found = mean_scores([parts[0], lacking, parts[2]]).model_dump()
    expected = {name: 3 * (n + 1) / 100 for n, name in enumerate(names)}
    expected |= {"mae": 3 * 7 / 2 / 100, "scaled": 10 * 7 / 2 / 100}
    assert found == pytest.approx(expected)


def test_scores_that_a_unit_may_lack_are_null_unless_they_are_given():
    found = scores([[2, 0], [1, 1]], Sums(absolute=1.5, squared=1.25, gold=2.0, gold_squared=2.0))
    assert found.model_dump() == pytest.approx(
        {
            "qwk": 1 - (1 / 4) / (1 / 2 * 1 / 4 + 1 / 2 * 3 / 4),
            "macro_f1": (2 * 2 / 5 + 2 / 3) / 2,
            "mae": 1.5 / 4,
            "r2": 1 - 1.25 / (2 - 4 / 4),
            "accuracy": 3 / 4,
            "adjacent": 1.0,
            **dict.fromkeys(CONTINUOUS),
        }
    )


def test_sums_are_four_numbers_in_order():
    sums = Sums(absolute=1.0, squared=2.0, gold=3.0, gold_squared=4.0)
    assert sums.numbers == (1.0, 2.0, 3.0, 4.0)


def test_a_mean_kappa_is_over_the_matrices_that_have_one():
    right, one_level = np.eye(3, dtype=int), np.diag([0, 4, 0])
    turned = np.fliplr(np.eye(3, dtype=int))
    assert qwks([right, one_level, turned]) == [1.0, None, -1.0]
    assert qwks([]) == []
    assert mean_qwk([right, one_level, right, turned]) == pytest.approx(1 / 3)
    assert mean_qwk([one_level]) is None
    assert mean_qwk([]) is None
    assert mean_defined([None, 0.25, 0.0, None, 0.5]) == 0.25
    assert mean_defined([None]) is None


@pytest.mark.parametrize("clip", [True, False])
def test_a_tally_counts_each_text_and_adds_up_its_error(clip):
    predictions = np.array([-0.5, 0.75, 1.25, 3.5, 2.0])
    low, high = np.array([0, 1, 1, 2, 0]), np.array([0, 2, 2, 2, 0])
    found = tally(predictions, low, high, 4, clip=clip)
    expected = np.zeros((4, 4), dtype=int)
    for gold, predicted in ((0, 0), (1, 1), (1, 1), (2, 3), (0, 2)):
        expected[gold, predicted] += 1
    assert found.confusion.tolist() == expected.tolist()
    assert found.confusion.dtype == np.int64
    assert found.n == 5
    errors = [0.0, 0.25, 0.0, 1.0, 2.0] if clip else [0.5, 0.25, 0.0, 1.5, 2.0]
    assert found.sums.numbers == (sum(errors), sum(e * e for e in errors), 5.0, 2 * 1.5**2 + 4)
    usual = tally(predictions, low, high, 4)
    assert (usual.sums == found.sums) == clip


def test_many_sets_of_predictions_are_tallied_at_once_as_one_by_one():
    rng = np.random.default_rng(2)
    ends = [4, 4, 11, 12]
    predictions = rng.normal(2, 2.5, 12)
    low = rng.integers(0, 4, 12)
    high = np.minimum(low + rng.integers(0, 3, 12), 3)
    clips = [True, False, False, True]
    clip = np.repeat(clips, [4, 0, 7, 1])
    found = tallies(predictions, low, high, 4, ends=ends, clip=clip)
    assert len(found) == 4
    for one, start, end, clipped in zip(found, [0, *ends], ends, clips, strict=False):
        rows = slice(start, end)
        alone = tally(predictions[rows], low[rows], high[rows], 4, clip=clipped)
        assert one.confusion.tolist() == alone.confusion.tolist()
        assert one.sums.numbers == pytest.approx(alone.sums.numbers)
        assert one.n == end - start
    assert tallies(predictions[:0], low[:0], high[:0], 4, ends=[], clip=clip[:0]) == []


def test_rows_of_scores_stand_in_the_order_of_their_names():
    confusion = [[[3, 1, 0], [0, 2, 1], [1, 0, 4]]]
    sums = [Sums(absolute=5.0, squared=7.0, gold=13.0, gold_squared=23.0)]
    (row,) = score_rows(confusion, sums)
    assert named_scores(row) == all_scores(confusion, sums)[0]
    assert row[2:] == pytest.approx((5 / 12, 1 - 7 / (23 - 169 / 12), 9 / 12, 11 / 12))
