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
    DIRECTIONS,
    Scores,
    Sums,
    all_scores,
    mean_scores,
    qwk,
    score_rows,
    scores,
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
