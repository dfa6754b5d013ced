"""What is read off a layer is what was planted there, and nothing where nothing was planted."""

from dataclasses import replace

import numpy as np
import pytest
from essay_factory import random_essays
from scipy.stats import multivariate_normal, norm
from sklearn.covariance import OAS
from sklearn.metrics import balanced_accuracy_score
from sklearn.preprocessing import StandardScaler

from cefrbench.analyses.discriminant import Scatter
from cefrbench.analyses.identity import Partition, balanced_accuracy, cut, questions, read
from cefrbench.essays import pool
from cefrbench.levels import FIVE
from cefrbench.results.model import AnalysisNote


def fifths(n, seed=0):
    return np.array_split(np.random.default_rng(seed).permutation(n), 5)


def gaussian(n, dim, delta, seed=0):
    """Two classes, one of them three times as frequent, whose means are ``delta`` apart."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.25).astype(np.int64)
    # Correlated noise: what counts is the distance in its own unit (Mahalanobis).
    mix = rng.normal(size=(dim, dim)) + 3 * np.eye(dim)
    X = rng.normal(size=(n, dim))
    X[:, 0] += delta * y
    return (X @ mix).astype(np.float32), y


@pytest.mark.parametrize(("n", "dim", "classes"), [(400, 12, 3), (150, 60, 2), (90, 200, 4)])
def test_it_is_the_discriminant_of_scikit_learns_shrunk_covariance(n, dim, classes):
    rng = np.random.default_rng(dim)
    y = rng.integers(0, classes, n)
    X = (rng.normal(size=(n, dim)) + 0.4 * rng.normal(size=(classes, dim))[y]).astype(np.float32)
    X = X * rng.uniform(0.01, 100, dim) + 1000
    X = np.c_[X, np.full(n, 7.0)].astype(np.float32)
    parts = fifths(n)
    found = Scatter(X, parts).predict(y)
    for held in parts:
        train = np.setdiff1d(np.arange(n), held)
        # No constant column for the other: scikit-learn would shrink it too.
        unit = StandardScaler().fit(X[train, :-1].astype(np.float64))
        inside, own = unit.transform(X[train, :-1]), y[train]
        means = np.stack([inside[own == k].mean(axis=0) for k in range(classes)])
        covariance = OAS(assume_centered=True).fit(inside - means[own]).covariance_
        asked = unit.transform(X[held, :-1])
        density = [multivariate_normal(mean, covariance).logpdf(asked) for mean in means]
        assert (found[held] == np.argmax(density, axis=0)).all()


@pytest.mark.parametrize("delta", [0.0, 0.5, 1.0, 2.0, 4.0])
def test_it_grows_with_the_planted_distance_as_theory_says(delta):
    X, y = gaussian(4000, 20, delta)
    predicted = Scatter(X, fifths(4000)).predict(y)
    sizes = np.bincount(y)
    bayes = norm.cdf(delta / 2)
    # Four standard errors of a mean of two recalls; and what 20 estimated means cost, about
    # dim (1/n0 + 1/n1) / δ² of the distance (Efron 1975), which a distance of 0 makes the guess.
    error = 4 * np.sqrt((bayes * (1 - bayes) / sizes).sum() / 4)
    assert balanced_accuracy(y, predicted) == pytest.approx(bayes, abs=error + 0.01)


def test_it_is_chance_where_nothing_was_planted():
    values = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(600, 40)).astype(np.float32), rng.integers(0, 4, 600)
        values.append(balanced_accuracy(y, Scatter(X, fifths(600, seed)).predict(y)))
    assert np.mean(values) == pytest.approx(0.25, abs=4 * np.std(values, ddof=1) / np.sqrt(30))
    assert np.std(values) < 0.03


def test_features_without_any_difference_give_exactly_chance():
    y = np.arange(100) % 4
    predicted = Scatter(np.ones((100, 3), np.float32), fifths(100)).predict(y)
    assert balanced_accuracy(y, predicted) == pytest.approx(0.25, abs=0.05)


def test_the_unit_of_a_feature_changes_nothing():
    X, y = gaussian(500, 10, 1.0)
    expected = Scatter(X, fifths(500)).predict(y)
    moved = X * np.float32(1024.0) + np.float32(0.5)
    assert (Scatter(moved, fifths(500)).predict(y) == expected).mean() > 0.995


def test_balanced_accuracy_is_scikit_learns():
    rng = np.random.default_rng(0)
    gold, predicted = rng.integers(0, 5, 300), rng.integers(0, 5, 300)
    expected = balanced_accuracy_score(gold, predicted)
    assert balanced_accuracy(gold, predicted) == pytest.approx(expected, abs=1e-12)


def table_of(*corpora):
    return pool(corpora, FIVE, "corrected")


def corpus(name, count=60, tasks=(), authors=(), languages=(), **card):
    made = random_essays(name, count, 3, **card)
    extra = {"tasks": tuple(tasks), "authors": tuple(authors)}
    return replace(made, **extra, languages=tuple(languages) or made.languages)


def asked(table):
    """Partitions that are read, and notes on those that aren't, by target and place."""
    found = [cut(one, table, 42) for one in questions(table)]
    return {(one.target, one.corpus): one for one in found}


def test_what_is_asked_of_corpora_follows_from_families_languages_and_tasks():
    table = table_of(
        corpus("a", group="twins", tasks=[f"t{i % 3}" for i in range(60)]),
        corpus("b", group="twins", language="de"),
        corpus("c", language="de"),
    )
    found = asked(table)
    read_off = {key for key, one in found.items() if isinstance(one, Partition)}
    assert read_off == {
        ("corpus", None),
        ("family", None),
        ("language", None),
        ("corpus", "de"),
        ("language", "twins"),
        ("task", "a"),
    }
    assert [found[key].chance for key in sorted(read_off, key=str)] == pytest.approx(
        [1 / 2, 1 / 3, 1 / 2, 1 / 2, 1 / 2, 1 / 3]
    )
    assert {found["task", name].cause for name in "bc"} == {"Its rows name no tasks."}
    for one in (found[key] for key in read_off):
        held = np.sort(np.concatenate(one.parts))
        assert (held == np.arange(len(one.rows))).all()


@pytest.mark.parametrize(
    ("corpora", "target", "place", "cause"),
    [
        ([corpus("a")], "corpus", None, "All 60 texts are of one corpus"),
        ([corpus("a"), corpus("b")], "language", None, "All 120 texts are of one language"),
        (
            [corpus("a", group="g"), corpus("b", group="g")],
            "family",
            None,
            "All 120 texts are of one family",
        ),
        ([corpus("a", tasks=["t"] * 60)], "task", "a", "All 60 texts are of one task"),
        ([corpus("a", tasks=["t", *["u"] * 59])], "task", "a", "Fewer than two classes"),
        ([corpus("a", 9), corpus("b")], "corpus", None, "Fewer than two classes"),
    ],
)
def test_what_cant_be_told_apart_is_a_note(corpora, target, place, cause):
    found = asked(table_of(*corpora))[target, place]
    assert isinstance(found, AnalysisNote)
    assert found.cause.startswith(cause)


def test_a_task_with_a_single_text_is_left_out_and_the_others_are_read():
    tasks = ["rare", *(f"t{i % 2}" for i in range(59))]
    found = asked(table_of(corpus("a", tasks=tasks)))["task", "a"]
    assert len(found.rows) == 59
    assert found.chance == 1 / 2


def test_no_author_and_no_text_is_on_both_sides():
    authors = [f"w{i // 3}" for i in range(90)]
    one = corpus("a", 90, tasks=[f"t{i % 3}" for i in range(90)], authors=authors)
    table = table_of(one, corpus("b", 90))
    for partition in asked(table).values():
        if isinstance(partition, Partition):
            for held in partition.parts:
                rest = np.setdiff1d(np.arange(len(partition.rows)), held)
                sides = [set(table.group[partition.rows[part]]) for part in (held, rest)]
                assert not set.intersection(*sides)


def test_equal_partitions_get_one_answer_and_others_their_own():
    table = table_of(corpus("a", language="cs"), corpus("b", language="de"), corpus("c", 60))
    partitions = [one for one in asked(table).values() if isinstance(one, Partition)]
    X = np.random.default_rng(0).normal(size=(len(table), 8)).astype(np.float32)
    X[:, 0] += 2.0 * table.corpus
    together = list(read(X, partitions))
    assert together == [answer for one in partitions for answer in read(X, [one])]
    values = {one.target: value for one, (value, _) in zip(partitions, together, strict=True)}
    assert values["corpus"] == values["language"] == values["family"] > 0.6
