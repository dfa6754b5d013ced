"""The MLP probes: scikit-learn's networks, weight for weight, many at once."""

import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch
from planted import planted
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from cefrbench.contracts.probe import FitsFolds, FoldRows
from cefrbench.engines.mlp import schedule, stack
from cefrbench.engines.mlp.draws import Draws
from cefrbench.engines.mlp.model import Model, Settings
from cefrbench.engines.mlp.networks import Networks
from cefrbench.engines.mlp.probe import MLPClassifierProbe, MLPRegressorProbe
from cefrbench.engines.mlp.stack import Stack
from cefrbench.engines.mlp.validation import hold_out
from cefrbench.errors import ProbeError

#: Some tests stop training early on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PAIRS = [(MLPRegressorProbe, MLPRegressor), (MLPClassifierProbe, MLPClassifier)]


def scikit_learn(kind, dim, **settings):
    return kind(hidden_layer_sizes=(dim,), **{"max_iter": 1000, **settings})


def through_torch(left, right, out=None):
    """The product as an accelerator computes it."""
    return torch.bmm(left, right) if out is None else torch.bmm(left, right, out=out)


@pytest.mark.parametrize("labels", ["five classes", "two classes"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_training_is_scikit_learns_step_for_step(ours, theirs, weighted, labels):
    """Same seed, same weights after 15 epochs with a short last batch, in double precision."""
    data = planted(n=450, dim=12, dtype=np.float64)
    y = data.y if labels == "five classes" else (data.y > 1) * 3
    weight = data.weight if weighted else None
    probe = ours(random_state=7, max_iter=15).fit(data.X, y, sample_weight=weight)
    expected = scikit_learn(theirs, 12, random_state=7, max_iter=15)
    expected.fit(data.X, y, sample_weight=weight)
    np.testing.assert_allclose(probe.loss_curve_, expected.loss_curve_, rtol=1e-10)
    np.testing.assert_allclose(probe.weights_.hidden, expected.coefs_[0], atol=1e-10)
    np.testing.assert_allclose(probe.weights_.out_bias, expected.intercepts_[1], atol=1e-10)
    np.testing.assert_allclose(probe.predict(data.X), expected.predict(data.X), atol=1e-9)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_training_stops_in_the_epoch_in_which_scikit_learn_stops(ours, theirs):
    data = planted(n=220, dim=8, dtype=np.float64)
    settings = {"tol": 2e-3, "n_iter_no_change": 4, "random_state": 1}
    probe = ours(**settings).fit(data.X, data.y)
    expected = scikit_learn(theirs, 8, **settings).fit(data.X, data.y)
    assert 20 < probe.n_iter_ == expected.n_iter_ < 1000


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_early_stopping_is_scikit_learns(ours, theirs, weighted, classes):
    """Same rows held out, same scores of them, same epoch, the best epoch's weights."""
    data = planted(n=450, dim=12, dtype=np.float64)
    y = data.y if classes == 5 else (data.y > 1) * 3
    weight = data.weight if weighted else None
    settings = {"early_stopping": True, "random_state": 3, "learning_rate_init": 1e-2}
    expected = scikit_learn(theirs, 12, **settings).fit(data.X, y, sample_weight=weight)
    probe = ours(early_stopping=True, random_state=3, learning_rate=1e-2)
    probe.fit(data.X, y, sample_weight=weight)
    assert probe.n_iter_ == expected.n_iter_ < 1000
    np.testing.assert_allclose(probe.validation_scores_, expected.validation_scores_, atol=1e-9)
    assert probe.best_validation_score_ == pytest.approx(expected.best_validation_score_)
    np.testing.assert_allclose(probe.weights_.hidden, expected.coefs_[0], atol=1e-8)
    np.testing.assert_allclose(probe.predict(data.X), expected.predict(data.X), atol=1e-8)


@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize("product", [stack.multiply, through_torch])
@pytest.mark.parametrize("kind", [MLPRegressorProbe, MLPClassifierProbe])
def test_early_stopped_networks_are_as_if_alone(kind, product, counted, monkeypatch):
    """In one stack though they stop in other epochs, and each keeps its own best weights."""
    data = planted(n=230, dim=10, dtype=np.float64)
    folds = [replace(f, count=np.arange(len(f.train)) % 3.0) for f in data.folds]
    folds = folds if counted else data.folds
    probe = kind(early_stopping=True, learning_rate=1e-2)
    alone = [probe.fit_folds(data.X, data.y, [f], seeds=(s,))[0][0] for f in folds for s in (3, 4)]
    monkeypatch.setattr(stack, "multiply", product)
    monkeypatch.setattr(schedule, "_stacks", lambda models, dim: [list(models)])
    together = probe.fit_folds(data.X, data.y, folds, seeds=(3, 4))
    fits = [fit for row in together for fit in row]
    assert len({fit.iterations for fit in fits}) > 1
    for fit, expected in zip(fits, alone, strict=True):
        assert fit.iterations == expected.iterations
        np.testing.assert_allclose(fit.predictions, expected.predictions, atol=1e-9)


def test_rows_of_one_text_are_held_out_together():
    data = planted(n=100)
    groups = np.arange(100) // 4 * 7
    labels = MLPRegressorProbe()._labels(data.y)
    kept, held = hold_out(labels, groups, 0.1, np.random.RandomState(0))
    assert not set(groups[kept]) & set(groups[held])
    assert sorted([*kept, *held]) == list(range(100))
    assert len(set(groups[held])) == 3


@pytest.mark.parametrize("kind", [MLPRegressorProbe, MLPClassifierProbe])
def test_ten_texts_are_trained_on_as_without_early_stopping_and_eleven_are_not(kind):
    data = planted(n=60, dtype=np.float64)
    for n in (10, 11):
        X, y = data.X[:n], data.y[:n]
        plain, early = (kind(random_state=2, early_stopping=e).fit(X, y) for e in (False, True))
        assert bool(early.validation_scores_) == (n == 11)
        assert np.array_equal(plain.weights_.hidden, early.weights_.hidden) == (n == 10)


def test_a_lone_text_of_one_of_two_classes_is_held_out_by_chance():
    data = planted(n=60, dtype=np.float64)
    y = (np.arange(60) == 7) * 3
    probe = MLPClassifierProbe(random_state=2, early_stopping=True).fit(data.X, y)
    assert probe.validation_scores_
    assert set(probe.predict(data.X)) <= {0, 3}


@pytest.mark.parametrize("kind", [MLPRegressorProbe, MLPClassifierProbe])
def test_counts_standardise_and_own_weights_weigh(kind):
    data = planted(dtype=np.float64)
    fold = data.folds[0]
    count, weight = np.arange(len(fold.train)) % 3.0, data.weight[fold.train]
    own = replace(fold, count=count, weight=weight)
    ((fit,),) = kind(max_iter=20).fit_folds(50 * data.X - 9, data.y, [own], seeds=(1,))
    scaler = StandardScaler().fit(data.X[fold.train], sample_weight=count)
    X, asked = (scaler.transform(data.X[rows]) for rows in (fold.train, fold.predict))
    plain = kind(max_iter=20, random_state=1).fit(X, data.y[fold.train], sample_weight=weight)
    np.testing.assert_allclose(fit.predictions, plain.predict(asked), atol=1e-7)


def test_continuous_scores_are_the_value_and_the_expected_level():
    data = planted(dtype=np.float64)
    fold = data.folds[0]
    for y in (data.y, (data.y > 1) * 3):
        ((fit,),) = MLPClassifierProbe(max_iter=20).fit_folds(data.X, y, [fold], seeds=(1,))
        theirs = scikit_learn(MLPClassifier, 24, random_state=1, max_iter=20)
        theirs.fit(data.X[fold.train], y[fold.train])
        expected = theirs.predict_proba(data.X[fold.predict]) @ theirs.classes_
        np.testing.assert_allclose(fit.scores, expected, atol=1e-8)
    ((fit,),) = MLPRegressorProbe(max_iter=20).fit_folds(data.X, data.y, [fold], seeds=(1,))
    np.testing.assert_array_equal(fit.scores, fit.predictions)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_every_fold_and_seed_scores_as_in_scikit_learn(ours, theirs):
    """A planted signal, single precision: predictions agree, and so does their accuracy."""
    data = planted(n=240, dim=16)
    seeds = (0, 1, 2)
    fits = ours(max_iter=60).fit_folds(data.X, data.y, data.folds, seeds=seeds)
    for fold, row in zip(data.folds, fits, strict=True):
        truth = data.y[fold.predict]
        for seed, fit in zip(seeds, row, strict=True):
            network = scikit_learn(theirs, 16, random_state=seed, max_iter=60)
            expected = network.fit(data.X[fold.train], data.y[fold.train])
            expected = expected.predict(data.X[fold.predict])
            same = np.rint(fit.predictions) == np.rint(expected)
            assert same.mean() > 0.97
            hits = np.mean(np.rint(fit.predictions) == truth)
            assert hits == pytest.approx(np.mean(np.rint(expected) == truth), abs=0.03)
            assert fit.iterations == 60
            assert not fit.converged


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", [MLPRegressorProbe, MLPClassifierProbe])
def test_a_network_is_the_same_alone_and_in_company(kind, weighted, classes, monkeypatch):
    """To the last bit: narrow ones train in one stack with the fold's other seeds."""
    # However many cores there are, stacks as large as one core would have them.
    monkeypatch.setattr(schedule, "cores_each", lambda workers: 1)
    sizes = []
    train_stack = schedule._train

    def note_size(features, models, settings, **where):
        sizes.append(len(models))
        train_stack(features, models, settings, **where)

    monkeypatch.setattr(schedule, "_train", note_size)
    data = planted(n=230, dim=10)
    if classes == 2:
        data = data._replace(y=(data.y > 1).astype(np.int64))
    weight = data.weight if weighted else None
    probe = kind(max_iter=25)
    together = probe.fit_folds(data.X, data.y, data.folds, sample_weight=weight, seeds=(3, 4))
    assert set(sizes) == {2}
    for fold, row in zip(data.folds, together, strict=True):
        (alone,) = probe.fit_folds(data.X, data.y, [fold], sample_weight=weight, seeds=(4,))[0]
        np.testing.assert_array_equal(row[1].predictions, alone.predictions)
        part = None if weight is None else weight[fold.train]
        estimator = kind(max_iter=25, random_state=4)
        estimator.fit(data.X[fold.train], data.y[fold.train], sample_weight=part)
        np.testing.assert_allclose(
            row[1].predictions, estimator.predict(data.X[fold.predict]), atol=1e-5
        )


def models_of(data, sizes, classes=True, dtype=np.float64):
    """Networks on the first so many rows each."""
    draws = Draws(data.X.shape[1], dtype)
    probe = MLPClassifierProbe() if classes else MLPRegressorProbe()
    models = []
    for seed, size in enumerate(sizes):
        labels = probe._labels(data.y[:size])
        start, random = draws.start(seed, labels.outputs)
        rows = np.arange(size)
        models.append(Model(rows, rows, labels, data.weight[:size], start, random))
    return models


def train(models, data, settings, on_device=False):
    Stack(torch.from_numpy(data.X), models, settings, on_device=on_device).train()
    return [(m.scores, m.losses) for m in models]


@pytest.mark.parametrize(
    ("product", "on_device"),
    [(stack.multiply, False), (through_torch, False), (through_torch, True)],
)
@pytest.mark.parametrize("classes", [False, True])
def test_one_stack_of_unequal_networks_trains_each_as_if_alone(
    classes, product, on_device, monkeypatch
):
    """Different numbers of rows, of batches an epoch, and of epochs; all leave at other times."""
    data = planted(n=330, dim=9, dtype=np.float64)
    tol = 5e-3 if classes else 5e-2
    settings = Settings(batch_size=50, tol=tol, n_iter_no_change=3, max_iter=60)
    sizes = (330, 120, 201, 75)
    alone = [train([m], data, settings)[0] for m in models_of(data, sizes, classes)]
    monkeypatch.setattr(stack, "multiply", product)
    together = train(models_of(data, sizes, classes), data, settings, on_device)
    assert len({len(losses) for _, losses in together}) > 1
    for (scores, losses), (expected, expected_losses) in zip(together, alone, strict=True):
        np.testing.assert_allclose(losses, expected_losses, rtol=1e-9)
        np.testing.assert_allclose(scores, expected, atol=1e-9)


@pytest.mark.parametrize("output", ["identity", "logistic", "softmax"])
def test_gradients_are_those_of_autograd(output):
    data = planted(n=40, dim=6, dtype=np.float64)
    if output == "logistic":
        data = data._replace(y=(data.y > 1).astype(np.int64))
    (model,) = models_of(data, (40,), classes=output != "identity")
    settings = Settings(batch_size=40, max_iter=1)
    stack = Stack(torch.from_numpy(data.X), [model], settings, on_device=False)
    assert stack.output == output
    before = [
        part.clone().requires_grad_()
        for part in (stack.networks.coefficients, stack.networks.biases)
    ]
    net = Networks(*before, 6, 6)
    start = before[0].detach().clone()
    hidden = torch.relu(torch.from_numpy(data.X) @ net.hidden[0] + net.hidden_bias[0])
    scores = hidden @ net.out[0] + net.out_bias[0]
    target = torch.from_numpy(model.labels.target)
    if output == "identity":
        loss = 0.5 * (scores[:, 0] - target[:, 0]) ** 2
    elif output == "logistic":
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            scores[:, 0], target[:, 0], reduction="none"
        )
    else:
        loss = torch.nn.functional.cross_entropy(scores, target, reduction="none")
    weight = torch.from_numpy(data.weight)
    penalty = (net.hidden**2).sum() + (net.out**2).sum()
    mean = (weight * loss).sum() / weight.sum() + 0.5e-4 * penalty / weight.sum()
    mean.backward()
    stack.train()
    # The penalty is Adam's to add.
    found = stack.adam.gradients.coefficients + 1e-4 / weight.sum() * start
    np.testing.assert_allclose(found.numpy(), before[0].grad.numpy(), atol=1e-12)
    np.testing.assert_allclose(
        stack.adam.gradients.biases.numpy(), before[1].grad.numpy(), atol=1e-12
    )
    assert model.losses == pytest.approx([mean.item()])


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (torch.OutOfMemoryError, "CUDA out of memory"),
        (RuntimeError, "CUDA error: out of memory"),
        (RuntimeError, "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"),
        (RuntimeError, "cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
)
def test_too_little_memory_halves_the_stack(error, message, monkeypatch):
    data = planted(n=100, dim=5, dtype=np.float64)
    settings = Settings(max_iter=5)
    sizes = (100, 90, 80, 70, 60)
    expected = [train([m], data, settings)[0] for m in models_of(data, sizes)]
    tried, lost = [], []

    def train_two_at_most(features, models, settings, *, on_device):
        tried.append(len(models))
        # What failed before left nothing behind.
        assert all(before() is None for before in lost)
        attempt = Stack(features, models, settings, on_device=on_device)
        lost.append(weakref.ref(attempt))
        attempt._step()
        if len(models) > 2:
            raise error("invented: " + message)
        for model in models:
            model.rewind()
        Stack(features, models, settings, on_device=on_device).train()

    monkeypatch.setattr(schedule, "_train", train_two_at_most)
    models = models_of(data, sizes)
    schedule._train_on_device(models, torch.from_numpy(data.X), settings)
    assert tried == [5, 3, 2, 2, 1]
    for model, (scores, losses) in zip(models, expected, strict=True):
        np.testing.assert_allclose(model.losses, losses, rtol=1e-9)
        np.testing.assert_allclose(model.scores, scores, atol=1e-9)


@pytest.mark.parametrize("kind", [MLPRegressorProbe, MLPClassifierProbe])
def test_training_that_diverges_is_told_and_predicts_nothing(kind):
    data = planted(n=80, dim=6)
    (fit,) = kind(learning_rate=1e30).fit_folds(data.X, data.y, data.folds[:1], seeds=(0,))[0]
    assert not fit.converged
    assert "not finite" in fit.message
    assert np.isnan(fit.predictions).all()
    with pytest.raises(ProbeError, match="diverged"):
        kind(random_state=0, learning_rate=1e30).fit(data.X, data.y)


def test_features_that_are_not_finite_are_refused():
    data = planted()
    data.X[5, 1] = np.nan
    with pytest.raises(ProbeError, match="row 5"):
        MLPRegressorProbe().fit_folds(data.X, data.y, data.folds)


def test_a_class_that_training_rows_lack_is_never_predicted():
    data = planted()
    fold = data.folds[0]
    lacking = FoldRows(fold.train[data.y[fold.train] != 2], fold.predict)
    (fit,), (whole,) = MLPClassifierProbe(max_iter=40).fit_folds(
        data.X, data.y, [lacking, fold], seeds=(0,)
    )
    assert set(fit.predictions) <= {0, 1, 3, 4}
    assert 2 in whole.predictions


def test_too_few_epochs_are_a_warning():
    data = planted(n=60, dim=4)
    with pytest.warns(ConvergenceWarning, match="2 epochs"):
        MLPRegressorProbe(max_iter=2, random_state=0).fit(data.X, data.y)


def narrow(estimator):
    """Checks that want a good score of a network that is as narrow as their two features."""
    return {
        "check_classifiers_train": "two hidden units",
        "check_regressors_train": "two hidden units",
    }


@parametrize_with_checks(
    [MLPRegressorProbe(max_iter=40), MLPClassifierProbe(max_iter=40)],
    expected_failed_checks=narrow,
)
def test_scikit_learn_accepts_the_estimator(estimator, check):
    check(estimator)


@pytest.mark.gpu
@pytest.mark.parametrize("kind", [MLPRegressorProbe, MLPClassifierProbe])
def test_the_accelerator_agrees_with_the_host(kind):
    if not torch.cuda.is_available():
        pytest.skip("no accelerator")
    data = planted(n=600, dim=64)
    here = kind(max_iter=10).fit_folds(data.X, data.y, data.folds, seeds=(0, 1))
    there = kind(max_iter=10, device="cuda").fit_folds(data.X, data.y, data.folds, seeds=(0, 1))
    for ours, theirs in zip(here, there, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            assert np.mean(np.rint(a.predictions) == np.rint(b.predictions)) > 0.97


def test_mlp_probes_fit_folds():
    assert isinstance(MLPRegressorProbe(), FitsFolds)
    assert isinstance(MLPClassifierProbe(), FitsFolds)
