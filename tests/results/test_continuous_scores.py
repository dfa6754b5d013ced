"""Scores of continuous predictions of one corpus, over the folds that score it."""

import numpy as np
import pytest
from result_factory import make_result
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score

from cefrbench.results.corpus_scores import as_of, continuous_scores
from cefrbench.results.levels import as_levels
from cefrbench.results.predictions import PredictionTable
from cefrbench.statistics.matched import cut_scores

GOLD = np.array([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 2, 1])
#: Of three values alone, so that nearly every cut at level shares divides equal scores.
SCORE = np.array([1.0, 1.0, 2.0, 2.0, 3.0, 2.0, 1.0, 3.0, 3.0, 1.0, 1.0, 2.0])
#: In another order than rows stand in, and than scores do.
KEYS = np.array([f"{(5 * i) % 12:032x}" for i in range(12)])


def unit(rows, **own):
    options = {
        "protocol": "iid",
        "fold": "1",
        "corpus": "alpha",
        "probe": "ridge",
        "seed": None,
        "layer": 1,
        "text": KEYS[rows],
        "low": GOLD[rows],
        "high": GOLD[rows],
        "prediction": SCORE[rows],
        "score": SCORE[rows],
    }
    return PredictionTable.of_unit(**options | own)


def scores_of(*units):
    return {
        (one.corpus, one.seed, one.layer): (one.n, one.scores)
        for one in continuous_scores(PredictionTable.concat(units), 5)
    }


def test_equal_scores_are_cut_in_the_order_of_keys_whatever_the_order_of_folds_and_rows():
    recut = np.empty(12, dtype=int)
    recut[np.lexsort((KEYS, SCORE))] = np.sort(GOLD)
    expected = cohen_kappa_score(GOLD, recut, weights="quadratic")
    other = np.empty(12, dtype=int)
    other[np.argsort(SCORE, kind="stable")] = np.sort(GOLD)
    assert abs(cohen_kappa_score(GOLD, other, weights="quadratic") - expected) > 0.01
    for first in (
        np.arange(12),
        np.arange(12)[::-1],
        np.array([7, 2, 9, 0, 1, 3, 4, 5, 6, 8, 10, 11]),
    ):
        n, found = scores_of(unit(first[:5]), unit(first[5:], fold="2"))["alpha", None, 1]
        assert n == 12
        assert found.recut == pytest.approx(expected, abs=1e-12)
        assert found.spearman == pytest.approx(spearmanr(SCORE, GOLD).statistic, abs=1e-12)
        moved = np.rint(np.clip(SCORE - SCORE.mean() + GOLD.mean(), 0, 4)).astype(int)
        located = cohen_kappa_score(GOLD, moved, weights="quadratic", labels=range(5))
        assert found.located == pytest.approx(located, abs=1e-12)


def test_corpora_layers_and_seeds_are_scored_apart():
    rows = np.arange(12)
    found = scores_of(
        unit(rows),
        unit(rows, layer=2, score=-SCORE),
        unit(rows, seed=0),
        unit(rows[:7], corpus="beta"),
    )
    assert [(place, n) for place, (n, _) in found.items()] == [
        (("alpha", None, 1), 12),
        (("alpha", None, 2), 12),
        (("alpha", 0, 1), 12),
        (("beta", None, 1), 7),
    ]
    up, down = found["alpha", None, 1][1], found["alpha", None, 2][1]
    assert down.spearman == pytest.approx(-up.spearman)
    assert found["alpha", 0, 1][1] == up
    seven = spearmanr(SCORE[:7], GOLD[:7]).statistic
    assert found["beta", None, 1][1].spearman == pytest.approx(seven)


def test_one_text_without_a_score_leaves_its_corpus_without_and_no_other_one():
    rows, some = np.arange(12), SCORE.copy()
    some[3] = np.nan
    found = scores_of(
        unit(rows[:5], score=some[:5]), unit(rows[5:], fold="2"), unit(rows, corpus="beta")
    )
    assert set(dict(found["alpha", None, 1][1]).values()) == {None}
    assert found["beta", None, 1][1].recut is not None


def test_scores_of_another_unit_than_levels_are_ranked_and_not_moved():
    """No cuts of the score, and outside the scale: nobody knows what one of it is in levels."""
    predicted = np.where(np.arange(12) % 2, 1.0, 3.0)
    _, found = scores_of(unit(np.arange(12), prediction=predicted, score=SCORE * 100))[
        "alpha", None, 1
    ]
    assert found.spearman == pytest.approx(spearmanr(SCORE, GOLD).statistic)
    assert found.located is None
    assert found.scaled is None


def test_the_cuts_of_a_fit_are_those_of_all_that_it_scored_and_of_no_other_fit():
    """Corpora of one fold share them; another fold and another layer have their own."""
    latent = np.array([-7.0, -2.0, -1.0, 3.0, 4.0, 9.0, -6.0, 0.0, 2.0, 5.0, 8.0, 12.0])
    classes = np.searchsorted([-3.0, 1.0, 4.5, 8.5], latent).astype(float)
    rows = np.arange(12)
    table = PredictionTable.concat(
        [
            unit(rows[:6], prediction=classes[:6], score=latent[:6]),
            unit(rows[6:], prediction=classes[6:], score=latent[6:], corpus="beta"),
            unit(rows[:6], prediction=classes[:6], score=latent[:6], layer=2),
            unit(rows, prediction=classes, score=latent * 10 + 3, fold="2"),
        ]
    )
    found = as_levels(table, 5).score
    together = cut_scores(classes, latent, 5)
    assert found[:12] == pytest.approx(together, abs=1e-12)
    assert found[12:18] == pytest.approx(cut_scores(classes[:6], latent[:6], 5), abs=1e-12)
    assert np.abs(found[12:18] - together[:6]).max() > 0.05
    assert found[18:] == pytest.approx(together, abs=1e-9), "a latent has no unit of its own"


def test_refits_are_cut_by_their_own_classes_and_one_without_a_score_has_none():
    latent = np.array([-7.0, -2.0, -1.0, 3.0, 4.0, 9.0])
    classes = np.searchsorted([-3.0, 1.0, 4.5, 8.5], latent).astype(float)
    drawn = np.stack([latent[::-1] * 2, latent + 1, latent], axis=1)
    drawn[2, 2] = np.nan
    refitted = np.stack(
        [
            np.searchsorted([-4.0, 2.0, 9.0, 17.0], drawn[:, 0]),
            np.searchsorted([-7.0, -2.0, 4.5, 20.0], drawn[:, 1]),
            np.ones(6),
        ],
        axis=1,
    ).astype(float)
    own = {"refit_prediction": refitted, "refit_score": drawn, "replicates": 3}
    found = as_levels(unit(np.arange(6), prediction=classes, score=latent, **own), 5).refit_score
    for r in range(2):
        expected = cut_scores(refitted[:, r], drawn[:, r], 5)
        assert found[:, r] == pytest.approx(expected, abs=2e-3)
    assert np.isnan(found[:, 2]).all()
    # A regressor's refits are in levels as they stand.
    plain = as_levels(unit(np.arange(6), **own), 5).refit_score
    assert np.array_equal(plain, drawn.astype(np.float16), equal_nan=True)


def test_scores_that_a_schema_does_not_know_are_left_out_of_its_results_alone():
    result, _ = make_result(texts=20)
    old = as_of("2.0", result.scores)
    assert as_of("2.1", result.scores) == result.scores
    assert {(one.scores.located, one.scores.scaled) for one in old} == {(None, None)}
    assert any(one.scores.located is not None for one in result.scores)


def test_a_fit_of_unknown_unit_has_no_levels_nor_have_its_refits_and_the_next_fit_has():
    rows = np.arange(6)
    drawn = np.stack([SCORE[:6] + 0.5, SCORE[:6] - 0.25], axis=1)
    own = {"refit_prediction": drawn, "refit_score": drawn, "replicates": 2}
    odd = np.where(rows % 2, 1.0, 3.0)
    table = PredictionTable.concat(
        [
            unit(rows, prediction=odd, score=SCORE[:6] * 100, **own),
            unit(rows, layer=2, **own),
            unit(rows, fold="2", prediction=odd, score=SCORE[:6] * 100, **own),
            unit(rows, seed=3, **own),
        ]
    )
    found = as_levels(table, 5)
    for start, known in ((0, False), (6, True), (12, False), (18, True)):
        score, refits = found.score[start : start + 6], found.refit_score[start : start + 6]
        if known:
            assert score.tolist() == SCORE[:6].tolist()
            assert refits.tolist() == drawn.tolist()
        else:
            assert np.isnan(score).all()
            assert np.isnan(refits).all()
    assert found.refit_prediction is table.refit_prediction
    assert found.prediction is table.prediction


def test_corpora_of_one_fold_are_of_one_fit_wherever_their_rows_stand():
    latent = np.array([-7.0, -2.0, -1.0, 3.0, 4.0, 9.0, -6.0, 0.0, 2.0, 5.0, 8.0, 12.0])
    classes = np.searchsorted([-3.0, 1.0, 4.5, 8.5], latent).astype(float)
    rows = np.arange(12)
    one = unit(rows[:6], prediction=classes[:6], score=latent[:6])
    between = unit(rows, prediction=classes, score=latent, probe="other", corpus="beta")
    other = unit(rows[6:], prediction=classes[6:], score=latent[6:], corpus="beta")
    found = as_levels(PredictionTable.concat([one, between, other]), 5).score
    together = cut_scores(classes, latent, 5)
    assert found[:6] == pytest.approx(together[:6], abs=1e-12)
    assert found[6:18] == pytest.approx(together, abs=1e-12)
    assert found[18:] == pytest.approx(together[6:], abs=1e-12)


def test_texts_of_two_corpora_are_each_put_in_their_own_order():
    """As many of them, of which the first is the same."""
    other = np.array([KEYS[0], *KEYS[1:][::-1]])
    expected = []
    for keys in (KEYS, other):
        recut = np.empty(12, dtype=int)
        recut[np.lexsort((keys, SCORE))] = np.sort(GOLD)
        expected.append(cohen_kappa_score(GOLD, recut, weights="quadratic"))
    assert abs(expected[0] - expected[1]) > 0.01
    rows = np.arange(12)
    found = scores_of(unit(rows), unit(rows, corpus="beta", text=other), unit(rows, layer=2))
    assert [scores.recut for _, scores in found.values()] == pytest.approx(
        [expected[0], expected[1], expected[0]], abs=1e-12
    )
