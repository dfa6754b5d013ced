"""Replicates and jackknife of a score, a mean and a gap, against what is worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from result_factory import make_result
from simulated_probes import BROAD, predict, sample, texts
from sklearn.metrics import cohen_kappa_score

from cefrbench.results.intervals import summary_intervals
from cefrbench.results.samples import samples
from cefrbench.statistics.draws import Replicates, gap, mean_of, resample
from cefrbench.statistics.intervals import from_draws
from cefrbench.statistics.listing import STATISTICS
from cefrbench.statistics.pairs import errors_of
from cefrbench.statistics.resampling import TextWeights

QWK = STATISTICS["qwk"]


def test_the_jackknife_is_that_of_the_textbook() -> None:
    """Each text left out in turn, scikit-learn's kappa of the rest, and their spread."""
    rng = np.random.default_rng(2)
    seen = texts(rng, 0, 40, BROAD)
    values = predict(rng, seen, 0.7, BROAD)
    classes = np.rint(np.clip(values, 0, 4)).astype(int)
    without = np.array(
        [
            cohen_kappa_score(np.delete(seen.level, i), np.delete(classes, i), weights="quadratic")
            for i in range(40)
        ]
    )
    drawn = resample(sample([seen], [[values]]), QWK, TextWeights(10)).draws()
    # Without the factor (n - 1) / n, so that it adds up over corpora.
    expected = np.sqrt(((without - without.mean()) ** 2).sum())
    assert drawn.jackknife_error() == pytest.approx(expected, rel=1e-9)


def moving(values: float, influence: float) -> Replicates:
    """A score with so much error in its replicates and in its jackknife."""
    spread = np.random.default_rng(0).standard_normal(500)
    return Replicates(
        estimate=0.5,
        values=0.5 + values * spread / spread.std(ddof=1),
        luck=np.zeros(500),
        spread=0.0,
        doubt=0.0,
        refits=np.zeros(0),
        texts=np.arange(4, dtype=np.uint64),
        influence=influence * np.array([0.5, -0.5, 0.5, -0.5]),
        corpora={"one": 0.5},
    )


@pytest.mark.parametrize(("values", "influence"), [(0.03, 0.01), (0.01, 0.03)])
def test_an_interval_takes_the_larger_error(values: float, influence: float) -> None:
    found = from_draws(moving(values, influence))
    assert found.error == pytest.approx(0.03)
    assert (found.high or 0) - (found.low or 0) == pytest.approx(2 * 1.959964 * 0.03, rel=1e-6)


def test_a_gap_is_over_the_corpora_that_have_both_scores() -> None:
    result, predictions = make_result("one", probes=("ridge",), skill=0.6)
    out_of_it = (predictions.protocol == "loco") & (predictions.corpus == "beta")
    without = predictions.take(np.flatnonzero(~out_of_it))
    found = samples(result, without)
    means = {
        protocol: resample(found[protocol, "ridge"], QWK, TextWeights(50))
        for protocol in ("iid", "loco")
    }
    assert set(means["iid"].draws().corpora) == {"alpha", "beta", "gamma"}
    drawn = gap(means["iid"], means["loco"])
    score = {
        (one.protocol, one.corpus): one.scores.qwk or 0.0
        for one in result.scores
        if one.layer is None
    }
    expected = [score["iid", corpus] - score["loco", corpus] for corpus in ("alpha", "gamma")]
    assert drawn.corpora == pytest.approx(dict(zip(("alpha", "gamma"), expected, strict=True)))
    assert drawn.estimate == pytest.approx(np.mean(expected))
    gaps = summary_intervals(result, without, scores=["qwk"]).gaps["ridge"]["qwk"]
    assert gaps.estimate == pytest.approx(np.mean(expected))


def test_two_encoders_draw_their_seeds_apart() -> None:
    """The luck of one encoder's fits is none of the other's: it doesn't cancel."""
    rng = np.random.default_rng(4)
    seen = texts(rng, 0, 400, BROAD)
    values = [[predict(rng, seen, rho, BROAD) for rho in (0.5, 0.7, 0.9)]]
    weights = TextWeights(2000)
    first, second, same = (
        resample(sample([seen], values, name), QWK, weights).draws() for name in ("a", "b", "a")
    )
    by_seed = [
        resample(sample([seen], [[one]]), QWK, weights).draws().estimate for one in values[0]
    ]
    assert errors_of([first, same]).error[0, 1] == 0.0
    # What is left when the texts are the same: the variance of two means of three seeds.
    luck = np.sqrt(2 * np.var(by_seed, ddof=1) / 3)
    assert errors_of([first, second]).error[0, 1] == pytest.approx(luck, rel=0.05)
    # A variance of three values has two degrees of freedom: twice its square, halved, is its own.
    assert first.spread == pytest.approx(np.var(by_seed, ddof=1) / 3)
    assert first.doubt == pytest.approx(first.spread**2 / 2)


def test_the_mean_of_two_encoders_moves_as_the_mean_of_their_replicates() -> None:
    """Half the sum, text by text; equal encoders move as one; the seeds' luck is their own."""
    rng = np.random.default_rng(5)
    seen = texts(rng, 0, 60, BROAD)
    drawn = [
        resample(
            sample([seen], [[predict(rng, seen, skill, BROAD)]]), QWK, TextWeights(400)
        ).draws()
        for skill in (0.9, 0.5)
    ]
    found = mean_of(drawn)
    assert found.estimate == pytest.approx(sum(one.estimate for one in drawn) / 2)
    variances = [one.values.var(ddof=1) for one in drawn]
    together = np.cov(drawn[0].values, drawn[1].values)[0, 1]
    expected = (sum(variances) + 2 * together) / 4
    assert found.values.var(ddof=1) == pytest.approx(expected, rel=1e-9)
    assert from_draws(mean_of([drawn[0], drawn[0]]), QWK) == from_draws(drawn[0], QWK)
    lucky = [
        replace(one, spread=spread, doubt=spread**2)
        for one, spread in zip(drawn, (4, 12), strict=True)
    ]
    assert mean_of(lucky).spread == pytest.approx(4.0)
    assert mean_of(lucky).doubt == pytest.approx((16 + 144) / 16)
    with pytest.raises(ValueError, match="same texts"):
        mean_of([drawn[0], replace(drawn[1], texts=drawn[1].texts + np.uint64(1))])
