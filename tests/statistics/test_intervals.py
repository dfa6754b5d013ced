"""Intervals of confusion matrices and of whole results."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import scipy.special
import scipy.stats
from result_factory import make_result
from simulated_probes import interval
from sklearn.metrics import cohen_kappa_score

from cefrbench.results.bands import layer_bands
from cefrbench.results.intervals import summary_intervals
from cefrbench.results.predictions import PredictionTable
from cefrbench.statistics.draws import Replicates
from cefrbench.statistics.intervals import Interval, ends, from_draws
from cefrbench.statistics.listing import STATISTICS
from cefrbench.statistics.scores import DIRECTIONS

MATRIX = np.array(
    [
        [30, 12, 2, 0, 0],
        [8, 41, 15, 1, 0],
        [1, 14, 52, 16, 2],
        [0, 3, 18, 33, 6],
        [0, 0, 3, 9, 14],
    ]
)


def test_the_standard_error_is_that_of_scipys_bootstrap() -> None:
    gold, predicted = np.repeat(np.divmod(np.arange(25), 5), MATRIX.ravel(), axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = scipy.stats.bootstrap(
            (gold, predicted),
            lambda g, p: cohen_kappa_score(g, p, weights="quadratic"),
            paired=True,
            vectorized=False,
            n_resamples=600,
            method="BCa",
            rng=np.random.default_rng(0),
        )
    ours = interval(MATRIX, replicates=4000)
    assert ours.error == pytest.approx(theirs.standard_error, rel=0.07)
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.01)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.01)


def test_the_interval_of_an_accuracy_is_near_the_exact_one() -> None:
    found = interval(MATRIX, "accuracy")
    exact = scipy.stats.binomtest(int(np.trace(MATRIX)), int(MATRIX.sum())).proportion_ci()
    assert found.low == pytest.approx(exact.low, abs=0.01)
    assert found.high == pytest.approx(exact.high, abs=0.01)


def test_all_right_has_the_interval_with_two_more_right_and_two_wrong() -> None:
    found = interval(np.diag([6, 4]), "accuracy")
    right = 12 / 14
    assert found.low == pytest.approx(right - 1.959964 * np.sqrt(right * (1 - right) / 14))
    assert found.high == 1.0


def test_an_r2_may_be_far_below_nothing() -> None:
    """Every text of the lowest level is given the highest, and the other way round."""
    found = interval(np.fliplr(np.diag([20, 1, 1, 1, 20])), "r2")
    assert found.low < found.estimate < found.high < 0.0


def test_same_matrix_and_seed_give_the_same_interval() -> None:
    assert interval(MATRIX) == interval(MATRIX.tolist())
    assert interval(MATRIX) != interval(MATRIX, seed=1)


def test_a_matrix_with_one_gold_level_has_no_interval_and_says_why() -> None:
    alone = np.zeros((5, 5), dtype=int)
    alone[2] = [0, 3, 9, 1, 0]
    found = interval(alone)
    assert (found.estimate, found.low) == (None, None)
    assert "one level" in found.note


def test_resamples_with_one_level_are_left_out_and_counted() -> None:
    nearly = np.zeros((5, 5), dtype=int)
    nearly[2] = [0, 6, 20, 5, 0]
    nearly[3, 3] = 2
    found = interval(nearly)
    # Both texts of the second level are absent with probability e⁻².
    assert found.undefined / found.replicates == pytest.approx(np.exp(-2), abs=0.03)
    assert found.low is not None
    assert found.note.startswith(f"{found.undefined} of 2,000 resamples")


def test_all_right_is_certain_for_kappa_but_not_for_a_proportion() -> None:
    right = np.diag([5, 8, 9, 6, 4])
    assert (interval(right).low, interval(right).high) == (1.0, 1.0)
    assert 0.85 < (interval(right, "accuracy").low or 0) < 0.97


@pytest.mark.parametrize("score", ["mae", "r2"])
def test_scores_of_unrounded_predictions_need_more_than_a_matrix(score: str) -> None:
    with pytest.raises(ValueError, match="unrounded"):
        layer_bands(make_result()[0].units, ["alpha"], score)


def test_ends_on_fishers_scale_are_those_of_a_correlation() -> None:
    error = 0.05
    low, high = ends(0.8, 0.8, error, "fisher", (-1, 1))
    half = scipy.stats.norm.ppf(0.975) * error / (1 - 0.8**2)
    assert (low, high) == pytest.approx(
        (np.tanh(np.arctanh(0.8) - half), np.tanh(np.arctanh(0.8) + half))
    )


def test_an_interval_holds_its_estimate_however_large_the_bias() -> None:
    low, high = ends(0.90, 0.94, 0.01, "fisher", (-1, 1))
    assert low <= 0.90 <= high


@pytest.mark.parametrize(("link", "estimate"), [("fisher", 1.0), ("fisher", -1.0), ("log", 0.0)])
def test_a_score_at_its_end_whose_refits_vary_has_an_interval(link, estimate) -> None:
    bounds = (0.0, np.inf) if link == "log" else (-1.0, 1.0)
    low, high = ends(estimate, estimate, 0.1, link, bounds)
    assert bounds[0] <= low <= estimate <= high <= bounds[1]
    assert high - low == pytest.approx(1.96 * 0.1, abs=1e-4)


def test_estimates_are_those_of_the_summary() -> None:
    result, predictions = make_result()
    found = summary_intervals(result, predictions)
    for record in result.summary:
        for score in DIRECTIONS:
            one = found.means[record.protocol, record.probe][score]
            expected = getattr(record.chosen, score)
            assert one.estimate == pytest.approx(expected, abs=1e-9)
            assert one.low is not None
            assert one.low <= expected <= one.high  # type: ignore[operator]


def test_the_gap_is_the_difference_of_the_two_means() -> None:
    result, predictions = make_result()
    found = summary_intervals(result, predictions)
    inside, outside = (found.means[p, "ridge"]["qwk"] for p in ("iid", "loco"))
    gap = found.gaps["ridge"]["qwk"]
    assert gap.estimate == pytest.approx((inside.estimate or 0) - (outside.estimate or 0))
    # Texts in distribution are scored out of it too, so they count once.
    assert gap.texts == outside.texts == 120


def test_groups_are_in_no_mean() -> None:
    result, predictions = make_result()
    found = summary_intervals(result, predictions, scores=["qwk"])
    assert {corpus for _, _, corpus in found.corpora} == {"alpha", "beta", "gamma"}


def test_the_order_of_predictions_changes_nothing() -> None:
    result, predictions = make_result()
    units = [table for _, table in predictions.units()]
    turned = PredictionTable.concat([unit.take(np.arange(len(unit))[::-1]) for unit in units])
    first = summary_intervals(result, predictions, scores=["qwk"])
    second = summary_intervals(result, turned, scores=["qwk"])
    assert first.means == second.means


def test_a_text_that_stands_twice_is_resampled_as_one() -> None:
    """In the study's form a repeated text is scored twice; it is still one text."""
    result, predictions = make_result(form="study", seeds=(0,))
    doubled = PredictionTable.concat(
        [PredictionTable.concat([unit, unit]) for _, unit in predictions.units()]
    )
    once = summary_intervals(result, predictions, scores=["qwk"]).means["loco", "ridge"]["qwk"]
    twice = summary_intervals(result, doubled, scores=["qwk"]).means["loco", "ridge"]["qwk"]
    assert twice.estimate == pytest.approx(once.estimate)
    assert twice.error == pytest.approx(once.error, rel=1e-6)


def test_more_texts_narrow_an_interval_as_their_root() -> None:
    widths = []
    for texts in (50, 200):
        found = summary_intervals(*make_result(texts=texts), scores=["qwk"])
        one = found.means["loco", "ridge"]["qwk"]
        widths.append((one.high or 0) - (one.low or 0))
    assert widths[0] / widths[1] == pytest.approx(2.0, rel=0.25)


def test_bands_of_layers_agree_with_the_bootstrap() -> None:
    result, predictions = make_result(texts=150, probes=("ridge",), layers=(1,), refits=0)
    names = {record.card.name for record in result.corpora}
    band = layer_bands(result.units, names)["loco", "ridge", 1]
    whole = summary_intervals(result, predictions, scores=["qwk"]).means["loco", "ridge"]["qwk"]
    assert band.estimate == pytest.approx(whole.estimate)
    assert band.error == pytest.approx(whole.error, rel=0.05)
    assert band.texts == whole.texts


def test_folds_of_one_corpus_are_one_confusion_matrix_in_a_band() -> None:
    """Five folds that score parts of a corpus have the band of one that scores it whole."""
    result, _ = make_result(texts=150, probes=("ridge",), layers=(1,), protocols=("iid",))
    folds = [unit for unit in result.units if unit.corpus == "alpha" and unit.layer == 1]
    assert (len(folds), sum(unit.n for unit in folds)) == (5, 150)
    whole = np.sum([unit.confusion for unit in folds], axis=0)
    update = {"fold": "all", "n": 150, "confusion": tuple(map(tuple, whole.tolist()))}
    together = layer_bands([folds[0].model_copy(update=update)], ["alpha"])
    assert layer_bands(folds, ["alpha"]) == together
    assert together["iid", "ridge", 1].texts == 150


def test_a_band_adds_the_seeds_own_spread_to_what_a_text_does_to_all_of_them() -> None:
    """By hand: two seeds' errors over texts averaged, and half the variance of their scores."""
    result, _ = make_result(texts=80, probes=("ridge",), layers=(1,), protocols=("iid",))
    unit = next(one for one in result.units if one.corpus == "alpha" and one.layer == 1)

    def band(*matrices: np.ndarray) -> Interval:
        units = [
            unit.model_copy(update={"fold": "1", "seed": seed, "confusion": matrix.tolist()})
            for seed, matrix in enumerate(matrices)
        ]
        return layer_bands(units, ["alpha"])["iid", "ridge", 1]

    one, other, both = (
        band(MATRIX),
        band(MATRIX[:, [1, 0, 2, 3, 4]]),
        band(MATRIX, MATRIX[:, [1, 0, 2, 3, 4]]),
    )
    assert one.estimate - other.estimate > 0.05
    assert both.estimate == pytest.approx((one.estimate + other.estimate) / 2)
    texts = ((one.error + other.error) / 2) ** 2
    assert both.error**2 == pytest.approx(texts + (one.estimate - other.estimate) ** 2 / 4)
    assert both.texts == one.texts == MATRIX.sum()


def test_a_bands_centre_is_the_estimate_less_its_bias_by_the_jackknife() -> None:
    """A plain jackknife over texts, one left out after the other."""
    result, _ = make_result(texts=40, probes=("ridge",), layers=(1,), protocols=("iid",))
    unit = next(one for one in result.units if one.corpus == "alpha" and one.layer == 1)
    small = MATRIX // 8 + np.eye(5, dtype=np.int64)
    found = layer_bands([unit.model_copy(update={"confusion": small.tolist()})], ["alpha"])[
        "iid", "ridge", 1
    ]
    gold, predicted = np.repeat(np.divmod(np.arange(25), 5), small.ravel(), axis=1)
    n = len(gold)
    whole, *without = (
        cohen_kappa_score(gold[rows], predicted[rows], weights="quadratic", labels=range(5))
        for rows in (np.arange(n), *(np.delete(np.arange(n), i) for i in range(n)))
    )
    bias = (n - 1) * (np.mean(without) - whole)
    error = np.sqrt(np.sum((without - np.mean(without)) ** 2))
    assert found.estimate == pytest.approx(whole)
    assert found.error == pytest.approx(error)
    expected = ends(whole, whole - bias, error, "fisher", (-1.0, 1.0))
    assert (found.low, found.high) == pytest.approx(expected)
    assert expected != pytest.approx(ends(whole, whole, error, "fisher", (-1.0, 1.0)), abs=1e-4)


def test_a_band_is_of_the_corpora_that_it_is_asked_for_alone() -> None:
    result, _ = make_result(texts=60, probes=("ridge",), layers=(1,), protocols=("iid",))
    own = [unit for unit in result.units if unit.corpus == "beta"]
    assert layer_bands(result.units, ["beta"]) == layer_bands(own, ["beta"])
    assert layer_bands(result.units, []) == {}


def test_a_whole_interval_needs_no_note_and_one_that_is_not_says_why() -> None:
    whole = Interval(0.5, 0.4, 0.6, 0.05, 1200, 2000)
    assert whole.note == ""
    assert replace(whole, undefined=1500).note == (
        "1,500 of 2,000 resamples leave a corpus with one level and are not counted"
    )
    assert replace(whole, low=None, undefined=1).note == (
        "no interval: the texts are too few, 1 of 2,000 resamples leave a corpus with one level"
    )
    assert replace(whole, estimate=None, undefined=3).note == (
        "undefined: the texts have one level only, or no ranks among their predictions"
    )
    assert whole.covers == (
        "other texts scored, with the fits held fixed; not other texts trained on, "
        "other corpora, nor another choice of layer and penalty"
    )
    assert replace(whole, refits=1).covers == (
        "other texts scored, other texts trained on (1 refits); not "
        "other corpora, nor another choice of layer and penalty"
    )


# -- figures by hand ------------------------------------------------------------------------------

Z = 1.959963984540054
FISHER = (np.arctanh, lambda c: 1 / (1 - c**2), np.tanh)
LOGIT = (scipy.special.logit, lambda c: 1 / (c * (1 - c)), scipy.special.expit)
LOG = (np.log, lambda c: 1 / c, np.exp)
LOG1M = (lambda c: -np.log(1 - c), lambda c: 1 / (1 - c), lambda x: 1 - np.exp(-x))
PLAIN = (lambda c: c, lambda c: 1.0, lambda x: x)


@pytest.mark.parametrize(
    ("link", "scale", "bounds", "estimate", "centre"),
    [
        ("fisher", FISHER, (-1.0, 1.0), 0.6, 0.57),
        ("logit", LOGIT, (0.0, 1.0), 0.3, 0.33),
        ("log", LOG, (0.0, np.inf), 1.7, 1.6),
        ("log1m", LOG1M, (-np.inf, 1.0), 0.4, 0.45),
        ("identity", PLAIN, (-np.inf, np.inf), 0.1, 0.12),
    ],
)
@pytest.mark.parametrize("freedom", [np.inf, 6.0])
def test_an_interval_is_normal_on_the_scale_of_its_score(
    link, scale, bounds, estimate, centre, freedom
) -> None:
    there, slope, back = scale
    half = scipy.stats.t.ppf(0.975, freedom) * 0.05 * slope(centre)
    expected = back(there(centre) - half), back(there(centre) + half)
    assert ends(estimate, centre, 0.05, link, bounds, freedom) == pytest.approx(expected)
    if freedom == np.inf:
        assert ends(estimate, centre, 0.05, link, bounds) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("estimate", "centre", "error", "expected"),
    [
        # Half of the way from 0.8 to an end is 0.9, or -0.1.
        (0.8, 0.99, 0.01, (0.8, 0.9 + Z * 0.01)),
        (0.8, -0.6, 0.01, (-0.1 - Z * 0.01, 0.8)),
        (0.8, 0.85, 0.01, (0.8, 0.85 + Z * 0.01)),
        # No end lies beyond the score's.
        (0.9, 0.9, 0.1, (0.9 - Z * 0.1, 1.0)),
        (-0.9, -0.9, 0.1, (-1.0, -0.9 + Z * 0.1)),
        (0.3, 0.2, 1e-12, (0.3, 0.3)),
        (0.3, 0.2, 0.0, (0.3, 0.3)),
    ],
)
def test_a_bias_goes_half_of_the_way_and_no_end_beyond_the_scores(
    estimate, centre, error, expected
) -> None:
    assert ends(estimate, centre, error, "identity", (-1.0, 1.0)) == pytest.approx(expected)
    low, high = ends(0.3, 0.3, 2e-12, "identity", (-1.0, 1.0))
    assert low < 0.3 < high


def drawn(values: list[float], parts: tuple[tuple[int, float], ...] = ()) -> Replicates:
    """A score of 0.7 whose replicates are given, and nothing else that moves it."""
    count = len(values)
    nothing, texts = np.zeros(0), np.arange(30, dtype=np.uint64)
    return Replicates(
        *(0.7, np.array(values), np.zeros(count), 0.0, 0.0, nothing),
        texts=texts,
        influence=np.zeros(30),
        corpora={"one": 0.7},
        parts=parts,
    )


def test_an_interval_of_a_difference_is_centred_at_the_estimate_less_its_bias() -> None:
    values = [0.6, 0.9, 0.8, np.nan]
    found = from_draws(drawn(values))
    error = np.std(values[:3], ddof=1)
    centre = 2 * 0.7 - np.mean(values[:3])
    assert found.error == pytest.approx(error)
    assert (found.low, found.high) == pytest.approx((centre - Z * error, centre + Z * error))
    assert (found.estimate, found.texts, found.replicates) == (0.7, 30, 4)
    assert (found.undefined, found.refits) == (1, 0)


def test_half_of_the_replicates_are_enough_for_an_interval() -> None:
    gone = np.nan
    assert from_draws(drawn([0.6, 0.8, gone, gone])).low is not None
    found = from_draws(drawn([0.6, 0.8, gone, gone, gone]))
    assert found == Interval(0.7, None, None, None, 30, 5, 3)
    refitted = replace(drawn([0.6, 0.8, gone, gone, gone]), refits=np.array([0.5, 0.6, 0.7]))
    assert from_draws(refitted) == Interval(0.7, None, None, None, 30, 5, 3, 3)
    undefined = replace(refitted, estimate=gone)
    assert from_draws(undefined) == Interval(None, None, None, None, 30, 5, 3, 3)


def test_a_mean_of_shares_is_smoothed_by_two_right_and_two_wrong_over_its_parts() -> None:
    parts = ((10, 0.9), (40, 0.5), (25, 1.0))
    one = drawn([0.66, 0.72, 0.75, 0.67], parts)
    found = from_draws(one, STATISTICS["accuracy"])
    smooth = [(n * p + 2 / 3) / (n + 4 / 3) for n, p in parts]
    more = sum(
        s * (1 - s) / (n + 4 / 3) - p * (1 - p) / n for s, (n, p) in zip(smooth, parts, strict=True)
    )
    error = np.sqrt(np.var([0.66, 0.72, 0.75, 0.67], ddof=1) + more / 9)
    assert found.error == pytest.approx(error)
    middle = np.mean(smooth)
    assert (found.low, found.high) == pytest.approx((middle - Z * error, middle + Z * error))
    # What is smoothed may be less; the whole is never less than nothing.
    certain = from_draws(drawn([0.7, 0.7], ((400, 0.5),)), STATISTICS["accuracy"])
    assert (certain.error, certain.low, certain.high) == (0.0, 0.7, 0.7)


def test_an_interval_of_a_score_is_on_its_own_scale() -> None:
    one = drawn([0.66, 0.72, 0.75, 0.67])
    error = np.std(one.values, ddof=1)
    for name in ("qwk", "macro_f1", "mae", "r2"):
        statistic = STATISTICS[name]
        expected = ends(0.7, 1.4 - one.values.mean(), error, statistic.link, statistic.bounds)
        found = from_draws(one, statistic)
        assert (found.low, found.high) == pytest.approx(expected)
        assert found.error == pytest.approx(error)


def test_an_interval_says_nothing_of_refits_and_undefined_resamples_unless_told() -> None:
    found = Interval(0.5, 0.4, 0.6, 0.05, 1200, 2000)
    assert (found.undefined, found.refits) == (0, 0)
