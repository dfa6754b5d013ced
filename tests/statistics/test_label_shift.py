"""Label shift: found where it is planted, and not where it isn't."""

import builtins

import numpy as np
import pytest

from cefrbench.errors import UserError
from cefrbench.statistics.label_shift import (
    METHODS,
    corrected_levels,
    cut_at,
    misfit,
    posteriors,
    priors,
    rates,
)

EVEN = np.full(5, 0.2)
SOURCE = np.array([0.1, 0.25, 0.3, 0.25, 0.1])
#: Level mixes from the source's to one that has hardly a text of its levels.
MIXES = {
    "none": SOURCE,
    "some": np.array([0.25, 0.3, 0.25, 0.15, 0.05]),
    "much": np.array([0.5, 0.3, 0.15, 0.05, 0.0]),
    "turned": np.array([0.0, 0.05, 0.1, 0.35, 0.5]),
}


def draw(rng, n, shares, noise=0.6, shift=0.0):
    """Gold levels and predicted classes; levels look alike whatever their shares."""
    gold = rng.choice(5, n, p=shares)
    return gold, np.rint(np.clip(gold + shift + rng.normal(0, noise, n), 0, 4)).astype(np.int64)


def confusion(gold, predicted):
    return np.bincount(gold * 5 + predicted, minlength=25).reshape(5, 5)


@pytest.fixture(scope="module")
def held():
    return confusion(*draw(np.random.default_rng(0), 4000, SOURCE))


@pytest.mark.parametrize("mix", MIXES)
def test_shares_are_found_where_label_shift_is_all(held, mix):
    gold, predicted = draw(np.random.default_rng(1), 3000, MIXES[mix])
    truth = np.bincount(gold, minlength=5) / len(gold)
    found = priors(held, predicted, truth)
    before = np.abs(found["none"] - truth).sum() / 2
    for method in ("bbse", "em"):
        assert found[method].sum() == pytest.approx(1)
        assert np.abs(found[method] - truth).sum() / 2 < 0.05
    assert (before < 0.05) == (mix == "none"), "the truth is another than what was held out"
    assert misfit(held, predicted, truth) < 0.04


@pytest.mark.parametrize("shift", [0.5, 1.0, 1.5])
def test_another_reading_of_levels_is_no_label_shift(held, shift):
    """All levels read too high: no mix of levels gives such predictions with these shares."""
    gold, predicted = draw(np.random.default_rng(2), 3000, SOURCE, shift=shift)
    truth = np.bincount(gold, minlength=5) / len(gold)
    assert misfit(held, predicted, truth) > 0.2 * shift
    found = priors(held, predicted, truth)
    assert np.abs(found["bbse"] - truth).sum() / 2 > 0.15, "and the shares are taken for others"


def test_em_is_the_textbooks(held):
    """Saerens, Latinne & Decaestecker (2002), written out once more."""
    _, predicted = draw(np.random.default_rng(3), 400, MIXES["some"])
    found = priors(held, predicted, EVEN)["em"]
    prior = (held.sum(1) + 0.2) / (held.sum() + 1)
    posterior = posteriors(rates(held), prior)[predicted]
    shares = prior.copy()
    for _ in range(5000):
        weighed = posterior * shares / prior
        shares = (weighed / weighed.sum(1, keepdims=True)).mean(0)
    assert found == pytest.approx(shares, abs=5e-3)


def test_bbse_solves_what_it_says(held):
    gold, _ = draw(np.random.default_rng(4), 4000, MIXES["some"])
    shares = np.bincount(gold, minlength=5) / len(gold)
    # Predictions whose counts are exactly those that the shares give.
    counts = np.rint(shares @ rates(held) * 200_000).astype(int)
    predicted = np.repeat(np.arange(5), counts)
    assert priors(held, predicted, shares)["bbse"] == pytest.approx(shares, abs=2e-3)


def test_rates_are_smoothed_by_one_text_a_level():
    """By hand: of four texts three are right; of a level without texts nothing is known."""
    found = rates(np.array([[3, 1], [0, 0]]))
    assert found.tolist() == [[3.5 / 5, 1.5 / 5], [0.5, 0.5]]


def test_a_prior_moves_what_a_class_stands_for():
    given = rates(np.array([[8, 2, 0], [3, 4, 3], [0, 2, 8]]) * 100)
    assert corrected_levels(given, np.full(3, 1 / 3)).tolist() == [0, 1, 2]
    # Nearly all texts are of the lowest level: the middle class is mostly it.
    assert corrected_levels(given, np.array([0.96, 0.02, 0.02]))[1] == 0
    # A level that isn't there is never given.
    assert posteriors(given, np.array([0.5, 0.5, 0.0]))[:, 2].tolist() == [0, 0, 0]


def test_cuts_at_shares_give_so_many_of_each():
    rng = np.random.default_rng(5)
    score = rng.permutation(100).astype(float)
    classes = cut_at(score, SOURCE)
    assert np.bincount(classes.astype(int)).tolist() == [10, 25, 30, 25, 10]
    assert (np.diff(classes[np.argsort(score)]) >= 0).all()


def test_a_cut_at_shares_is_the_nearest_whole_number_of_texts():
    """Of seven texts a share of 0.4 is 2.8, so three; equal scores are cut where they stand."""
    shares = np.array([0.4, 0.35, 0.25])
    assert cut_at(np.arange(7.0), shares).tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert cut_at(np.zeros(7), shares).tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert cut_at(np.array([1.0, 1.0, 0.0]), np.array([2, 1]) / 3).tolist() == [0, 1, 0]


def test_without_the_package_the_next_step_is_said(monkeypatch, held):
    real = builtins.__import__

    def missing(name, *rest, **options):
        if name.startswith("quapy"):
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UserError) as raised:
        priors(held, np.zeros(3, dtype=np.int64), EVEN)
    assert str(raised.value) == (
        "The package quapy, which estimates priors, can't be imported: install "
        "`cefrbench[explain]`."
    )


#: Held out: of ten texts of the lowest level eight are right, and so on; the last has none.
HELD = np.array([[8, 2, 0], [1, 6, 3], [0, 0, 0]])
GIVEN = np.array([[25, 7, 1], [4, 19, 10], [11, 11, 11]]) / 33


def test_held_out_shares_and_the_corpus_own_ones_are_given_as_they_are():
    truth = np.array([0.2, 0.3, 0.5])
    predicted = np.repeat([0, 1, 2], [69, 63, 33])
    found = priors(HELD, predicted, truth)
    assert list(found) == list(METHODS) == ["none", "bbse", "em", "known"]
    # Twenty texts, and one more that is spread evenly.
    assert found["none"] == pytest.approx(np.array([10 + 1 / 3, 10 + 1 / 3, 1 / 3]) / 21)
    assert found["known"] is truth
    assert found["bbse"].sum() == pytest.approx(1.0)
    # The shares of which the smoothed rates give these predictions.
    assert found["bbse"] == pytest.approx([0.4, 0.4, 0.2], abs=2e-3)
    assert found["em"].sum() == pytest.approx(1.0)
    assert found["em"] == pytest.approx([0.4, 0.4, 0.2], abs=0.1)


def test_rates_add_a_third_of_a_text_to_each_of_three_classes():
    assert rates(HELD.tolist()) == pytest.approx(GIVEN)


def test_posteriors_are_joint_shares_of_each_class_and_even_where_there_is_none():
    prior = np.array([0.5, 0.25, 0.25])
    joint = [[25 * 2, 4, 11], [7 * 2, 19, 11], [1 * 2, 10, 11]]
    assert posteriors(GIVEN, prior) == pytest.approx(
        np.array([np.array(r) / sum(r) for r in joint])
    )
    assert posteriors(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0.25, 0.75])).tolist() == [
        [0.25, 0.75],
        [0.5, 0.5],
    ]
    assert corrected_levels(GIVEN, prior).tolist() == [
        float(np.rint((b + 2 * c) / (a + b + c))) for a, b, c in joint
    ]
    assert corrected_levels(GIVEN, np.array([0.0, 0.0, 1.0])).tolist() == [2.0, 2.0, 2.0]


def test_a_misfit_is_half_of_the_distance_between_predicted_and_expected_shares():
    truth = np.array([0.5, 0.5, 0.0])
    expected = np.array([29, 26, 11]) / 66
    found = misfit(HELD, np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 2]), truth)
    assert found == pytest.approx(np.abs(np.array([0.3, 0.2, 0.5]) - expected).sum() / 2)
    # A class that is never predicted has its place.
    assert misfit(HELD, np.array([0, 0]), truth) == pytest.approx(1 - 29 / 66)
