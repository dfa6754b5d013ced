"""What methods compute, beside implementations from elsewhere or a second one by definition."""

import warnings

import numpy as np
import pytest
import torch
from planted_bias import CLASSES, Bias, balanced, draw, specs
from scipy.linalg import sqrtm
from scipy.optimize import minimize
from scipy.stats import rankdata
from sklearn import config_context
from sklearn.covariance import ledoit_wolf
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from cefrbench.contracts.method import MethodOptions, Source
from cefrbench.engines.methods.adversary import Adversarial, Step
from cefrbench.engines.methods.equating import equipercentile, linear, midranks
from cefrbench.engines.methods.erasing import nullspace
from cefrbench.engines.methods.mixing import between
from cefrbench.engines.methods.risks import even_head, risks_of, worst_mixture
from cefrbench.engines.methods.spread import spread_of

with warnings.catch_warnings():
    # It compiles a function at import by what torch has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from concept_erasure import LeaceFitter

METHODS = specs()


def prepare(name, source, unlabelled=None, **options):
    spec = METHODS[name]
    method = spec.make(MethodOptions(n_classes=CLASSES, **options))
    return method.prepare(source, unlabelled if spec.card.sees == "unlabelled" else None)


@pytest.fixture(scope="module")
def world():
    return draw(Bias(ability=0.5, gain=0.5, spurious=1.0), 0)


@pytest.fixture(scope="module")
def even(world):
    """The same with equal weights: what implementations from elsewhere are for."""
    s = world.source
    return Source(s.X, s.y, s.corpus, s.family, np.ones(len(s.y)), s.few)


def wide(rows=30, dim=80, seed=0):
    """Fewer texts than features."""
    rng = np.random.default_rng(seed)
    corpus = np.arange(rows) % 3
    y = rng.integers(0, CLASSES, rows)
    X = rng.normal(size=(rows, dim)) + corpus[:, None] + 0.3 * y[:, None] * rng.normal(size=dim)
    few = np.zeros(rows, bool)
    return Source(X.astype(np.float32), y, corpus, corpus, balanced(y, corpus), few)


# -- moments and their powers --------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(400, 12), (40, 60)])
def test_with_equal_weights_the_covariance_is_scikit_learns(shape):
    X = np.random.default_rng(0).normal(size=shape) @ np.diag(np.linspace(1, 2, shape[1]))
    theirs, shrinkage = ledoit_wolf(X)
    assert shrinkage > 1 / shape[0]
    ours = spread_of(X)
    assert ours.covariance() == pytest.approx(theirs, abs=1e-10)
    assert ours.power(ours.power(X, -0.5), 0.5) == pytest.approx(X, abs=1e-9)


def test_whole_weights_are_texts_that_stand_so_often():
    rng = np.random.default_rng(1)
    X, weight = rng.normal(size=(50, 6)), rng.integers(1, 4, 50)
    repeated = np.repeat(X, weight, axis=0)
    ours = spread_of(X, weight.astype(float))
    assert ours.mean == pytest.approx(repeated.mean(axis=0))
    # Not the shrinkage: three copies of a text are one text. Off the diagonal it is a factor.
    ratio = ours.covariance() / np.cov(repeated.T, bias=True)
    beside = ratio[~np.eye(6, dtype=bool)]
    assert beside == pytest.approx(beside[0])
    assert beside[0] < 1


def test_two_texts_and_one_have_a_covariance():
    X = np.random.default_rng(0).normal(size=(2, 9))
    assert np.isfinite(spread_of(X).power(X, -0.5)).all()
    assert (spread_of(X[:1]).power(X, -0.5) == X).all()


# -- against libraries ---------------------------------------------------------------------------


@pytest.mark.parametrize("corpus", [0, 2])
def test_coral_is_skadas_with_equal_weights(world, even, corpus):
    # Each in its own unit, in which skada shrinks covariances.
    rows = even.corpus == corpus
    own, unseen = (StandardScaler().fit_transform(X) for X in (even.X[rows], world.unseen))
    alone = Source(own, even.y[rows], even.corpus[rows], even.corpus[rows], even.weight[rows], rows)
    ours = prepare("coral", alone, unseen)
    X = np.concatenate([own, unseen]).astype(float)
    domain = np.where(np.arange(len(X)) < rows.sum(), 1, -2)
    # skada turns the routing of metadata on for the whole process.
    with config_context(enable_metadata_routing=True):
        from skada import CORALAdapter

        theirs = CORALAdapter().fit_transform(X, sample_domain=domain)
    assert np.abs(ours.X - own).mean() > 0.1
    assert pytest.approx(theirs[: rows.sum()], abs=1e-4) == ours.X
    assert ours.transform(unseen) == pytest.approx(theirs[rows.sum() :], abs=1e-4)


def test_optimal_transport_is_skadas_for_texts_that_have_the_shrunk_moments(world):
    # skada (POT's `LinearTransport`) knows no weights and no shrinkage: it is shown other texts,
    # whose plain mean and covariance are those that ours weighs and shrinks to.
    s = world.source
    ours = prepare("ot", s, world.unseen)
    unseen = with_moments(spread_of(world.unseen.astype(float)))
    for corpus in range(4):
        rows = s.corpus == corpus
        own = with_moments(spread_of(s.X[rows].astype(float), s.weight[rows]))
        theirs = moved_by_skada(own, unseen, s.X[rows].astype(float))
        assert np.abs(theirs - s.X[rows]).mean() > 0.1
        assert ours.X[rows] == pytest.approx(theirs, abs=1e-5)


def moved_by_skada(own, unseen, X):
    """Fit skada's adapter on two corpora, and move texts of the first."""
    domain = np.repeat([1, -2], [len(own), len(unseen)])
    # skada turns the routing of metadata on for the whole process.
    with config_context(enable_metadata_routing=True):
        from skada import LinearOTMappingAdapter

        adapter = LinearOTMappingAdapter(reg=0)
        adapter.fit(np.concatenate([own, unseen]), sample_domain=domain)
        return adapter.transform(X, sample_domain=np.ones(len(X)), allow_source=True)


def with_moments(spread, n=200):
    """Texts whose plain mean and covariance are given."""
    X = np.random.default_rng(n).normal(size=(n, len(spread.mean)))
    X -= X.mean(axis=0)
    white = X @ np.linalg.inv(np.linalg.cholesky(np.cov(X.T))).T
    return spread.mean + white @ np.linalg.cholesky(spread.covariance()).T


def test_optimal_transport_gives_the_unseen_corpuss_mean_and_shrunk_covariance(world):
    s = world.source
    ours = prepare("ot", s, world.unseen)
    for corpus in range(4):
        rows = s.corpus == corpus
        share = s.weight[rows] / s.weight[rows].sum()
        assert share @ ours.X[rows] == pytest.approx(world.unseen.mean(axis=0), abs=1e-5)
        # The map is symmetric and positive, which makes it the Monge map of two normals.
        shifted = ours.X[rows] - ours.X[rows][0]
        matrix = np.linalg.lstsq(s.X[rows] - s.X[rows][0], shifted, rcond=None)[0]
        assert matrix == pytest.approx(matrix.T, abs=1e-3)
        own = spread_of(s.X[rows].astype(float), s.weight[rows]).covariance()
        moved = matrix.T @ own @ matrix
        assert moved == pytest.approx(spread_of(world.unseen).covariance(), abs=1e-3)


def test_what_is_left_after_length_is_what_weighted_least_squares_leaves(world):
    s = world.source
    ours = prepare("after-length", s)
    design = np.stack([np.ones(len(s.y)), s.length], axis=1)
    root = np.sqrt(s.weight)[:, None]
    theirs = np.linalg.lstsq(root * design, root * s.X.astype(float), rcond=None)[0]
    assert pytest.approx(s.X - design @ theirs, abs=1e-5) == ours.X
    scored = np.stack([np.ones(len(world.unseen)), world.lengths], axis=1) @ theirs
    moved = ours.transform(world.unseen, world.lengths)
    assert moved == pytest.approx(world.unseen - scored, abs=1e-5)
    # As they weigh, training texts no longer say how long they are.
    centred = s.length - np.average(s.length, weights=s.weight)
    assert np.abs((s.weight * centred) @ ours.X).max() < 1e-2


def test_leace_is_the_packages_with_equal_weights(even):
    fitter = LeaceFitter(
        even.X.shape[1], 4, shrinkage=False, constrain_cov_trace=False, svd_tol=1e-9,
        dtype=torch.float64,
    )  # fmt: skip
    X = torch.tensor(even.X, dtype=torch.float64)
    theirs = fitter.update(X, torch.tensor(np.eye(4)[even.corpus])).eraser(X)
    erased = prepare("leace", even).X
    assert erased == pytest.approx(theirs.numpy(), abs=1e-5)


@pytest.mark.parametrize("name", ["centre", "adabn", "whiten"])
def test_each_corpus_is_centred_scaled_and_whitened_as_by_scikit_learn(world, name):
    s = world.source
    ours = prepare(name, s, world.unseen)
    for corpus in range(4):
        rows = s.corpus == corpus
        X, weight = s.X[rows].astype(float), s.weight[rows]
        scaler = StandardScaler(with_std=name == "adabn").fit(X, sample_weight=weight)
        if name != "whiten":
            assert ours.X[rows] == pytest.approx(scaler.transform(X), abs=1e-4)
    moved = ours.transform(world.unseen)
    assert moved.mean(axis=0) == pytest.approx(np.zeros(24), abs=1e-5)
    if name == "whiten":
        covariance = ledoit_wolf(world.unseen.astype(float))[0]
        theirs = np.linalg.inv(sqrtm(covariance))
        expected = (world.unseen - world.unseen.mean(axis=0)) @ theirs
        assert moved == pytest.approx(expected, abs=1e-4)


def test_no_linear_classifier_of_the_corpus_is_left_by_inlp(world):
    s = world.source
    erased = prepare("inlp", s, strength=8.0).X

    def accuracy(X):
        return LogisticRegression(C=0.1, max_iter=500).fit(X, s.corpus).score(X, s.corpus)

    assert accuracy(s.X) > 0.95
    assert accuracy(erased) < 0.45


def test_the_first_round_of_inlp_takes_what_scikit_learns_ridge_reads(world):
    s = world.source
    share = 1 / np.bincount(s.corpus, weights=s.weight)[s.corpus] * s.weight
    share *= len(s.y) / share.sum()
    X = s.X.astype(float)
    theirs = Ridge(24.0).fit(X, np.eye(4)[s.corpus], share).coef_
    axes = nullspace(X, s.corpus, s.weight, 1)
    assert axes.shape == (24, 3)
    assert axes.T @ axes == pytest.approx(np.eye(3), abs=1e-9)
    assert theirs @ axes @ axes.T == pytest.approx(theirs, abs=1e-8)
    assert nullspace(X, s.corpus, s.weight, 50).shape[1] <= 24


# -- robust and invariant risks ------------------------------------------------------------------


@pytest.mark.parametrize("make", [lambda w: w.source, lambda w: wide()])
def test_risks_and_their_best_head_are_scikit_learns(world, make):
    s = make(world)
    risks = risks_of(s.X.astype(float), s.y, s.corpus, s.weight)
    corpora = len(risks.c)
    held = np.bincount(s.corpus, weights=s.weight)
    probe = Ridge(7.0).fit(s.X.astype(float), s.y, s.weight / held[s.corpus] * len(s.y) / corpora)
    head = risks.best(np.full(corpora, 1 / corpora), 7.0)
    assert risks.axes @ head[:-1] == pytest.approx(probe.coef_, abs=1e-6)
    assert head[-1] == pytest.approx(probe.intercept_, abs=1e-6)
    off = np.square(probe.predict(s.X.astype(float)) - s.y)
    theirs = [
        np.average(off[s.corpus == c], weights=s.weight[s.corpus == c]) for c in set(s.corpus)
    ]
    assert risks.at(head) == pytest.approx(theirs, abs=1e-6)


def test_the_worst_mixture_is_the_saddle_point_of_a_general_solver():
    # Epigraph form: the least t above all risks, by SLSQP.
    s = draw(Bias(spurious=2.0), 1).source
    risks = risks_of(s.X.astype(float), s.y, s.corpus, s.weight)
    alpha = 24.0
    ridge = risks.penalty(alpha)
    start = risks.best(np.full(4, 0.25), alpha)
    found = minimize(
        lambda v: v[-1] + ridge @ np.square(v[:-1]),
        np.append(start, risks.at(start).max()),
        jac=lambda v: np.append(2 * ridge * v[:-1], 1.0),
        constraints={
            "type": "ineq",
            "fun": lambda v: v[-1] - risks.at(v[:-1]),
            "jac": lambda v: np.hstack([-risks.slopes(v[:-1]), np.ones((4, 1))]),
        },
        method="SLSQP",
        options={"maxiter": 300, "ftol": 1e-10},
    )
    assert found.success
    head = risks.best(worst_mixture(risks, alpha), alpha)
    ours = risks.at(head).max() + ridge @ np.square(head)
    assert ours == pytest.approx(found.fun, rel=0.01)
    assert risks.at(start).max() + ridge @ np.square(start) > 1.03 * found.fun


def test_v_rex_stands_where_its_objective_is_flat_and_lower(world):
    s = draw(Bias(spurious=2.0), 0).source
    risks = risks_of(s.X.astype(float), s.y, s.corpus, s.weight)
    unit = np.mean(
        [np.cov(s.y[s.corpus == c], aweights=s.weight[s.corpus == c], ddof=0) for c in range(4)]
    )

    def objective(head):
        theirs = []
        for c in range(4):
            rows = s.corpus == c
            off = s.X[rows].astype(float) @ head[:-1] + head[-1] - s.y[rows]
            theirs.append(np.average(np.square(off), weights=s.weight[rows]) / unit)
        return (
            np.mean(theirs)
            + 100 * np.var(theirs)
            + 24 / len(s.y) * np.square(head[:-1]).sum() / unit
        )

    head = even_head(risks, 24.0, 100.0)
    start = risks.best(np.full(4, 0.25), 24.0)
    assert objective(head) < 0.8 * objective(start)
    step = 1e-4 * np.eye(len(head))
    slope = [(objective(head + one) - objective(head - one)) / 2e-4 for one in step]
    assert np.abs(slope).max() < 2e-3


# -- the adversary -------------------------------------------------------------------------------


def test_the_reversed_gradient_is_that_of_the_levels_loss_less_the_adversarys():
    torch.manual_seed(0)
    network = Adversarial(5, 3).double()
    network.draw(torch.Generator().manual_seed(0))
    rng = np.random.default_rng(0)
    batch = Step(
        torch.tensor(rng.normal(size=(12, 5))),
        torch.tensor(rng.normal(size=6)),
        torch.tensor(rng.integers(0, 3, 12)),
    )
    strength = 0.7
    network.loss(batch, strength).backward()

    def losses():
        """By NumPy: what the level head and the adversary lose."""
        p = {name: v.detach().numpy() for name, v in network.named_parameters()}
        hidden = np.maximum(batch.X.numpy() @ p["body.0.weight"].T + p["body.0.bias"], 0)
        level = hidden[:6] @ p["level.weight"][0] + p["level.bias"][0]
        told = np.maximum(hidden @ p["corpus.0.weight"].T + p["corpus.0.bias"], 0)
        logits = told @ p["corpus.2.weight"].T + p["corpus.2.bias"]
        chosen = logits[np.arange(12), batch.corpus.numpy()]
        entropy = (np.log(np.exp(logits).sum(axis=1)) - chosen).mean()
        return np.array([np.square(level - batch.y.numpy()).mean(), entropy])

    for name, sign in [("body.0.weight", -strength), ("level.weight", 0), ("corpus.2.weight", 1)]:
        values = dict(network.named_parameters())[name]
        for place in [(0, 0), (0, 3), (2, 4)][: 2 if name == "level.weight" else 3]:
            with torch.no_grad():
                values[place] += 1e-6
                above = losses()
                values[place] -= 2e-6
                below = losses()
                values[place] += 1e-6
            slope = (above - below) / 2e-6
            assert values.grad[place].item() == pytest.approx(slope @ [1, sign], abs=1e-6)


@pytest.mark.gpu
def test_the_accelerator_trains_the_network_that_the_host_trains(world):
    if not torch.cuda.is_available():
        pytest.skip("no accelerator")
    host = prepare("dann", world.source, world.unseen)
    there = prepare("dann", world.source, world.unseen, device="cuda")
    # Steps round otherwise, and two hundred of them drift apart.
    assert np.corrcoef(host.X[:, 0], there.X[:, 0])[0, 1] > 0.99


# -- predictions and labels ----------------------------------------------------------------------


def test_equating_gives_the_moments_and_the_shares():
    scores = np.random.default_rng(0).gamma(2.0, size=1000)
    moved = linear(scores, 1.5, 0.7)
    assert (moved.mean(), moved.std()) == (pytest.approx(1.5), pytest.approx(0.7))
    shares = np.array([0.1, 0.0, 0.5, 0.3, 0.1])
    level = np.floor(equipercentile(scores, np.ones(1000), shares)(scores) + 0.5).astype(int)
    assert np.bincount(level, minlength=5) / 1000 == pytest.approx(shares, abs=0.002)
    assert (np.argsort(moved) == np.argsort(scores)).all()


def test_ranks_are_scipys_where_all_weigh_the_same():
    rng = np.random.default_rng(0)
    y, corpus = rng.integers(0, 5, 200), rng.integers(0, 3, 200)
    ours = midranks(y, corpus, np.ones(200))
    for c in range(3):
        own = y[corpus == c]
        assert ours[corpus == c] == pytest.approx((rankdata(own) - 0.5) / len(own))


def test_ridge_on_ranks_is_least_squares_on_all_pairs_inside_corpora():
    s = wide(rows=24, dim=4)
    s = Source(s.X, s.y, s.corpus, s.family, np.ones(24), s.few)
    ours = prepare("rank-labels", s)
    probe = LinearRegression().fit(ours.X, ours.y, ours.weight)
    rank = midranks(s.y, s.corpus, s.weight) * (CLASSES - 1)
    i, j = np.nonzero(s.corpus[:, None] == s.corpus)
    pairs = LinearRegression(fit_intercept=False).fit(s.X[i] - s.X[j], rank[i] - rank[j])
    assert probe.coef_ == pytest.approx(pairs.coef_, abs=1e-4)


def test_a_label_between_two_levels_is_the_label_itself_to_squared_error():
    rng = np.random.default_rng(0)
    X, label = rng.normal(size=(60, 4)).astype(np.float32), rng.uniform(0, 4, 60)
    label[:9], weight = np.arange(9) / 2, rng.uniform(0.5, 2, 60)
    rows, y, shared = between(X, label, weight, CLASSES)
    assert y.dtype == np.int64
    assert (y.min(), y.max()) == (0, 4)
    assert shared.sum() == pytest.approx(weight.sum())
    one, two = Ridge(1.0).fit(X, label, weight), Ridge(1.0).fit(rows, y, shared)
    assert one.coef_ == pytest.approx(two.coef_, abs=1e-5)
