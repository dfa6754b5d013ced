"""Drift of predicted levels: found where it is planted, and each measure by numpy and by hand."""

import numpy as np
import pytest

from cefrbench.statistics.draws import resample
from cefrbench.statistics.drift import DRIFTS
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.sample import Part, Sample, Scored

SHARES = np.array([0.1, 0.25, 0.3, 0.25, 0.1])


def measured(gold, values):
    texts = np.arange(len(gold), dtype=np.uint64)
    part = Part.of("all", "c", {None: Scored(texts, gold, gold, values)}, 5)
    sample = Sample("x", "p", "iid", (part,))
    weights = TextWeights(100)
    return {name: resample(sample, one, weights).draws() for name, one in DRIFTS.items()}


def test_drift_is_numpys():
    rng = np.random.default_rng(6)
    gold = rng.choice(5, 300, p=SHARES)
    predicted = np.rint(np.clip(gold + 0.4 + rng.normal(0, 0.6, 300), 0, 4)).astype(np.int64)
    found = {name: one.estimate for name, one in measured(gold, predicted.astype(float)).items()}
    share = np.bincount(predicted, minlength=5) / 300
    logs = np.log2(share, where=share > 0, out=np.zeros(5))
    assert found == pytest.approx(
        {
            "bias": (predicted - gold).mean(),
            "spread": predicted.std() / gold.std(),
            "slope": np.polyfit(gold, predicted, 1)[0],
            "evenness": -(share * logs).sum() / np.log2(5),
            "to_uniform": np.abs(share - 0.2).sum() / 2,
        }
    )


@pytest.mark.parametrize("strength", [0.3, 0.6, 0.9])
def test_shrinkage_narrows_and_drift_widens(strength):
    rng = np.random.default_rng(7)
    gold = rng.choice(5, 3000, p=SHARES)
    plain = gold + rng.normal(0, 0.3, 3000)
    shrunk = 2 + (plain - 2) * (1 - strength)
    uniform = np.where(rng.random(3000) < strength, rng.integers(0, 5, 3000), plain)
    own, narrow, wide = (measured(gold, values) for values in (plain, shrunk, uniform))
    for name, sign in (("spread", 1), ("evenness", 1), ("to_uniform", -1)):
        error = own[name].error()[0]
        assert sign * (own[name].estimate - narrow[name].estimate) > 3 * error, name
        assert sign * (wide[name].estimate - own[name].estimate) > 3 * error, name
    assert max(narrow["slope"].estimate, wide["slope"].estimate) < own["slope"].estimate - 0.1


def test_one_level_has_no_spread():
    found = measured(np.full(10, 2), np.linspace(0, 4, 10))
    assert np.isnan([found["spread"].estimate, found["slope"].estimate]).all()
    assert found["bias"].estimate == pytest.approx(0)


def test_each_measure_of_drift_is_worked_out_by_hand():
    """Levels 0, 1, 1, 3, 4 predicted as 1, 1, 2, 2, 2: never as 0, 3 or 4."""
    found = measured(np.array([0, 1, 1, 3, 4]), np.array([1.2, 0.8, 2.0, 2.0, 2.4]))
    shares = 0.4, 0.6
    assert {name: one.estimate for name, one in found.items()} == pytest.approx(
        {
            "bias": (8 - 9) / 5,
            "spread": np.sqrt((5 * 14 - 8 * 8) / (5 * 27 - 9 * 9)),
            "slope": (5 * 17 - 8 * 9) / (5 * 27 - 9 * 9),
            "evenness": -sum(s * np.log(s) for s in shares) / np.log(5),
            "to_uniform": (3 * 0.2 + 0.2 + 0.4) / 2,
        }
    )


def test_each_measure_of_drift_has_its_name_and_bounds():
    everything, nothing_less, share = (-np.inf, np.inf), (0.0, np.inf), (0.0, 1.0)
    found = {
        name: (one.name, one.link, one.bounds, one.proportion, one.more_is_better, one.from_cells)
        for name, one in DRIFTS.items()
    }
    bounds = [everything, nothing_less, everything, share, share]
    names = ["bias", "spread", "slope", "evenness", "to_uniform"]
    assert found == {
        name: (name, "identity", bound, False, True, True)
        for name, bound in zip(names, bounds, strict=True)
    }


def test_no_texts_have_no_drift_and_two_are_enough():
    sums = {name: one.value(np.zeros(6 if n < 3 else 5)) for n, (name, one) in
            enumerate(DRIFTS.items())}  # fmt: skip
    assert np.isnan(list(sums.values())).all()
    two = measured(np.array([2, 3]), np.array([4.0, 3.0]))
    assert [one.estimate for one in two.values()] == pytest.approx(
        [1.0, 1.0, -1.0, np.log(2) / np.log(5), 0.6]
    )
    same = measured(np.array([2, 3]), np.array([1.0, 1.0]))
    assert [one.estimate for one in same.values()] == pytest.approx([-1.5, 0.0, 0.0, 0.0, 0.8])
