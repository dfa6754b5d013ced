"""Description length: scikit-learn's code, and no bit saved where nothing is known."""

from itertools import pairwise

import numpy as np
import pytest
from essay_factory import random_essays
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from cefrbench.analyses.description import code_length, in_order, shuffled
from cefrbench.essays import pool
from cefrbench.levels import FIVE

EDGES = [20, 40, 80, 160, 320, 600]


def planted(strength, seed=0, n=600, classes=5):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    X = rng.normal(size=(n, 10)).astype(np.float32)
    X[:, 0] += strength * y
    return X, y


@pytest.mark.parametrize("classes", [2, 5])
def test_one_penalty_gives_the_code_of_scikit_learn(classes):
    X, y = planted(1.0, classes=classes)
    expected = EDGES[0] * np.log2(classes)
    for begin, end in pairwise(EDGES):
        unit = StandardScaler().fit(X[:begin].astype(float))
        fitted = LogisticRegression(C=0.1, tol=1e-8, max_iter=10_000)
        fitted.fit(unit.transform(X[:begin].astype(float)), y[:begin])
        share = classes / (begin + classes)
        chance = np.full((end - begin, classes), share / classes)
        chance[:, fitted.classes_] += (1 - share) * fitted.predict_proba(
            unit.transform(X[begin:end].astype(float))
        )
        expected -= np.log2(chance[np.arange(end - begin), y[begin:end]]).sum()
    found = code_length(X, y, EDGES, classes, penalties=(0.1,))
    assert found == pytest.approx(expected, rel=1e-4)


def test_the_more_is_planted_the_fewer_bits_and_nothing_saves_none():
    bits = [code_length(*planted(s), EDGES, 5) / 600 for s in (0.0, 0.5, 1.0, 2.0, 4.0)]
    assert bits == sorted(bits, reverse=True)
    # Nothing planted: a little above the uniform code, for what was learned by mistake.
    assert np.log2(5) < bits[0] < np.log2(5) + 0.06
    # Not below what the noise leaves, the conditional entropy of the planted level; above it by
    # what learning costs: half a log2(n) bits for each of 44 numbers, and the first block.
    X, y = planted(2.0, n=200_000)
    density = np.exp(-0.5 * (X[:, :1] - 2.0 * np.arange(5)) ** 2)
    chance = density / density.sum(axis=1, keepdims=True)
    entropy = -np.log2(chance[np.arange(len(y)), y]).mean()
    learning = (22 * np.log2(600) + EDGES[0] * np.log2(5)) / 600
    assert entropy < bits[3] < entropy + 1.5 * learning


def test_what_the_corpus_tells_is_in_the_control_too():
    rng = np.random.default_rng(0)
    corpus = rng.integers(0, 2, 600)
    y = rng.integers(0, 3, 600) + 2 * corpus
    X = rng.normal(size=(600, 10)).astype(np.float32)
    X[:, 0] += 6 * corpus
    bits = code_length(X, y, EDGES, 5)
    control = code_length(X, shuffled(y, corpus, 42, 0), EDGES, 5)
    # The corpus is read, and nothing else: both save half at least of the log2(5/3) bits that it
    # is worth, and are equal.
    assert bits < 600 * (np.log2(5) - 0.5 * np.log2(5 / 3))
    assert bits == pytest.approx(control, rel=0.03)


def test_shuffling_stays_inside_each_corpus():
    corpus = np.repeat([0, 1, 2], 50)
    levels = np.random.default_rng(0).integers(0, 5, 150)
    control = shuffled(levels, corpus, 42, 0)
    assert (control != levels).any()
    for one in range(3):
        assert sorted(control[corpus == one]) == sorted(levels[corpus == one])
    assert (control != shuffled(levels, corpus, 42, 1)).any()


def test_blocks_begin_with_a_twentieth_text_and_double():
    table = pool([random_essays("a", 500, 0), random_essays("b", 200, 1)], FIVE, "corrected")
    rows = np.arange(len(table))
    order, edges = in_order(table, rows, 42, 0)
    assert sorted(order) == rows.tolist()
    assert edges == [22, 44, 88, 176, 352, 700]
    assert in_order(table, rows[:45], 42, 0)[1] == [20, 40, 45]


def test_a_class_that_was_not_seen_costs_bits_and_not_infinitely_many():
    X, y = planted(0.0)
    y[:] = 0
    y[300:] = 4
    assert np.isfinite(code_length(X, y, EDGES, 5))
