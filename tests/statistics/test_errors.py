"""Errors of the whole procedure: sources added up, freedom, and how refits are paired."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from simulated_probes import BROAD, predict, texts

from cefrbench.statistics.differences import errors_of
from cefrbench.statistics.draws import Replicates, gap, resample
from cefrbench.statistics.errors import (
    Errors,
    covariance,
    difference_variance,
    quantile,
    whole_error,
    without_rounding,
)
from cefrbench.statistics.intervals import from_draws
from cefrbench.statistics.listing import STATISTICS
from cefrbench.statistics.pairs import beyond_corpora, these_corpora
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.sample import Part, Refits, Sample, Scored

QWK = STATISTICS["qwk"]
WEIGHTS = TextWeights(400)


def test_variances_add_up_and_so_do_the_doubts_about_them() -> None:
    found = whole_error(4.0, 9.0, -1.5, 20, 6.0, 7.0, 7.0**2 / 2)
    assert found.error == pytest.approx(4.0)
    doubt = (9.0**2 + 2 * 4.0 * 9.0 + 2 * 1.5**2 - 4 * 9.0 * 1.5) / 19 + 16.0 * 7.0 / 2
    assert found.freedom == pytest.approx(16.0**2 / doubt)


def test_what_moves_both_sources_is_counted_and_its_doubt_is_that_of_so_few_pairs() -> None:
    """Two correlated sources of known covariance, drawn anew again and again."""
    rng = np.random.default_rng(1)
    truth = np.array([[1.0, 0.6], [0.6, 2.0]])
    drawn = rng.multivariate_normal([0, 0], truth, size=(4000, 20))
    errors = [
        whole_error(1.0, refits.var(ddof=1), covariance(values, refits), 20, 0.0, 0.0, 0.0)
        for values, refits in (each.T for each in drawn)
    ]
    squares = np.array([float(one.error) ** 2 for one in errors])
    assert squares.mean() == pytest.approx(truth.sum(), rel=0.02)
    freedom = 2 * squares.mean() ** 2 / squares.var()
    assert np.median([float(one.freedom) for one in errors]) == pytest.approx(freedom, rel=0.15)


def test_no_sum_is_taken_for_less_than_one_of_its_variances() -> None:
    assert whole_error(4.0, 9.0, -6.0, 20, 0.0, 0.0, 0.0).error == pytest.approx(3.0)


def test_two_means_have_no_more_freedom_than_in_welchs_test() -> None:
    """With no error over texts, refits and seeds are two samples of which scipy knows the rest."""
    rng = np.random.default_rng(0)
    one, two = rng.normal(0, 1, 7), rng.normal(0, 3, 5)
    a, b = one.var(ddof=1) / 7, two.var(ddof=1) / 5
    found = whole_error(0.0, a, 0.0, 7, b, b, b**2 / 4)
    welch = scipy.stats.ttest_ind(one, two, equal_var=False)
    assert found.error == pytest.approx(np.sqrt(a + b))
    assert 4 <= found.freedom < welch.df
    alone = whole_error(0.0, 0.0, 0.0, 7, b, b, b**2 / 4)
    assert alone.freedom == pytest.approx(4)
    # Two encoders' seeds are two samples, and of them the freedom is Welch's.
    both = whole_error(0.0, 0.0, 0.0, 7, a + b, a + b, a**2 / 6 + b**2 / 4)
    assert both.freedom == pytest.approx(welch.df)
    test = these_corpora(one.mean() - two.mean(), both).one()
    assert test is not None
    assert test.p == pytest.approx(welch.pvalue)
    assert (test.low, test.high) == pytest.approx(tuple(welch.confidence_interval()))


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("share", [0.1, 0.5, 1.0, 2.0, 4.0, 10.0])
def test_intervals_of_few_seeds_hold_the_truth(seeds: int, share: float) -> None:
    """A mean with a known error over texts, and seeds of which few are seen: 94 to 97 % hold."""
    rng = np.random.default_rng(3)
    runs = 20_000
    luck = share * rng.chisquare(seeds - 1, runs) / (seeds - 1)
    refits = 0.5 * rng.chisquare(19, runs) / 19
    off = np.abs(rng.standard_normal(runs)) * np.sqrt(1 + share)
    error, freedom = whole_error(0.5, refits, 0.0, 20, luck, luck, luck**2 / (seeds - 1))
    held = float((off < quantile(freedom) * error).mean())
    assert 0.94 <= held <= 0.97


def test_without_refits_the_normal_distribution_is_meant() -> None:
    found = whole_error(4.0, 0.0, 0.0, 0, 3.0, 3.0, 3.0**2 / 2)
    assert (found.error, found.freedom) == (pytest.approx(np.sqrt(7)), np.inf)
    assert quantile(np.inf) == pytest.approx(scipy.stats.norm.ppf(0.975))
    assert these_corpora(1.5, found).p == pytest.approx(2 * scipy.stats.norm.sf(1.5 / np.sqrt(7)))


def test_no_test_beyond_the_corpora_has_more_freedom_than_the_one_on_them() -> None:
    few = Errors(np.array(0.02), np.array(3.0))
    here = these_corpora(0.05, few).one()
    beyond = beyond_corpora(0.05, few, np.linspace(0.04, 0.06, 12)).one()
    assert here is not None
    assert beyond == here


def refitted(
    rng: np.random.Generator,
    *,
    luck: float = 0.0,
    seeds: int = 1,
    refits: int = 20,
    shift: float = 0.0,
    encoder: str = "a",
    protocol: str = "lofo",
    common: np.ndarray | None = None,
) -> Sample:
    """Two corpora; a refit blurs all predictions by an amount of its own, of variance ``luck``."""
    parts = []
    for corpus in range(2):
        seen = texts(np.random.default_rng(corpus), corpus, 200, BROAD)
        noise = rng.standard_normal(200)
        rhos = 0.7 + shift + luck * (rng.standard_normal(refits) if common is None else common)
        scored = {}
        for seed in range(seeds):
            value = predict(np.random.default_rng(seed), seen, 0.7 + shift, BROAD)
            again = rhos[:, None] * seen.proficiency + 0.7 * noise + 2
            scored[seed] = Scored(
                seen.codes,
                seen.level,
                seen.level,
                value,
                value,
                Refits(again, again) if refits else None,
            )
        parts.append(Part.of("all", f"corpus-{corpus}", scored, 5))
    return Sample(encoder, "ridge", protocol, tuple(parts))


def drawn(sample: Sample) -> Replicates:
    return resample(sample, QWK, WEIGHTS).draws()


def plain_refits(sample: Sample, score: str = "qwk") -> np.ndarray:
    """Score of each refit, mean over parts and seeds, in loops."""
    statistic = STATISTICS[score]
    found = [
        np.mean([statistic.scores([part.refitted(s)[r]])[0] for part in sample.parts])
        for r in range(20)
        for s in range(len(sample.seeds))
    ]
    return np.array(found).reshape(20, -1).mean(1)


@pytest.mark.parametrize("score", ["qwk", "mae", "spearman", "recut"])
def test_refits_are_scored_as_the_fit_is(score: str) -> None:
    sample = refitted(np.random.default_rng(1), luck=0.1, seeds=2)
    found = resample(sample, STATISTICS[score], WEIGHTS).draws()
    np.testing.assert_allclose(found.refits, plain_refits(sample, score))


def test_the_variance_of_refits_is_in_the_interval() -> None:
    rng = np.random.default_rng(2)
    sample = refitted(rng, luck=0.15)
    one = drawn(sample)
    fixed = drawn(refitted(rng, refits=0))
    again = plain_refits(sample)
    together = float(np.cov(one.values[:20], again)[0, 1])
    expected = whole_error(fixed.error()[0] ** 2, again.var(ddof=1), together, 20, 0.0, 0.0, 0.0)
    assert one.error() == pytest.approx((float(expected.error), float(expected.freedom)))
    wide, narrow = from_draws(one, QWK), from_draws(fixed, QWK)
    assert (wide.refits, narrow.refits) == (20, 0)
    assert wide.high - wide.low > 1.2 * (narrow.high - narrow.low)  # type: ignore[operator]
    assert "20" in wide.covers
    assert "held fixed" in narrow.covers


def test_refits_of_two_encoders_are_paired() -> None:
    common = np.random.default_rng(3).standard_normal(20)
    samples = [
        refitted(np.random.default_rng(0), luck=0.1, encoder=str(i), common=common, shift=i / 50)
        for i in range(2)
    ]
    draws = [drawn(sample) for sample in samples]
    found = errors_of(draws)
    one, two = (plain_refits(sample) for sample in samples)
    fixed = errors_of(
        [drawn(refitted(np.random.default_rng(0), refits=0, shift=i / 50)) for i in range(2)]
    )
    # About the measured difference, not about their own mean.
    off = (one - two).mean() - (draws[0].estimate - draws[1].estimate)
    spread = np.var(one - two, ddof=1) + off**2
    apart = draws[0].values[:20] - draws[1].values[:20]
    together = float(np.cov(apart, one - two)[0, 1])
    expected = whole_error(fixed.error[0, 1] ** 2, spread, together, 20, 0.0, 0.0, 0.0)
    assert found.error[0, 1] == pytest.approx(float(expected.error))
    # What the refits have in common cancels.
    assert spread < 0.3 * (one.var(ddof=1) + two.var(ddof=1))


def test_a_gap_pairs_its_refits() -> None:
    common = np.random.default_rng(4).standard_normal(20)
    inside, outside = (
        refitted(np.random.default_rng(5), luck=0.2, common=common, protocol=name, shift=shift)
        for name, shift in (("iid", 0.1), ("lofo", 0.0))
    )
    found = gap(*(resample(one, QWK, WEIGHTS) for one in (inside, outside)))
    np.testing.assert_allclose(found.refits, plain_refits(inside) - plain_refits(outside))


def test_a_side_without_refits_holds_its_fits_fixed() -> None:
    rng = np.random.default_rng(6)
    one, two = drawn(refitted(rng, luck=0.2)), drawn(refitted(rng, refits=0, encoder="b"))
    np.testing.assert_allclose(one.minus(two).refits, one.refits - two.estimate)
    assert errors_of([one, two]).freedom[0, 1] < np.inf
    assert errors_of([two, drawn(refitted(rng, refits=0, shift=0.1))]).freedom[0, 1] == np.inf


def test_other_numbers_of_refits_are_refused() -> None:
    rng = np.random.default_rng(7)
    twenty, ten = drawn(refitted(rng)), drawn(refitted(rng, refits=10))
    with pytest.raises(ValueError, match=r"10 refits can't be paired with 20|20 .* with 10"):
        errors_of([twenty, ten])
    mixed = Sample(
        "a", "ridge", "lofo", (refitted(rng).parts[0], refitted(rng, refits=10).parts[1])
    )
    with pytest.raises(ValueError, match=r"\[10, 20\]"):
        drawn(mixed)


def test_a_part_without_refits_leaves_the_mean_without_them() -> None:
    rng = np.random.default_rng(8)
    parts = refitted(rng).parts[0], refitted(rng, refits=0).parts[1]
    found = resample(Sample("a", "ridge", "lofo", parts), QWK, WEIGHTS)
    assert len(found.draws().refits) == 0
    assert len(found.draws({"corpus-0"}).refits) == 20


def test_one_refit_has_no_variance_and_is_refused() -> None:
    with pytest.raises(ValueError, match="two or more"):
        Refits(np.zeros((1, 4)))


def planted_luck(
    rng: np.random.Generator, *, training: float, seed: float, both: float, seeds: int = 3
) -> Replicates:
    """A score that moves with training texts, with seeds, and with both: QWK of known texts."""
    seen = texts(rng, 0, 4000, BROAD)
    noise = rng.standard_normal(4000)
    by_seed = seed * rng.standard_normal(seeds)

    def value(rho: float) -> np.ndarray:
        found: np.ndarray = rho * seen.proficiency + 0.7 * noise + 2
        return found

    shared = training * rng.standard_normal(21)
    scored = {}
    for s in range(seeds):
        rhos = 0.7 + shared + by_seed[s] + both * rng.standard_normal(21)
        again = np.stack([value(rho) for rho in rhos[1:]])
        scored[s] = Scored(seen.codes, seen.level, seen.level, value(rhos[0]), None, Refits(again))
    return drawn(Sample("a", "mlp", "lofo", (Part.of("all", "one", scored, 5),)))


@pytest.mark.parametrize(
    ("training", "seed", "both"), [(0.05, 0.0, 0.0), (0.0, 0.05, 0.0), (0.0, 0.0, 0.1)]
)
def test_refits_and_seeds_count_each_luck_once(training: float, seed: float, both: float) -> None:
    """The variance of the mean over three seeds, known because the luck is planted."""
    rng = np.random.default_rng(9)
    made = [planted_luck(rng, training=training, seed=seed, both=both) for _ in range(60)]
    truth = np.var([one.estimate for one in made], ddof=1)
    claimed = np.mean([one.error()[0] ** 2 for one in made])
    assert claimed == pytest.approx(truth, rel=0.45)


# -- figures by hand ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sources", "variance", "doubt"),
    [
        # Texts, refits, both together, count, seeds' luck, their spread, the doubt about it.
        ((4.0, 9.0, 1.5, 21, 6.0, 7.0, 49 / 4), 22.0, (81 + 72 + 4.5 + 54) / 20 + 22 * 7 / 4),
        ((4.0, 9.0, 1.5, 3, 0.0, 0.0, 0.0), 16.0, (81 + 72 + 4.5 + 54) / 2),
        ((4.0, 9.0, 1.5, 2, 0.0, 0.0, 0.0), 16.0, 81 + 72 + 4.5 + 54),
        # The spread of all seeds is more than what they leave unknown.
        ((1.0, 2.0, 0.25, 11, 0.5, 8.0, 64 / 2), 4.0, (4 + 4 + 0.125 + 2) / 10 + 4 * 4 / 2),
        # Either variance is the least of the sum.
        ((9.0, 4.0, -5.0, 3, 0.0, 0.0, 0.0), 9.0, (16 + 72 + 50 - 80) / 2),
        ((4.0, 9.0, -5.0, 3, 0.0, 0.0, 0.0), 9.0, (81 + 72 + 50 - 180) / 2),
        # Without refits all is taken for known.
        ((4.0, 9.0, 1.5, 1, 6.0, 7.0, 49 / 4), 10.0, 0.0),
        ((4.0, 0.0, 0.0, 0, 6.0, 7.0, 49 / 4), 10.0, 0.0),
        ((0.0, 0.0, 0.0, 20, 0.0, 0.0, 0.0), 0.0, 0.0),
    ],
)
def test_sources_add_up_to_an_error_with_its_freedom(
    sources: tuple[float, ...], variance: float, doubt: float
) -> None:
    found = whole_error(*sources)
    assert found.error == pytest.approx(np.sqrt(variance))
    assert found.freedom == pytest.approx(variance**2 / doubt if doubt else np.inf)


def test_errors_of_many_are_those_of_each() -> None:
    columns = [[4.0, 1.0], [9.0, 2.0], [1.5, 0.25], [20, 0], [6.0, 0.5], [7.0, 8.0], [12.0, 32.0]]
    found = whole_error(*columns)
    each = [whole_error(*one) for one in zip(*columns, strict=True)]
    assert found.error.tolist() == [one.error for one in each]
    assert found.freedom.tolist() == [one.freedom for one in each]
    assert np.isinf(found.freedom).tolist() == [False, True]


def test_a_covariance_is_over_what_both_have_and_nothing_of_fewer_than_two() -> None:
    gone = np.nan
    one = np.array([1.0, gone, 4.0, 2.0])
    assert covariance(one, np.array([5.0, 3.0, 11.0, gone])) == pytest.approx(9.0)
    assert covariance(one, np.array([5.0, 3.0, gone, gone])) == 0.0
    assert covariance(one[:0], one[:0]) == 0.0


def test_quantiles_and_p_values_are_students_and_the_normals_without_end() -> None:
    freedom = np.array([[3.0, np.inf], [17.5, 3.0]])
    np.testing.assert_allclose(quantile(freedom), scipy.stats.t.ppf(0.975, freedom))
    np.testing.assert_allclose(quantile(freedom, 10), scipy.stats.t.ppf(0.9975, freedom))
    assert quantile(freedom)[0, 1] == pytest.approx(scipy.stats.norm.ppf(0.975))
    found = these_corpora([1.5, -0.25], Errors(np.ones((2, 2)), freedom))
    np.testing.assert_allclose(found.p, 2 * scipy.stats.t.sf([[1.5, 0.25]] * 2, freedom))


def test_variances_of_differences_follow_from_covariances() -> None:
    found = difference_variance(np.array([[4.0, 1.0, -2.0], [1.0, 9.0, 3.0], [-2.0, 3.0, 5.0]]))
    assert found.tolist() == [[0, 11, 13], [11, 0, 8], [13, 8, 0]]


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_hundred_times_the_rounding_of_the_variances_is_no_difference(kind: type) -> None:
    own = np.full(4, 2.0, kind)
    rounding = np.finfo(kind).eps * own
    variance = np.array([99, 100, 101, -500], kind) * rounding
    found = without_rounding(variance, own)
    assert found.dtype == np.float64
    assert found.tolist() == [0.0, 0.0, float(variance[2]), 0.0]
