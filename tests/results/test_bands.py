"""Bands of layers against a jackknife written out, text by text."""

import re

import numpy as np
import pytest
from result_factory import make_result
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score

from cefrbench.results.bands import layer_bands
from cefrbench.statistics.intervals import Interval, ends

UNIT = make_result(corpora=("alpha", "beta"), texts=10, layers=(1,), probes=("ridge",), refits=0)[
    0
].units[0]


def unit(matrix, corpus="alpha", seed=None, layer=1, **fields):
    counts = tuple(map(tuple, np.asarray(matrix).tolist()))
    own = {"corpus": corpus, "seed": seed, "layer": layer, "confusion": counts} | fields
    return UNIT.model_copy(update={"protocol": "iid", "probe": "ridge"} | own)


def matrix(number, texts=30):
    rng = np.random.default_rng(number)
    gold = rng.integers(0, 5, texts)
    predicted = np.clip(gold + rng.integers(-2, 3, texts), 0, 4)
    return np.bincount(gold * 5 + predicted, minlength=25).reshape(5, 5)


def kappa(gold, predicted):
    return cohen_kappa_score(gold, predicted, weights="quadratic", labels=range(5))


SCORES = {
    "qwk": (kappa, "fisher", (-1.0, 1.0)),
    "accuracy": (accuracy_score, "identity", (0.0, 1.0)),
    "macro_f1": (lambda g, p: f1_score(g, p, average="macro"), "logit", (0.0, 1.0)),
}


def jackknifed(counts, score):
    """Score, error over texts and bias of one matrix."""
    gold, predicted = np.repeat(np.divmod(np.arange(25), 5), counts.ravel(), axis=1)
    rows = np.arange(len(gold))
    whole = score(gold, predicted)
    without = np.array([score(gold[rows != i], predicted[rows != i]) for i in rows])
    error = np.sqrt(((without - without.mean()) ** 2).sum())
    return whole, error, (len(rows) - 1) * (without.mean() - whole)


@pytest.mark.parametrize("name", SCORES)
def test_a_band_is_of_the_mean_over_corpora_then_over_seeds(name):
    """Seed 1 lacks beta: its mean is alpha's, and beta's error is that of seed 0."""
    score, link, bounds = SCORES[name]
    places = {("alpha", 0): matrix(1), ("beta", 0): matrix(2, 40), ("alpha", 1): matrix(3)}
    found = layer_bands([unit(m, *place) for place, m in places.items()], ["alpha", "beta"], name)
    (alpha, beta, other) = (jackknifed(m, score) for m in places.values())
    seeds = np.array([(alpha[0] + beta[0]) / 2, other[0]])
    biases = (alpha[2] + beta[2]) / 2, other[2]
    texts = (((alpha[1] + other[1]) / 2) ** 2 + beta[1] ** 2) / 4
    error = np.sqrt(texts + seeds.var(ddof=1) / 2)
    one = found["iid", "ridge", 1]
    assert one.estimate == pytest.approx(seeds.mean())
    assert one.error == pytest.approx(error)
    expected = ends(seeds.mean(), seeds.mean() - np.mean(biases), error, link, bounds)
    assert (one.low, one.high) == pytest.approx(expected)
    assert (one.texts, one.replicates) == (70, 0)


def test_each_layer_probe_and_protocol_has_its_own_band():
    units = [
        unit(matrix(1), layer=2),
        unit(matrix(2), layer=1),
        unit(matrix(3), "beta", layer=2),
        unit(matrix(4), probe="ordinal"),
        unit(matrix(5), protocol="loco"),
        unit(matrix(6), "twin-all", layer=2),
    ]
    found = layer_bands(iter(units), ["alpha", "beta"])
    assert list(found) == [
        ("iid", "ridge", 2), ("iid", "ridge", 1), ("iid", "ordinal", 1), ("loco", "ridge", 1)
    ]  # fmt: skip
    for place, own in zip(found, ([0, 2], [1], [3], [4]), strict=True):
        assert found[place] == layer_bands([units[i] for i in own], ["alpha", "beta"])[place]
    both = [jackknifed(matrix(n), kappa)[0] for n in (1, 3)]
    assert found["iid", "ridge", 2].estimate == pytest.approx(np.mean(both))


def test_folds_of_a_corpus_and_seed_are_added_up():
    parts = [unit(matrix(n), seed=3, fold=str(n)) for n in (1, 2, 3)]
    whole = unit(matrix(1) + matrix(2) + matrix(3), seed=3)
    assert layer_bands(parts, ["alpha"]) == layer_bands([whole], ["alpha"])


def test_what_is_undefined_is_in_no_mean():
    """A corpus of one level, and one without a text."""
    flat, empty = np.diag([0, 7, 0, 0, 0]), np.zeros((5, 5), np.int64)
    own = unit(matrix(1))
    alone = layer_bands([own], ["alpha"])["iid", "ridge", 1]
    units = [unit(flat, "beta"), own, unit(empty, "gamma")]
    found = layer_bands(units, ["alpha", "beta", "gamma"])["iid", "ridge", 1]
    assert found == Interval(alone.estimate, alone.low, alone.high, alone.error, 37, 0)
    units = [unit(flat, "beta"), unit(empty, "gamma")]
    found = layer_bands(units, ["alpha", "beta", "gamma"])["iid", "ridge", 1]
    assert found == Interval(None, None, None, None, 7, 0)


def test_only_scores_of_a_matrix_have_bands_and_no_units_have_none():
    for name in ("mae", "spearman"):
        message = f"{name} needs unrounded predictions, not a confusion matrix"
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            layer_bands([unit(matrix(1))], ["alpha"], name)
    assert layer_bands([unit(matrix(1))], ["beta"]) == {}
    assert layer_bands([], ["alpha"]) == {}
