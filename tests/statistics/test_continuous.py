"""Rank scores against scipy and a plain implementation, whole, resampled and without a text."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score

from cefrbench.statistics.continuous import RECUT, SPEARMAN, rank_scores, recut_classes
from cefrbench.statistics.draws import resample
from cefrbench.statistics.ranking import sort_by_score
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.sample import Part, Sample, Scored
from cefrbench.statistics.scoring import outcomes

LEVELS = 5


def plain_recut(
    score: NDArray[np.float64], low: NDArray[np.int64], high: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The definition, word by word, in a loop."""
    shares = np.zeros(LEVELS)
    for a, b in zip(low, high, strict=True):
        shares[a : b + 1] += 1 / (b - a + 1)
    found = np.zeros(len(score), dtype=np.int64)
    for place, text in enumerate(sorted(range(len(score)), key=lambda i: (score[i], i))):
        # More than half of the text is below a cut, or it is above it.
        found[text] = sum(shares[: k + 1].sum() - place <= 0.5 + 1e-9 for k in range(LEVELS - 1))
    return found


def plain_qwk(score: NDArray[np.float64], low: NDArray[np.int64], high: NDArray[np.int64]) -> float:
    classes = plain_recut(score, low, high)
    gold = np.clip(classes, low, high)
    if len(np.unique(gold)) < 2:
        return np.nan
    return float(cohen_kappa_score(gold, classes, labels=range(LEVELS), weights="quadratic"))


def plain_spearman(
    score: NDArray[np.float64], low: NDArray[np.int64], high: NDArray[np.int64]
) -> float:
    middle = (low + high) / 2
    if len(np.unique(middle)) < 2 or len(np.unique(score)) < 2:
        return np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(spearmanr(score, middle).statistic)


PLAIN = {SPEARMAN: plain_spearman, RECUT: plain_qwk}


@st.composite
def corpora(draw: st.DrawFn, most: int = 14) -> tuple[NDArray[np.float64], ...]:
    """Scores with ties, and gold intervals of up to three levels."""
    n = draw(st.integers(1, most))
    score = draw(st.lists(st.integers(-3, 6).map(lambda x: x / 2), min_size=n, max_size=n))
    low = np.array(draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)))
    width = np.array(draw(st.lists(st.sampled_from([0, 0, 0, 1, 2]), min_size=n, max_size=n)))
    return np.array(score), low, np.minimum(low + width, 4)


def part_of(
    score: NDArray[np.float64],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    texts: NDArray[np.uint64] | None = None,
) -> Part:
    codes = np.arange(len(score), dtype=np.uint64)[::-1].copy() if texts is None else texts
    return Part.of("all", "one", {None: Scored(codes, low, high, score, score)}, LEVELS)


@pytest.mark.parametrize("statistic", [SPEARMAN, RECUT], ids=["spearman", "recut"])
@settings(max_examples=60, deadline=None)
@given(corpus=corpora())
def test_a_score_is_that_of_the_plain_implementation(statistic, corpus) -> None:  # type: ignore[no-untyped-def]
    score, low, high = corpus
    found = statistic.scores([outcomes(score, low, high, LEVELS, score)])
    np.testing.assert_allclose(found, [PLAIN[statistic](*corpus)], atol=1e-12)


@pytest.mark.parametrize("statistic", [SPEARMAN, RECUT], ids=["spearman", "recut"])
@settings(max_examples=60, deadline=None)
@given(corpus=corpora())
def test_a_replicate_is_the_score_of_texts_repeated_as_drawn(statistic, corpus) -> None:  # type: ignore[no-untyped-def]
    part = part_of(*corpus)
    weights = TextWeights(7)
    found = statistic.resampled(part, weights)[:, 0]
    for replicate, value in enumerate(found):
        drawn = weights.of(part.texts)[part.rows, replicate]
        repeated = [np.repeat(column, drawn) for column in corpus]
        np.testing.assert_allclose(value, PLAIN[statistic](*repeated), atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(corpus=corpora())
def test_a_loss_is_what_the_score_loses_without_the_text(corpus) -> None:  # type: ignore[no-untyped-def]
    statistic = SPEARMAN
    part = part_of(*corpus)
    found = statistic.losses(part)[0]
    for i in range(len(corpus[0])):
        without = PLAIN[statistic](*(np.delete(column, i) for column in corpus))
        expected = PLAIN[statistic](*corpus) - without
        np.testing.assert_allclose(found[part.rows[i]], expected, atol=1e-12)


def test_replicates_of_many_texts_are_made_in_blocks_and_are_the_same() -> None:
    rng = np.random.default_rng(1)
    low = rng.integers(0, 5, 900)
    part = part_of(rng.normal(low, 1.0).round(1), low, low)
    weights = TextWeights(1000)
    for statistic, plain in PLAIN.items():
        found = statistic.resampled(part, weights)[:, 0]
        for replicate in (0, 290, 291, 292, 999):
            drawn = weights.of(part.texts)[part.rows, replicate]
            seen = part.outcomes[0]
            assert seen.score is not None
            repeated = (np.repeat(column, drawn) for column in (seen.score, low, low))
            assert found[replicate] == pytest.approx(plain(*repeated), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(corpus=corpora())
def test_classes_have_the_counts_of_the_levels(corpus) -> None:  # type: ignore[no-untyped-def]
    score, low, _ = corpus
    classes = recut_classes(score, low, low, LEVELS)
    np.testing.assert_array_equal(
        np.bincount(classes, minlength=LEVELS), np.bincount(low, minlength=LEVELS)
    )
    np.testing.assert_array_equal(classes, plain_recut(score, low, low))
    order = np.argsort(score, kind="stable")
    assert (np.diff(classes[order]) >= 0).all()


def test_equal_scores_are_cut_in_the_order_of_rows() -> None:
    low = np.array([1, 0, 0])
    np.testing.assert_array_equal(recut_classes(np.ones(3), low, low, LEVELS), [0, 0, 1])


def test_no_scale_and_no_shift_changes_a_rank_score() -> None:
    rng = np.random.default_rng(4)
    low = rng.integers(0, 5, 60)
    score = rng.normal(low, 1.0)
    assert rank_scores(np.exp(score / 3) - 7, low, low, LEVELS) == rank_scores(
        score, low, low, LEVELS
    )


def test_the_right_order_is_a_perfect_score_whatever_the_thresholds() -> None:
    low = np.array([0, 1, 1, 2, 4, 4])
    spearman, recut = rank_scores(low * 0.1 + 9, low, low, LEVELS)
    assert spearman == pytest.approx(1.0)
    assert recut == 1.0


def test_without_a_continuous_score_there_is_no_rank_score() -> None:
    low = np.array([0, 1, 2])
    assert rank_scores(None, low, low, LEVELS) == (None, None)
    part = Part.of("all", "one", {0: Scored(low.astype(np.uint64), low, low, low * 1.0)}, LEVELS)
    for statistic in (SPEARMAN, RECUT):
        assert np.isnan(statistic.resampled(part, TextWeights(5))).all()


def test_one_score_for_all_texts_has_no_rank_correlation() -> None:
    low = np.array([0, 1, 2, 2])
    spearman, recut = rank_scores(np.ones(4), low, low, LEVELS)
    assert spearman is None
    assert recut is not None


def test_a_text_in_two_rows_is_drawn_as_one() -> None:
    texts = np.array([5, 5, 9, 2], dtype=np.uint64)
    low = np.array([0, 1, 3, 4])
    score = np.array([0.3, 0.3, 0.1, 2.0])
    part, weights = part_of(score, low, low, texts), TextWeights(20)
    drawn = weights.of(np.array([2, 5, 9], dtype=np.uint64))[[1, 1, 2, 0]]
    for statistic, plain in PLAIN.items():
        found = statistic.resampled(part, weights)[:, 0]
        expected = [plain(*(np.repeat(c, w) for c in (score, low, low))) for w in drawn.T]
        np.testing.assert_allclose(found, expected, atol=1e-12)
        assert statistic.losses(part).shape == (1, 3)


def test_the_error_of_a_recut_score_is_its_spread_over_samples() -> None:
    """The jackknife's would be 1.3 times as large."""
    rng, weights = np.random.default_rng(3), TextWeights(100)
    scores, variances = [], []
    for _ in range(150):
        low = rng.integers(0, 5, 100)
        codes = np.sort(rng.integers(0, 2**63, 100, dtype=np.uint64))
        value = rng.normal(low, 1.5)
        part = part_of(value, low, low, codes)
        draws = resample(Sample("a", "ridge", "lofo", (part,)), RECUT, weights).draws()
        scores.append(draws.estimate)
        variances.append(draws.error()[0] ** 2)
    assert np.sqrt(np.mean(variances)) == pytest.approx(np.std(scores, ddof=1), rel=0.15)


def test_a_recut_score_is_the_same_whichever_way_weights_are_laid() -> None:
    rng = np.random.default_rng(4)
    level = rng.integers(0, LEVELS, 30)
    part = part_of(level + rng.normal(size=30).round(1), level, level)
    (one,) = part.outcomes
    ranking = sort_by_score(one)
    drawn = TextWeights(40).of(part.texts)[part.rows[ranking.order]]
    found = RECUT._weighted(ranking, drawn.T.astype(np.float64))
    assert len(np.unique(found)) > 10
    np.testing.assert_array_equal(found, RECUT._drawn(ranking, drawn))
    whole = RECUT._weighted(ranking, np.ones((1, 30)))
    assert whole == pytest.approx(RECUT.scores([one]), abs=1e-12)
