"""An interval leaves out 0 exactly where its p-value is below .05, corrected or not."""

import numpy as np
import pytest
from scipy import stats

from cefrbench.statistics.errors import Errors
from cefrbench.statistics.pairs import (
    PairedTests,
    beyond_corpora,
    corrected,
    pair_tests,
    these_corpora,
)

FAMILIES, PAIRS, CORPORA = 400, 15, 5


def family(seed: int) -> tuple[PairedTests, PairedTests]:
    """Differences of which some are nothing, some clear and many near the line, in two scopes."""
    rng = np.random.default_rng(seed)
    error = rng.uniform(0.005, 0.05, PAIRS)
    truth = error * rng.choice([0.0, 2.0, 3.0, 6.0], PAIRS)
    freedom = rng.choice([4.0, 17.5, np.inf], PAIRS)
    by_corpus = truth[:, None] + rng.normal(0, 2 * error[:, None], (PAIRS, CORPORA))
    difference = by_corpus.mean(1)
    errors = Errors(error, freedom)
    return (
        corrected(these_corpora(difference, errors)),
        corrected(beyond_corpora(difference, errors, by_corpus)),
    )


@pytest.fixture(scope="module")
def families() -> list[PairedTests]:
    return [scope for seed in range(FAMILIES) for scope in family(seed)]


def test_interval_and_p_value_say_the_same_over_many_pairs(families: list[PairedTests]) -> None:
    for ends, p in ((("low", "high"), "p"), (("low_holm", "high_holm"), "p_holm")):
        low, high = (np.concatenate([getattr(one, end) for one in families]) for end in ends)
        shown = np.concatenate([getattr(one, p) for one in families]) < 0.05
        np.testing.assert_array_equal((low > 0) | (high < 0), shown)
        # Both outcomes are common, and the correction decides many.
        assert 0.1 < shown.mean() < 0.9
    alone, together = (
        np.concatenate([getattr(one, p) for one in families]) < 0.05 for p in ("p", "p_holm")
    )
    assert (alone & ~together).sum() > 500


def test_corrected_intervals_are_those_of_scipy_at_the_levels_told_in_words() -> None:
    rng = np.random.default_rng(5)
    for seed in range(20):
        tests, _ = family(seed)
        levels: dict[int, float] = {}
        level, failed = 0.0, False
        for rank, place in enumerate(np.argsort(tests.p)):
            level = level if failed else 0.05 / (PAIRS - rank)
            failed = failed or tests.p[place] >= level
            levels[int(place)] = level
        middle, half = (tests.low + tests.high) / 2, (tests.high - tests.low) / 2
        for place in rng.choice(PAIRS, 5, replace=False):
            freedom = tests.freedom[place]
            scale = half[place] / stats.t.ppf(0.975, freedom)
            ends = stats.t.interval(1 - levels[place], freedom, middle[place], scale)
            found = tests.low_holm[place], tests.high_holm[place]
            np.testing.assert_allclose(found, ends, rtol=1e-6)


def test_one_test_alone_is_not_corrected_and_none_stays_none() -> None:
    one = corrected(these_corpora(np.array([0.04, np.nan]), Errors(np.array([0.02, np.nan]), 8.0)))
    found = one.one(0)
    assert found is not None
    assert (found.low_holm, found.high_holm, found.p_holm) == pytest.approx(
        (found.low, found.high, found.p)
    )
    assert one.one(1) is None


def test_the_same_predictions_have_no_interval_to_widen() -> None:
    found = corrected(these_corpora(np.zeros(3), Errors(np.zeros(3), np.full(3, np.inf))))
    assert (found.low_holm == 0).all()
    assert (found.high_holm == 0).all()
    assert (found.p_holm == 1).all()


def test_a_pair_turned_round_has_its_ends_turned_round() -> None:
    rng = np.random.default_rng(1)
    n = 6
    errors = Errors(np.full((n, n), 0.02), np.full((n, n), 9.0))
    found = pair_tests(rng.normal(0, 0.04, n), errors)
    np.testing.assert_allclose(found.low_holm, -found.high_holm.T)
    above = np.triu_indices(n, 1)
    shown = (found.low_holm[above] > 0) | (found.high_holm[above] < 0)
    np.testing.assert_array_equal(shown, found.p_holm[above] < 0.05)
