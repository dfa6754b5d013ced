"""LEACE: one map with the package's, nothing left for a linear map, and what it costs by theory."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss

from cefrbench.engines.methods.leace import fit_eraser

with warnings.catch_warnings():
    # It compiles a function at import by what torch has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from concept_erasure import LeaceFitter


def classes(n=600, dim=15, k=3, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    X = rng.normal(size=(n, dim)) @ rng.normal(size=(dim, dim)) + rng.normal(size=(k, dim))[y]
    return X + 5, y, np.eye(k)[y], rng.uniform(0.2, 3, n)


@pytest.mark.parametrize("k", [2, 4])
def test_with_equal_weights_it_is_the_packages_map(k):
    X, _, concept, _ = classes(k=k)
    fitter = LeaceFitter(
        15, k, shrinkage=False, constrain_cov_trace=False, svd_tol=1e-9, dtype=torch.float64
    )
    theirs = fitter.update(torch.tensor(X), torch.tensor(concept)).eraser
    ours = fit_eraser(X, concept, np.ones(len(X)))
    fresh = classes(seed=1, k=k)[0]
    assert ours(fresh) == pytest.approx(theirs(torch.tensor(fresh)).numpy(), abs=1e-8)
    assert ours.rank == k - 1


def test_no_linear_map_beats_a_constant_on_what_was_erased():
    X, y, concept, weight = classes()
    erased = fit_eraser(X, concept, weight)(X)
    means = [np.average(erased[y == c], axis=0, weights=weight[y == c]) for c in range(3)]
    assert means[1:] == [pytest.approx(means[0], abs=1e-10)] * 2
    share = np.array([weight[y == c].sum() for c in range(3)]) / weight.sum()
    constant = log_loss(y, np.tile(share, (len(y), 1)), sample_weight=weight)

    def loss(features):
        fitted = LogisticRegression(C=100.0, max_iter=5000).fit(features, y, weight)
        return log_loss(y, fitted.predict_proba(features), sample_weight=weight)

    assert loss(X) < 0.9 * constant
    assert loss(erased) == pytest.approx(constant, abs=1e-5)


def test_without_weights_the_weighted_map_still_reads_it():
    # Why the package's map won't do for a probe with weights.
    X, y, concept, weight = classes()
    weight = weight * np.where(X[:, 0] > 5, 5.0, 1.0)
    erased = fit_eraser(X, concept, np.ones(len(X)))(X)
    means = [np.average(erased[y == c], axis=0, weights=weight[y == c]) for c in range(3)]
    assert np.abs(means[0] - means[1]).max() > 0.05


def test_a_constant_column_and_fewer_rows_than_columns_do_no_harm():
    X, _, concept, weight = classes(n=12, dim=30)
    X[:, 0] = 7.0
    erased = fit_eraser(X, concept, weight)(X)
    assert np.isfinite(erased).all()
    assert erased[:, 0] == pytest.approx(7.0)
    covariance = (erased - erased.mean(0)).T @ (
        (concept - weight @ concept / weight.sum()).T * weight
    ).T
    assert np.abs(covariance).max() < 1e-8


def test_one_class_erases_nothing():
    X, _, _, weight = classes()
    eraser = fit_eraser(X, np.ones((len(X), 1)), weight)
    assert eraser.rank == 0
    assert (eraser(X) == X).all()


@pytest.mark.parametrize("corpus", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("confounded", [0.0, 0.5, 1.0])
def test_the_level_loses_what_is_confounded_with_the_corpus_and_no_more(corpus, confounded):
    # c = ±1 is the corpus; the level is y = confounded·c + its own part of variance 1.
    # Columns: corpus·c + noise, y + noise, and eight of noise alone.
    rng = np.random.default_rng(0)

    def draw(n):
        c = rng.choice([-1.0, 1.0], n)
        y = confounded * c + rng.normal(size=n)
        X = rng.normal(size=(n, 10))
        X[:, 0] += corpus * c
        X[:, 1] += y
        return X, y, c

    X, y, c = draw(20_000)
    concept = np.stack([c > 0, c < 0], axis=1).astype(float)
    eraser = fit_eraser(X, concept, np.ones(len(X)))
    probe = LinearRegression().fit(eraser(X), y)
    fresh, gold, _ = draw(20_000)
    # What the moments of the population say, by whitening and leaving one direction out.
    own = np.diag([corpus**2 + 1, confounded**2 + 2])
    own[0, 1] = own[1, 0] = corpus * confounded
    values, vectors = np.linalg.eigh(own)
    whiten = vectors @ np.diag(values**-0.5) @ vectors.T
    level = whiten @ [corpus * confounded, confounded**2 + 1]
    gone = whiten @ [corpus, confounded]
    gone /= np.linalg.norm(gone)
    before = level @ level / (confounded**2 + 1)
    after = before - (level @ gone) ** 2 / (confounded**2 + 1)
    plain = LinearRegression().fit(X, y)
    assert plain.score(fresh, gold) == pytest.approx(before, abs=0.02)
    assert probe.score(eraser(fresh), gold) == pytest.approx(after, abs=0.02)
    if not confounded:
        assert after == pytest.approx(before)
