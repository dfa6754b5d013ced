"""Ridge, logistic and ordinal: the minimum of scikit-learn and mord, on all folds at once."""

from dataclasses import replace

import mord
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import badly_scaled, planted
from scipy.optimize import approx_fprime
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from cefrbench.contracts.probe import FitsFolds, FitsPaths, FoldRows
from cefrbench.engines.linear import probe as linear_probe
from cefrbench.engines.linear.arrays import Arrays, DeviceArrays
from cefrbench.engines.linear.design import Layer
from cefrbench.engines.linear.logistic import LogisticProbe, Multinomial
from cefrbench.engines.linear.ordinal import AllThreshold, OrdinalProbe
from cefrbench.engines.linear.probe import LinearProbe
from cefrbench.engines.linear.ridge import RidgeProbe
from cefrbench.errors import ProbeError

# mord passes options to SciPy that SciPy has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:scipy.optimize:DeprecationWarning")

PROBES = [RidgeProbe(), LogisticProbe(), OrdinalProbe()]
SHAPES = {"more rows than features": (260, 24), "more features than rows": (70, 90)}


def reference(probe):
    """The independent estimator that has the same minimum, solved to the end."""
    if isinstance(probe, RidgeProbe):
        return Ridge(alpha=probe.alpha)
    if isinstance(probe, LogisticProbe):
        return LogisticRegression(C=probe.C, tol=1e-9, max_iter=10_000)
    return mord.LogisticAT(alpha=probe.alpha, max_iter=100_000)


def by_hand(probe, data, fold, sample_weight):
    """Predictions of the reference, fitted on one fold in double precision."""
    X = data.X.astype(np.float64)
    weight = None if sample_weight is None else sample_weight[fold.train]
    fitted = reference(probe).fit(X[fold.train], data.y[fold.train], sample_weight=weight)
    return fitted.predict(X[fold.predict])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("probe", PROBES, ids=lambda p: type(p).__name__)
def test_every_fold_is_predicted_as_by_the_reference(probe, shape, weighted):
    data = planted(*SHAPES[shape])
    weight = data.weight if weighted else None
    fits = probe.fit_folds(data.X, data.y, data.folds, sample_weight=weight)
    for fold, (fit,) in zip(data.folds, fits, strict=True):
        assert fit.converged
        np.testing.assert_allclose(fit.predictions, by_hand(probe, data, fold, weight), atol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("probe", PROBES, ids=lambda p: type(p).__name__)
def test_a_fold_may_have_weights_and_a_unit_of_its_own(probe, shape):
    """Beside folds that share the layer's; scikit-learn scales and fits each by itself."""
    data = planted(*SHAPES[shape], dtype=np.float64)
    draw = np.random.default_rng(7)
    own = [
        FoldRows(
            fold.train,
            fold.predict,
            weight=draw.uniform(0.2, 3.0, len(fold.train)),
            count=draw.poisson(1.0, len(fold.train)).astype(np.float64),
        )
        for fold in data.folds
    ]
    only_unit = replace(own[0], weight=None)
    folds = [*own, only_unit, *data.folds]
    fits = probe.fit_folds(data.X / 30, data.y, folds, sample_weight=data.weight)
    for fold, (fit,) in zip(folds, fits, strict=True):
        X, weight = data.X / 30, data.weight[fold.train] if fold.weight is None else fold.weight
        if fold.count is not None:
            scaler = StandardScaler().fit(X[fold.train], sample_weight=fold.count)
            X = scaler.transform(X)
        fitted = reference(probe).fit(X[fold.train], data.y[fold.train], sample_weight=weight)
        np.testing.assert_allclose(fit.predictions, fitted.predict(X[fold.predict]), atol=1e-8)


def own_fold(data, fold, seed=7):
    """A fold with weights and counts of its own; a training row in eight has neither."""
    draw = np.random.default_rng(seed)
    there = draw.random(len(fold.train)) > 1 / 8
    weight = there * draw.uniform(0.2, 3.0, len(fold.train))
    return replace(fold, weight=weight, count=1.0 * there * draw.integers(1, 4, len(weight)))


#: From the strongest to the weakest.
PATHS = {
    RidgeProbe: [{"alpha": value} for value in (1e6, 1e4, 1e2, 1.0, 1e-2)],
    LogisticProbe: [{"C": value} for value in (1e-4, 1e-2, 1.0, 10.0)],
    OrdinalProbe: [{"alpha": value} for value in (1e4, 1e2, 1.0, 0.1)],
}


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("probe", PATHS)
def test_every_penalty_of_a_path_has_the_minimum_of_the_reference(probe, shape, own):
    data = planted(*SHAPES[shape], dtype=np.float64)
    folds = [own_fold(data, fold) if own else fold for fold in data.folds]
    values = [value for params in PATHS[probe] for value in params.values()]
    paths = probe().fit_paths(data.X, data.y, folds, penalties=values, sample_weight=data.weight)
    for fold, path in zip(folds, paths, strict=True):
        weight = fold.weight if own else data.weight[fold.train]
        rows, weight = fold.train[weight > 0], weight[weight > 0]
        X = data.X
        if own:
            X = StandardScaler().fit(X[fold.train], sample_weight=fold.count).transform(X)
        for params, (fit,) in zip(PATHS[probe], path, strict=True):
            assert fit.converged
            model = reference(probe(**params)).fit(X[rows], data.y[rows], sample_weight=weight)
            asked = X[fold.predict]
            np.testing.assert_allclose(fit.predictions, model.predict(asked), atol=1e-8)
            if probe is LogisticProbe:
                expected = model.predict_proba(asked) @ model.classes_
                np.testing.assert_allclose(fit.scores, expected, atol=2e-4)
            if probe is OrdinalProbe:
                np.testing.assert_allclose(fit.scores, asked @ model.coef_, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("probe", PATHS)
def test_a_path_is_its_single_fits(probe, shape):
    data = planted(*SHAPES[shape])
    folds = [own_fold(data, data.folds[0]), data.folds[1], replace(data.folds[2], weight=None)]
    values = [value for params in PATHS[probe] for value in params.values()]
    paths = probe().fit_paths(data.X, data.y, folds, penalties=values, seeds=(0, 1))
    for k, params in enumerate(PATHS[probe]):
        alone = probe(**params).fit_folds(data.X, data.y, folds)
        for path, (expected,) in zip(paths, alone, strict=True):
            assert len(path[k]) == 2
            np.testing.assert_allclose(path[k][1].predictions, expected.predictions, atol=1e-9)
            np.testing.assert_allclose(path[k][1].scores, expected.scores, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_coefficients_are_those_of_scikit_learn_and_mord(shape, weighted):
    data = planted(*SHAPES[shape], dtype=np.float64)
    weight = data.weight if weighted else None
    for probe in PROBES:
        probe.fit(data.X, data.y, sample_weight=weight)
    ridge, logistic, ordinal = (
        reference(p).fit(data.X, data.y, sample_weight=weight) for p in PROBES
    )
    np.testing.assert_allclose(PROBES[0].coef_[:, 0], ridge.coef_, atol=1e-10)
    np.testing.assert_allclose(PROBES[0].intercept_, ridge.intercept_, atol=1e-10)
    np.testing.assert_allclose(PROBES[1].coef_.T, logistic.coef_, atol=5e-4)
    np.testing.assert_allclose(PROBES[1].intercept_, logistic.intercept_, atol=5e-4)
    np.testing.assert_allclose(PROBES[2].coef_[:, 0], ordinal.coef_, atol=5e-4)
    np.testing.assert_allclose(-PROBES[2].intercept_, ordinal.theta_, atol=5e-4)


def multinomial_loss(X, y, coef, intercept):
    scores = log_softmax(X @ coef + intercept, axis=1)
    return -scores[np.arange(len(y)), y].sum() + 0.5 * (coef**2).sum()


def all_threshold_loss(X, y, coef, intercept):
    sign = np.where(y[:, None] <= np.arange(len(intercept)), 1, -1)
    return np.logaddexp(0, sign * (X @ coef + intercept)).sum() + 0.5 * (coef**2).sum()


@pytest.mark.parametrize(
    ("probe", "loss"), [(LogisticProbe(), multinomial_loss), (OrdinalProbe(), all_threshold_loss)]
)
def test_badly_scaled_features_still_reach_the_minimum(probe, loss):
    """Where scikit-learn and mord give up, a general minimiser finds nothing better nearby."""
    data = planted(dtype=np.float64)
    X = badly_scaled(data.X)
    (row,) = probe.fit_folds(X, data.y, data.folds[:1])
    assert row[0].converged
    probe.fit(X, data.y)
    best = loss(X, data.y, probe.coef_, probe.intercept_)
    scale = np.r_[X.std(axis=0)[:, None]]
    rng = np.random.default_rng(1)
    for size in (1e-2, 1e-4):
        for _ in range(20):
            step = size * rng.normal(size=probe.coef_.shape) / scale
            shift = size * rng.normal(size=probe.intercept_.shape) - (X.mean(axis=0) @ step)
            there = loss(X, data.y, probe.coef_ + step, probe.intercept_ + shift)
            assert there > best - 1e-7 * best


def test_a_badly_scaled_ridge_agrees_with_its_normal_equations():
    data = planted(dtype=np.float64)
    X = badly_scaled(data.X)
    probe = RidgeProbe().fit(X, data.y)
    residual = data.y - probe.predict(X)
    np.testing.assert_allclose(residual.sum(), 0, atol=1e-6)
    stationary = X.T @ residual - probe.coef_[:, 0]
    np.testing.assert_allclose(stationary / X.std(axis=0), 0, atol=1e-4)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("probe", PROBES, ids=lambda p: type(p).__name__)
def test_many_large_folds_share_the_gram_matrix_of_all_rows(probe, weighted):
    data = planted()
    weight = data.weight if weighted else None
    rows = np.arange(len(data.y))
    folds = [FoldRows(rows[rows % 8 != i], rows[rows % 8 == i]) for i in range(8)]
    layer = Layer(data.X, weight, Arrays())
    layer.share_products([fold.train for fold in folds])
    assert layer._from_whole
    fits = probe.fit_folds(data.X, data.y, folds, sample_weight=weight)
    for fold, (fit,) in zip(folds, fits, strict=True):
        np.testing.assert_allclose(fit.predictions, by_hand(probe, data, fold, weight), atol=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("probe", PROBES, ids=lambda p: type(p).__name__)
def test_a_row_that_trains_twice_counts_twice_among_folds_that_share_products(probe, weighted):
    """As in a resample of training rows."""
    data = planted()
    weight = data.weight if weighted else None
    rows = np.arange(len(data.y))
    folds = [FoldRows(rows[rows % 8 != i], rows[rows % 8 == i]) for i in range(8)]
    twice = np.concatenate([folds[0].train, folds[0].train[::3]])
    folds[0] = FoldRows(twice, folds[0].predict)
    layer = Layer(data.X, weight, Arrays())
    layer.share_products([fold.train for fold in folds])
    assert layer._from_whole
    fits = probe.fit_folds(data.X, data.y, folds, sample_weight=weight)
    for fold, (fit,) in zip(folds, fits, strict=True):
        np.testing.assert_allclose(fit.predictions, by_hand(probe, data, fold, weight), atol=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1])
@pytest.mark.parametrize("shape", SHAPES)
def test_features_that_are_all_alike_leave_the_class_frequencies(shape, value):
    """As in the embedding output, where the last token of every text is the same."""
    data = planted(*SHAPES[shape])
    data.X[:] = value
    fold = data.folds[0]
    train = data.y[fold.train]
    expected = [train.mean(), np.bincount(train).argmax(), np.median(train)]
    for probe, constant in zip(PROBES, expected, strict=True):
        (fit,) = probe.fit_folds(data.X, data.y, [fold])[0]
        np.testing.assert_allclose(fit.predictions, constant, atol=1e-9)
        assert fit.converged


@pytest.mark.parametrize("probe", PROBES, ids=lambda p: type(p).__name__)
def test_a_weight_of_two_is_a_row_twice_and_of_zero_none(probe):
    data = planted()
    count = np.arange(len(data.y)) % 3
    fold = data.folds[0]
    repeated = FoldRows(np.repeat(fold.train, count[fold.train]), fold.predict)
    (weighted,) = probe.fit_folds(data.X, data.y, [fold], sample_weight=count.astype(float))[0]
    (rows,) = probe.fit_folds(data.X, data.y, [repeated])[0]
    np.testing.assert_allclose(weighted.predictions, rows.predictions, atol=1e-9)


@pytest.mark.parametrize("missing", [0, 2, 4])
@pytest.mark.parametrize("probe", [LogisticProbe(), OrdinalProbe()])
def test_a_class_that_training_rows_lack_is_never_predicted(probe, missing):
    data = planted()
    fold = data.folds[0]
    lacking = FoldRows(fold.train[data.y[fold.train] != missing], fold.predict)
    (fit,) = probe.fit_folds(data.X, data.y, [lacking])[0]
    present, numbered = np.unique(data.y[lacking.train], return_inverse=True)
    expected = reference(probe).fit(data.X[lacking.train].astype(float), numbered)
    np.testing.assert_array_equal(
        fit.predictions, present[expected.predict(data.X[lacking.predict].astype(float))]
    )


def test_two_classes_are_scikit_learns_binary_case():
    data = planted()
    y = np.where(data.y > 1, 4, 1)
    for probe in (LogisticProbe(C=0.3), OrdinalProbe(alpha=1 / 0.3)):
        probe.fit(data.X, y)
        expected = LogisticRegression(C=0.3, tol=1e-9).fit(data.X.astype(float), y)
        np.testing.assert_allclose(probe.coef_[:, 0], expected.coef_[0], atol=1e-4)
        np.testing.assert_array_equal(probe.predict(data.X), expected.predict(data.X))


@pytest.mark.parametrize("kind", [Multinomial, AllThreshold])
def test_gradient_and_curvature_are_the_derivatives_of_the_objective(kind):
    data = planted(n=60, dim=5, dtype=np.float64)
    arrays = Arrays()
    rows = np.arange(60)
    design = Layer(data.X, data.weight, arrays).principal(rows, rows[:0])
    problem = kind(design, data.y, 5, arrays)
    rng = np.random.default_rng(2)
    shape = problem.start().shape
    params = rng.normal(size=shape)
    point = problem.at(params)
    numeric = approx_fprime(params.ravel(), lambda p: problem.at(p.reshape(shape)).value, 1e-7)
    np.testing.assert_allclose(point.gradient.ravel(), numeric, rtol=1e-4, atol=1e-3)
    direction = rng.normal(size=shape)
    ahead = problem.at(params + 1e-6 * direction).gradient
    behind = problem.at(params - 1e-6 * direction).gradient
    np.testing.assert_allclose(
        point.curvature(direction), (ahead - behind) / 2e-6, rtol=1e-4, atol=1e-3
    )


@given(
    n=st.integers(12, 40),
    dim=st.integers(1, 60),
    seed=st.integers(0, 1000),
    weighted=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_folds_together_are_folds_alone(n, dim, seed, weighted):
    data = planted(n=n, dim=dim, seed=seed)
    weight = data.weight if weighted else None
    folds = [fold for fold in data.folds if len(np.unique(data.y[fold.train])) > 1]
    for probe in PROBES:
        fits = probe.fit_folds(data.X, data.y, folds, sample_weight=weight, seeds=(0, 1))
        for fold, (fit, again) in zip(folds, fits, strict=True):
            assert fit is again
            part = None if weight is None else weight[fold.train]
            alone = probe.fit(data.X[fold.train], data.y[fold.train], sample_weight=part)
            expected = alone.predict(data.X[fold.predict])
            if probe is PROBES[0]:
                np.testing.assert_allclose(fit.predictions, expected, atol=1e-6)
            else:
                # A text on the very border between two classes may fall to either side.
                assert np.mean(fit.predictions != expected) <= 0.1


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("probe", PROBES, ids=lambda p: type(p).__name__)
def test_the_accelerators_arithmetic_agrees_with_the_hosts(probe, shape, monkeypatch):
    data = planted(*SHAPES[shape])
    host = probe.fit_folds(data.X, data.y, data.folds, sample_weight=data.weight)
    folds = [own_fold(data, fold) for fold in data.folds]
    values = [value for params in PATHS[type(probe)] for value in params.values()]
    own = probe.fit_paths(data.X, data.y, folds, penalties=values)
    monkeypatch.setattr(linear_probe, "arrays_on", lambda device: DeviceArrays("cpu"))
    there = probe.fit_folds(data.X, data.y, data.folds, sample_weight=data.weight)
    for (ours,), (theirs,) in zip(host, there, strict=True):
        np.testing.assert_allclose(ours.predictions, theirs.predictions, atol=1e-9)
    for path, expected in zip(
        probe.fit_paths(data.X, data.y, folds, penalties=values), own, strict=True
    ):
        for (ours,), (theirs,) in zip(path, expected, strict=True):
            np.testing.assert_allclose(ours.predictions, theirs.predictions, atol=1e-9)
            np.testing.assert_allclose(ours.scores, theirs.scores, rtol=1e-4, atol=1e-4)


@pytest.mark.gpu
@pytest.mark.parametrize("probe", [RidgeProbe, LogisticProbe, OrdinalProbe])
def test_the_accelerator_agrees_with_the_host(probe):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no accelerator")
    data = planted(600, 300)
    host = probe().fit_folds(data.X, data.y, data.folds)
    there = probe(device="cuda").fit_folds(data.X, data.y, data.folds)
    for (ours,), (theirs,) in zip(host, there, strict=True):
        np.testing.assert_allclose(ours.predictions, theirs.predictions, atol=1e-6)


@pytest.mark.parametrize("probe", PROBES, ids=lambda p: type(p).__name__)
def test_features_that_are_not_finite_are_refused(probe):
    data = planted()
    data.X[7, 3] = np.inf
    with pytest.raises(ProbeError, match="row 7"):
        probe.fit_folds(data.X, data.y, data.folds)


@parametrize_with_checks(PROBES)
def test_scikit_learn_accepts_the_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize("probe", PROBES, ids=lambda p: type(p).__name__)
def test_linear_probes_fit_folds(probe):
    assert isinstance(probe, FitsFolds)
    assert isinstance(probe, FitsPaths)
    assert isinstance(probe, LinearProbe)


@pytest.mark.parametrize("shape", SHAPES)
def test_continuous_scores_are_the_value_the_latent_and_the_expected_level(shape):
    data = planted(*SHAPES[shape])
    fold = data.folds[0]
    X, asked = data.X[fold.train].astype(float), data.X[fold.predict].astype(float)
    for y in (data.y, np.where(data.y > 1, 3, 1)):
        (ridge,), (logistic,), (ordinal,) = (
            probe.fit_folds(data.X, y, [fold])[0] for probe in PROBES
        )
        np.testing.assert_array_equal(ridge.scores, ridge.predictions)
        _, numbered = np.unique(y[fold.train], return_inverse=True)
        slope = reference(PROBES[2]).fit(X, numbered).coef_
        np.testing.assert_allclose(ordinal.scores, asked @ slope, atol=1e-3)
        model = reference(PROBES[1]).fit(X, y[fold.train])
        expected = model.predict_proba(asked) @ model.classes_
        np.testing.assert_allclose(logistic.scores, expected, atol=1e-3)
