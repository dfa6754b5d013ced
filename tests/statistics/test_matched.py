"""Predictions moved and stretched to a corpus, against a plain second way and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from cefrbench.statistics.continuous import RECUT, SPEARMAN
from cefrbench.statistics.matched import (
    LEVELLED,
    LOCATED,
    SCALED,
    MatchedScore,
    cut_scores,
    is_cut,
    level_scores,
    matched_scores,
)
from cefrbench.statistics.ranking import sort_by_score
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.sample import Part, Scored
from cefrbench.statistics.scoring import outcomes

STEPS = [LEVELLED, LOCATED, SCALED]
Corpus = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]


def plain(statistic: MatchedScore, values: NDArray, low: NDArray, high: NDArray) -> float:
    """The definition, for gold intervals; NaN with one gold level or none."""
    middle = (low + high) / 2
    if statistic.located and len(values):
        apart = values - values.mean()
        if statistic.scaled and values.std() > 1e-9 and middle.std() > 1e-9:
            apart = apart * middle.std() / values.std()
        values = apart + middle.mean()
    classes = np.rint(np.clip(values, 0, 4)).astype(int)
    gold = np.clip(classes, low, high)
    if len(np.unique(gold)) < 2:
        return np.nan
    return float(cohen_kappa_score(gold, classes, labels=range(5), weights="quadratic"))


def drawn(seed: int, n: int, widest: int = 3) -> Corpus:
    """Predictions off the scale of levels, and gold intervals."""
    rng = np.random.default_rng(seed)
    low = rng.integers(0, 5, n)
    high = np.minimum(low + rng.integers(0, widest, n), 4)
    return 0.4 * low + rng.normal(2.0, 0.5, n), low, high


def scored(statistic: MatchedScore, corpus: Corpus) -> float:
    values, low, high = corpus
    return float(statistic.scores([outcomes(values, low, high, 5, values)])[0])


@pytest.mark.parametrize("statistic", STEPS, ids=lambda one: one.name)
@pytest.mark.parametrize("seed", range(4))
def test_gold_intervals_are_matched_by_their_middles(statistic: MatchedScore, seed: int) -> None:
    corpus = drawn(seed, 40)
    assert scored(statistic, corpus) == pytest.approx(plain(statistic, *corpus), abs=1e-12)


@pytest.mark.parametrize("statistic", STEPS, ids=lambda one: one.name)
@pytest.mark.parametrize("n", [1, 2, 3, 25])
def test_a_resample_is_matched_by_its_own_texts(statistic: MatchedScore, n: int) -> None:
    """Of few texts some resamples hold none, or one level."""
    corpus = values, low, high = drawn(n, n)
    codes = np.arange(n, dtype=np.uint64)
    part = Part.of("all", "one", {None: Scored(codes, low, high, values, values)}, 5)
    weights = TextWeights(30)
    found = statistic.resampled(part, weights)[:, 0]
    expected = [
        plain(statistic, *(np.repeat(column, often) for column in corpus))
        for often in weights.of(part.texts).T
    ]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert n > 3 or np.isnan(found).any()


@pytest.mark.parametrize("statistic", STEPS, ids=lambda one: one.name)
def test_many_predictions_of_the_same_texts_are_matched_each_by_itself(
    statistic: MatchedScore,
) -> None:
    _, low, high = drawn(1, 30)
    each = [np.random.default_rng(seed).normal(seed, 1, 30) for seed in range(3)]
    found = statistic.scores([outcomes(one, low, high, 5, one) for one in each])
    expected = [plain(statistic, one, low, high) for one in each]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_where_all_texts_have_one_interval_there_is_nothing_to_stretch_to() -> None:
    """Both levels are right everywhere, so the texts may still get different ones."""
    low, high = np.full(4, 1), np.full(4, 2)
    values = np.array([0.0, 1.0, 3.0, 4.0])
    # Moved by -0.5: -0.5, 0.5, 2.5, 3.5, which round to 0, 0, 2, 4 and count as 1, 1, 2, 2.
    expected = cohen_kappa_score([1, 1, 2, 2], [0, 0, 2, 4], labels=range(5), weights="quadratic")
    assert matched_scores(values, low, high, 5) == pytest.approx((expected, expected))


@pytest.mark.parametrize(("spread", "stretched"), [(1e-4, False), (1e-2, True)])
def test_a_spread_that_is_rounding_beside_the_values_is_not_stretched(
    spread: float, stretched: bool
) -> None:
    low = np.array([0, 1, 2, 3, 4])
    values = 1e6 + spread * np.arange(-2, 3)
    located, scaled = matched_scores(values, low, low, 5)
    assert located == 0.0
    assert scaled == pytest.approx(1.0 if stretched else 0.0)


def test_one_gold_level_has_no_matched_score_and_no_text_has_none() -> None:
    level = np.array([2, 2, 2])
    assert matched_scores(np.array([1.0, 2.0, 2.5]), level, level, 5) == (None, None)
    assert matched_scores(np.zeros(0), level[:0], level[:0], 5) == (None, None)


@pytest.mark.parametrize("statistic", STEPS, ids=lambda one: one.name)
def test_halves_round_to_the_even_level_in_resamples_too(statistic: MatchedScore) -> None:
    """Mean and spread are those of the gold levels, so that all three leave values as they are."""
    low = np.array([0, 1, 2, 3, 4, 0, 1, 3, 4, 0, 4, 2, 2])
    values = np.array([0.5, 1.5, 2.5, 3.5, 2, 0, 1, 3, 4, 0.5, 3.5, 1.5, 2.5])
    if statistic.scaled:
        values = low.astype(float)
    expected = plain(LEVELLED, values, low, low)
    assert values.mean() == low.mean()
    ranking = sort_by_score(outcomes(values, low, low, 5, values))
    assert scored(statistic, (values, low, low)) == pytest.approx(expected, abs=1e-12)
    found = statistic._weighted(ranking, np.ones((2, len(low))))
    assert found.tolist() == pytest.approx([expected] * 2, abs=1e-12)


@pytest.mark.parametrize("statistic", [*STEPS, RECUT], ids=lambda one: one.name)
def test_no_text_moves_a_score_that_jumps(statistic: MatchedScore) -> None:
    values, low, high = drawn(0, 6)
    codes = np.array([5, 5, 1, 2, 3, 4], dtype=np.uint64)
    one = Scored(codes, low, high, values, values)
    part = Part.of("all", "one", {0: one, 1: one, 2: one}, 5)
    assert statistic.losses(part).tolist() == [[0.0] * 5] * 3


def test_each_step_has_its_name_and_the_scale_of_kappa() -> None:
    found = [
        (one.name, one.link, one.bounds, one.proportion, one.more_is_better)
        for one in (*STEPS, RECUT, SPEARMAN)
    ]
    names = ["levelled", "located", "scaled", "recut", "spearman"]
    assert found == [(name, "fisher", (-1.0, 1.0), False, True) for name in names]
    flags = [(one.located, one.scaled) for one in STEPS]
    assert flags == [(False, False), (True, False), (True, True)]


# -- the scale of levels --------------------------------------------------------------------------

EDGE = 0.5 - 1e-9


@pytest.mark.parametrize(
    ("prediction", "score", "expected"),
    [
        # Cuts at 0.5, 5.5 and 8.5: two levels over eight units outside; 2 is never given.
        ([0, 0, 1, 1, 3], [-2, 0, 1, 4, 10], [-0.125, 0.375, 0.6, 1.2, 2.875]),
        # The classes overlap: none leaves its own; the lowest goes on below.
        (
            [0, 0, 1, 1, 2],
            [0, 1.2, 1, 2, 3],
            [0.5 - 1.1 / 1.4, EDGE, 1 - EDGE, 0.5 + 0.9 / 1.4, 1.5 + 0.5 / 1.4],
        ),
        # So do the highest two; the lowest that is given is held too.
        (
            [2, 2, 3, 3, 4, 4],
            [-9, -1, 1, 3.2, 3, 99],
            [2 - EDGE, 2.5 - 1 / 3.1, 2.5 + 1 / 3.1, 3 + EDGE, 4 - EDGE, 3.5 + 95.9 / 3.1],
        ),
        # One cut, or two at one place: the classes stand.
        ([1, 1, 2], [-1, 0, 3], [1, 1, 2]),
        ([0, 1, 2], [5, 4, 3], [0, 1, 2]),
        ([3, 3], [1, 2], [3, 3]),
    ],
)
def test_scores_are_placed_between_the_cuts_of_their_classes(
    prediction: list[float], score: list[float], expected: list[float]
) -> None:
    found = cut_scores(np.array(prediction, float), np.array(score, float), 5)
    assert found.tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("prediction", "score", "cut"),
    [
        ([0, 1, 1, 3], [0.5, 0.7, 0.9, 1.1], True),
        ([0, 1, 1, 3], [0.5, 0.5, 0.9, 0.9], True),
        ([0, 1, 1, 3], [0.5, 0.4, 0.9, 1.1], False),
        ([0, 1, 1, 3], [0.5, 0.7, 1.2, 1.1], False),
        ([0, 1.25, 1, 3], [0.5, 0.7, 0.6, 1.1], False),
        ([0, 1, 2, 3], [0, 1, 2, 3], False),
        ([2, 2], [1.5, 0.5], True),
    ],
)
def test_classes_are_cuts_where_each_is_above_all_lower_ones(
    prediction: list[float], score: list[float], cut: bool
) -> None:
    assert is_cut(np.array(prediction, float), np.array(score, float)) is cut


@pytest.mark.parametrize(
    ("score", "known"),
    [
        ([0.0, 4.0, 1.0, 2.0], True),
        ([-0.001, 4.0, 1.0, 2.0], False),
        ([0.0, 4.001, 1.0, 2.0], False),
        ([0.0, 3.0, 1.0, np.nan], False),
    ],
)
def test_a_score_is_in_levels_from_the_first_to_the_last_one(
    score: list[float], known: bool
) -> None:
    values = np.array(score)
    classes = np.array([1.0, 2.0, 2.0, 1.0])
    assert level_scores(classes, values, 5) is (values if known else None)


def test_a_score_is_cut_in_levels_where_its_classes_are_cuts() -> None:
    prediction, score = np.array([0, 0, 1, 1, 3.0]), np.array([-2, 0, 1, 4, 10.0])
    found = level_scores(prediction, score, 5)
    assert found is not None
    np.testing.assert_array_equal(found, cut_scores(prediction, score, 5))
    off = np.array([-3.0, 9.5])
    assert level_scores(off, off, 5) is off
