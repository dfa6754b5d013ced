"""Location and scale from k labels: what is found where it was planted, and what that costs.

Agreement is Lin's concordance here, which QWK is of whole levels; it is computed by its definition
from the drawn lines, with no code of the house.
"""

import statistics

import numpy as np
import pytest
from scipy.stats import kendalltau

from cefrbench.engines.methods.recalibration import Rescaling, expected_loss, refit_line
from cefrbench.statistics.scores import qwk

#: Location and scale that an unseen corpus adds to the scores; the first plants nothing.
PLANTED = [(0.0, 1.0), (0.8, 1.0), (0.0, 0.5), (-0.6, 1.4)]
DRAWS = 1500


def concordance(line: Rescaling, shift: float, scale: float, r: float) -> float:
    """Agreement in a population: gold of mean 2 and deviation 1, scores of correlation r."""
    mean, spread = line.location + line.scale * (2 + shift), line.scale * scale
    return 2 * r * spread / (spread**2 + 1 + (mean - 2) ** 2)


def population(rng, n, r, shift, scale):
    """Gold levels, and scores that correlate by r and lie elsewhere."""
    gold = rng.normal(size=n)
    seen = r * gold + np.sqrt(1 - r**2) * rng.normal(size=n)
    return 2 + gold, 2 + shift + scale * seen


@pytest.mark.parametrize(("shift", "scale"), PLANTED)
@pytest.mark.parametrize("r", [0.5, 0.8])
@pytest.mark.parametrize("k", [8, 32, 128])
def test_what_is_planted_is_found_with_the_loss_that_theory_gives(shift, scale, r, k):
    rng = np.random.default_rng([k, int(10 * r)])
    found = []
    for _ in range(DRAWS):
        gold, score = population(rng, k, r, shift, scale)
        found.append(concordance(refit_line(score, gold), shift, scale, r))
    # The best line reaches r. The theory leaves out terms of 1 / k², and the one text beside.
    loss, error = r - np.mean(found), np.std(found) / np.sqrt(DRAWS)
    assert abs(loss - expected_loss(r, k)) < 3 / k * expected_loss(r, k) + 3 * error


@pytest.mark.parametrize(("shift", "scale"), PLANTED)
def test_so_it_is_with_whole_levels_and_qwk(shift, scale):
    rng, r, k = np.random.default_rng(5), 0.8, 32
    gold, score = population(rng, 40_000, r, shift, scale)
    level = np.clip(np.rint(gold), 0, 4).astype(int)

    def agreement(line):
        predicted = np.clip(np.rint(line(score)), 0, 4).astype(int)
        return qwk(np.bincount(5 * level + predicted, minlength=25).reshape(5, 5))

    best = agreement(Rescaling(2 - (2 + shift) / scale, 1 / scale))
    picks = [rng.choice(len(gold), k, replace=False) for _ in range(300)]
    found = [agreement(refit_line(score[pick], level[pick].astype(float))) for pick in picks]
    # Rounding takes its own share of the correlation.
    error = np.std(found) / np.sqrt(len(found))
    loss = expected_loss(np.corrcoef(level, score)[0, 1], k)
    assert abs(best - np.mean(found) - loss) < 0.25 * loss + 3 * error
    before = agreement(Rescaling(0.0, 1.0))
    if (shift, scale) == (0.0, 1.0):
        assert before == best
        assert np.mean(found) < before
    else:
        assert np.mean(found) > before + 0.03


def test_the_line_gives_the_labels_mean_and_spread_by_another_computation():
    rng = np.random.default_rng(1)
    score, gold = rng.normal(7, 3, 40), rng.integers(0, 5, 40).astype(float)
    line = refit_line(score, gold)
    ratio = statistics.variance(gold.tolist()) / statistics.variance(score.tolist())
    assert line.scale**2 == pytest.approx(ratio + (1 - ratio) / 40)
    assert statistics.fmean(line(score).tolist()) == pytest.approx(statistics.fmean(gold.tolist()))
    many = refit_line(np.tile(score, 1000), np.tile(gold, 1000))
    assert np.std(many(score)) == pytest.approx(np.std(gold), rel=1e-3)


def test_it_spreads_levels_as_least_squares_does_not():
    rng = np.random.default_rng(2)
    gold, score = population(rng, 100_000, 0.6, 0.5, 0.7)
    line = refit_line(score, gold)
    slope, offset = np.polyfit(score, gold, 1)
    ours, theirs = (concordance(one, 0.5, 0.7, 0.6) for one in (line, Rescaling(offset, slope)))
    assert ours == pytest.approx(0.6, abs=1e-3)
    # Least squares makes of r² the smallest error, and of agreement 2 r² / (1 + r²).
    assert theirs == pytest.approx(2 * 0.36 / 1.36, abs=5e-3)


@pytest.mark.parametrize(
    ("score", "gold", "line"),
    [
        ([1.5], [3.0], Rescaling(1.5, 1.0)),
        ([2.0, 2.0, 2.0], [0.0, 1.0, 2.0], Rescaling(-1.0, 1.0)),
        ([0.1 + 0.2, 0.3, 0.3], [0.0, 0.0, 3.0], Rescaling(0.7, 1.0)),
        ([1.0, 3.0, 1.0, 3.0], [2.0, 2.0, 2.0, 2.0], Rescaling(1.0, 0.5)),
        # An order that is upside down stays so: four labels are no reason to turn it around.
        ([0.0, 1.0, 2.0, 3.0], [3.0, 2.0, 1.0, 0.0], Rescaling(0.0, 1.0)),
    ],
    ids=["one label", "flat scores", "flat but for rounding", "one level", "upside down"],
)
def test_few_and_odd_labels_give_a_line_that_can_be_used(score, gold, line):
    found = refit_line(np.array(score), np.array(gold))
    assert (found.location, found.scale) == pytest.approx((line.location, line.scale), abs=1e-9)


def test_no_labels_give_none():
    with pytest.raises(ValueError, match="No label"):
        refit_line(np.empty(0), np.empty(0))


def test_no_order_changes():
    rng = np.random.default_rng(3)
    for _ in range(200):
        score, gold = rng.normal(size=8), rng.integers(0, 5, 8).astype(float)
        moved = refit_line(score, gold)(score)
        assert kendalltau(score, moved).statistic == pytest.approx(1)
