"""95 % intervals hold the truth in 93 to 97 % of samples from known distributions."""

from functools import cache

import numpy as np
import pytest
from simulated_probes import BROAD, STEEP, interval, predict, sample, texts, true_score

from cefrbench.statistics.draws import gap, resample
from cefrbench.statistics.intervals import Interval, from_draws
from cefrbench.statistics.listing import STATISTICS
from cefrbench.statistics.resampling import TextWeights

known = cache(true_score)


def covers(found: Interval, truth: float) -> bool:
    assert found.low is not None
    assert found.high is not None
    return found.low <= truth <= found.high


def coverage_of_one_corpus(score: str, prior: tuple[float, ...], n: int, times: int) -> float:
    truth = known(score, 0.75, prior)
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(times):
        seen = texts(rng, 0, n, prior)
        predicted = np.rint(np.clip(predict(rng, seen, 0.75, prior), 0, 4)).astype(int)
        confusion = np.bincount(seen.level * 5 + predicted, minlength=25).reshape(5, 5)
        hits += covers(interval(confusion, score, replicates=600), truth)
    return hits / times


def test_intervals_of_one_corpus_cover_the_truth() -> None:
    assert 0.92 <= coverage_of_one_corpus("qwk", BROAD, 80, 200) <= 0.98


@pytest.mark.slow
@pytest.mark.parametrize(
    ("score", "prior", "n"),
    [
        ("qwk", BROAD, 60),
        ("qwk", STEEP, 120),
        ("accuracy", BROAD, 60),
        ("adjacent", BROAD, 300),
    ],
)
def test_intervals_of_one_corpus_cover_93_to_97_per_cent(
    score: str, prior: tuple[float, ...], n: int
) -> None:
    assert 0.93 <= coverage_of_one_corpus(score, prior, n, 800) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(
    ("score", "prior", "n"),
    [
        ("qwk", BROAD, 40),
        ("qwk", STEEP, 60),
        ("mae", BROAD, 40),
        ("r2", BROAD, 100),
        ("accuracy", STEEP, 40),
        ("macro_f1", BROAD, 100),
    ],
)
def test_intervals_of_the_mean_over_nine_corpora_cover_93_to_97_per_cent(
    score: str, prior: tuple[float, ...], n: int
) -> None:
    truth, statistic = known(score, 0.75, prior), STATISTICS[score]
    rng, weights = np.random.default_rng(12), TextWeights(600)
    hits = 0
    for _ in range(600):
        corpora = [texts(rng, c, n, prior) for c in range(9)]
        values = [[predict(rng, one, 0.75, prior)] for one in corpora]
        drawn = resample(sample(corpora, values), statistic, weights).draws()
        hits += covers(from_draws(drawn, statistic), truth)
    assert 0.93 <= hits / 600 <= 0.97


@pytest.mark.slow
def test_intervals_of_the_gap_cover_93_to_97_per_cent() -> None:
    """In distribution a fifth of the texts is scored, out of it all of them: the same texts."""
    truth = known("qwk", 0.8, BROAD) - known("qwk", 0.5, BROAD)
    statistic, weights = STATISTICS["qwk"], TextWeights(600)
    rng = np.random.default_rng(13)
    hits = 0
    for _ in range(600):
        corpora = [texts(rng, c, 200, BROAD) for c in range(5)]
        held = [one.first(40) for one in corpora]
        inside = [[predict(rng, one, 0.8, BROAD)] for one in held]
        outside = [[predict(rng, one, 0.5, BROAD)] for one in corpora]
        drawn = gap(
            resample(sample(held, inside), statistic, weights),
            resample(sample(corpora, outside), statistic, weights),
        )
        hits += covers(from_draws(drawn), truth)
    assert 0.93 <= hits / 600 <= 0.97


@pytest.mark.slow
def test_intervals_over_seeds_cover_the_mean_of_all_seeds() -> None:
    """Each seed's probe is better or worse than the next; three of them were run."""
    statistic = STATISTICS["qwk"]
    grid = (0.6, 0.7, 0.8)
    by_rho = [known("qwk", rho, BROAD) for rho in grid]
    luck = np.random.default_rng(0).normal(0.7, 0.03, 100_000)
    truth = float(np.interp(luck, grid, by_rho).mean())
    rng, weights = np.random.default_rng(14), TextWeights(400)
    hits = 0
    for run in range(500):
        corpora = [texts(rng, c, 100, BROAD) for c in range(3)]
        rhos = rng.normal(0.7, 0.03, 3)
        values = [[predict(rng, one, rho, BROAD) for rho in rhos] for one in corpora]
        drawn = resample(sample(corpora, values, f"{run}"), statistic, weights).draws()
        hits += covers(from_draws(drawn, statistic), truth)
    assert 0.93 <= hits / 500 <= 0.97
