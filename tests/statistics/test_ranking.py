"""Rows in the order of their scores: what has no rank, what shares an order, and long columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from cefrbench.statistics.continuous import RECUT, SPEARMAN, rank_scores, recut_classes
from cefrbench.statistics.ranking import rank, rank_all, sort_by_score
from cefrbench.statistics.resampling import MOST_DRAWN, TextWeights
from cefrbench.statistics.sample import Part, Scored
from cefrbench.statistics.scoring import Outcomes, outcomes

BOTH = pytest.mark.parametrize("statistic", [SPEARMAN, RECUT], ids=["spearman", "recut"])


def tied(seed: int, low: np.ndarray, high: np.ndarray) -> Outcomes:
    score = np.random.default_rng(seed).integers(0, 6, len(low)) / 2
    return outcomes(score, low, high, 5, score)


@BOTH
def test_scores_of_the_same_texts_are_ranked_at_once_as_each_by_itself(statistic) -> None:
    rng = np.random.default_rng(0)
    low = rng.integers(0, 4, 30)
    high = low + rng.integers(0, 2, 30)
    each = [tied(seed, low, high) for seed in range(4)]
    expected = [statistic.scores([one]).item() for one in each]
    assert len(set(expected)) == 4
    assert statistic.scores(each).tolist() == expected
    # The same levels in other arrays, other levels at either end, and no score at all.
    mixed = [
        each[0],
        replace(each[1], low=low.copy()),
        replace(each[2], high=low),
        replace(each[3], low=high),
        replace(each[0], score=None),
        each[1],
    ]
    expected = [statistic.scores([one]).item() for one in mixed]
    np.testing.assert_array_equal(statistic.scores(mixed), expected)
    np.testing.assert_array_equal(statistic.scores(mixed[::-1]), expected[::-1])
    for pair in (mixed[1:3], mixed[2:4], mixed[4:]):
        expected = [statistic.scores([one]).item() for one in pair]
        np.testing.assert_array_equal(statistic.scores([each[0], *pair])[1:], expected)
    assert np.isnan(expected).tolist() == [True, False]
    assert statistic.scores([]).tolist() == []


@BOTH
def test_a_seed_without_a_score_leaves_the_others_as_they_are(statistic) -> None:
    low = np.array([0, 1, 2, 3, 3])
    values = np.array([1.0, 0.5, 2.0, 2.5, 2.5])
    codes = np.arange(5, dtype=np.uint64)
    one, none = Scored(codes, low, low, values, values), Scored(codes, low, low, values)
    part = Part.of("all", "one", {0: none, 1: one, 2: none, 3: one}, 5)
    weights = TextWeights(20)
    alone = Part.of("all", "one", {1: one}, 5)
    resampled, losses = statistic.resampled(part, weights), statistic.losses(part)
    for seed in (1, 3):
        np.testing.assert_array_equal(resampled[:, seed], statistic.resampled(alone, weights)[:, 0])
        np.testing.assert_array_equal(losses[seed], statistic.losses(alone)[0])
    assert np.isnan(resampled[:, [0, 2]]).all()
    assert resampled.shape == (20, 4)
    if statistic is SPEARMAN:
        assert np.isnan(losses).all(1).tolist() == [True, False, True, False]


@BOTH
def test_no_texts_have_no_ranks(statistic) -> None:
    nothing, codes = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)
    one = Scored(codes, nothing, nothing, np.zeros(0), np.zeros(0))
    part = Part.of("all", "one", {0: one, 1: one}, 5)
    assert np.isnan(statistic.scores(part.outcomes)).tolist() == [True, True]
    assert np.isnan(statistic.resampled(part, TextWeights(3))).all()
    assert statistic.losses(part).shape == (2, 0)
    assert rank_scores(np.zeros(0), nothing, nothing, 5) == (None, None)


def test_undefined_scores_are_none_among_the_others() -> None:
    low = np.array([0, 1, 2])
    rankings = rank_all(np.array([[1.0, 2.0, 3.0], [4.0, 4.0, 4.0]]), low, low, 5)
    assert SPEARMAN.or_none(rankings) == [pytest.approx(1.0), None]
    assert RECUT.or_none(rankings) == [1.0, 1.0]


def test_texts_of_one_interval_are_cut_inside_it() -> None:
    """Half of them are of either level, and each is right with it."""
    low, high = np.full(5, 1), np.full(5, 2)
    score = np.array([3.0, 1.0, 2.0, 5.0, 4.0])
    # The text in the middle is halved, and goes to the upper side.
    assert recut_classes(score, low, high, 5).tolist() == [2, 1, 1, 2, 2]
    assert rank_scores(score, low, high, 5) == (None, 1.0)


def test_intervals_of_any_width_take_equal_shares_of_each_level() -> None:
    low, high = np.array([0, 0, 1, 0, 4, 2]), np.array([2, 4, 4, 3, 4, 2])
    expected = np.zeros(5)
    for a, b in zip(low, high, strict=True):
        expected[a : b + 1] += 1 / (b - a + 1)
    cuts = np.ceil(np.cumsum(expected)[:-1] - 0.5 - 1e-9)
    found = recut_classes(np.arange(6.0), low, high, 5)
    assert found.tolist() == [int((cuts <= place).sum()) for place in range(6)]


def test_rows_are_sorted_by_score_and_equal_ones_stand_as_they_stood() -> None:
    low, high = np.array([3, 0, 1, 0, 3]), np.array([4, 0, 1, 0, 3])
    found = rank(np.array([2.0, 1.0, 2.0, 0.5, 1.0]), low, high, 5)
    assert found.order.tolist() == [3, 1, 4, 0, 2]
    assert found.score.tolist() == [0.5, 1, 1, 2, 2]
    assert (found.low.tolist(), found.high.tolist()) == ([0, 1, 3, 3], [0, 1, 3, 4])
    assert found.kind.tolist() == [0, 0, 2, 3, 1]
    assert found.first.tolist() == [0, 1, 1, 3, 3]
    assert found.last.tolist() == [1, 3, 3, 5, 5]
    assert found.before[-1].tolist() == [2, 1, 1, 1]
    assert found.before[3].tolist() == [2, 0, 1, 0]
    assert found.by_kind.tolist() == [0, 1, 4, 2, 3]
    # Middles 0, 1, 3 and 3.5.
    assert found.levels.argmax(1).tolist() == [0, 0, 2, 3, 1]
    assert found.levels.sum(1).tolist() == [1.0] * 5
    assert found.n_classes == 5
    one = outcomes(found.score, low, high, 5, np.array([2.0, 1.0, 2.0, 0.5, 1.0], np.float32))
    assert sort_by_score(one).order.tolist() == found.order.tolist()


def test_intervals_of_one_middle_are_one_level_of_ranks() -> None:
    low, high = np.array([0, 1, 2, 3]), np.array([2, 1, 2, 3])
    score = np.array([1.0, 3.0, 2.0, 4.0])
    found = rank(score, low, high, 4).levels
    assert found.tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]]
    expected = spearmanr(score, [1, 1, 2, 3]).statistic
    assert rank_scores(score, low, high, 4)[0] == pytest.approx(expected)


def test_more_texts_than_a_block_of_weights_are_taken_one_replicate_at_a_time() -> None:
    n = 2**17 + 3
    low = np.arange(n) % 5
    score = (low * 7 % 5 + np.arange(n) % 3).astype(float)
    ranking = sort_by_score(outcomes(score, low, low, 5, score))
    drawn = np.ones((n, 3), np.uint8)
    drawn[low[ranking.order] == 4, 1] = 0
    found = SPEARMAN._drawn(ranking, drawn)
    kept = low < 4
    expected = [spearmanr(score, low).statistic, spearmanr(score[kept], low[kept]).statistic]
    assert found == pytest.approx([*expected, expected[0]])


def test_texts_that_are_all_drawn_as_often_as_can_be_have_the_score_of_one_time_each() -> None:
    """So often that two bytes could not count them."""
    n = 2**16 // MOST_DRAWN + 500
    low = np.arange(n) * 5 // n
    score = low + np.random.default_rng(0).normal(0, 1, n).round(2)
    one = outcomes(score, low, low, 5, score)
    found = RECUT._drawn(sort_by_score(one), np.full((n, 2), MOST_DRAWN, np.uint8))
    assert found == pytest.approx([RECUT.scores([one]).item()] * 2, abs=1e-3)
