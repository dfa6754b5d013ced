"""Fitting any probe on all folds of a layer: what fails, fails alone."""

import os
import sys
import textwrap
import warnings
from dataclasses import replace
from types import SimpleNamespace

import cloudpickle
import numpy as np
import pytest
import torch
from planted import planted
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso, LogisticRegression, Ridge, RidgeClassifier
from sklearn.neighbors import KNeighborsRegressor
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info

from cefrbench.contracts.cards import Penalty, ProbeCard
from cefrbench.contracts.probe import FoldFit, FoldRows, ProbeOptions, ProbeSpec
from cefrbench.engines.linear.ridge import RidgeProbe
from cefrbench.engines.mlp.probe import MLPClassifierProbe
from cefrbench.errors import ProbeError
from cefrbench.plugins import load_file
from cefrbench.probing import parallel
from cefrbench.probing.fit import FitFailure, fit_folds, fit_paths
from cefrbench_plugins.probes import logistic, mlp, ridge

OPTIONS = ProbeOptions()


def spec_of(make, kind="regressor", seeded=False):
    card = ProbeCard(name="invented", description="For tests.", kind=kind, seeded=seeded)
    return ProbeSpec(card, make)


RIDGE = ProbeSpec(ridge.CARD, ridge.make)
LOGISTIC = ProbeSpec(logistic.CARD, logistic.make)
MLP = ProbeSpec(mlp.CLASSIFIER, mlp.make_classifier)


class Fragile(RegressorMixin, BaseEstimator):
    """Predicts the mean; breaks on training sets of a given size."""

    def __init__(self, breaks_on=0, predicts=0.0):
        self.breaks_on = breaks_on
        self.predicts = predicts

    def fit(self, X, y, sample_weight=None):
        if len(y) == self.breaks_on:
            raise ArithmeticError("the matrix is singular\nmore that nobody reads")
        self.mean_ = np.average(y, weights=sample_weight)
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_) + self.predicts


class FragileTogether(Fragile):
    """Breaks whenever several folds are fitted at once, too."""

    def fit_folds(self, X, y, folds, *, sample_weight=None, seeds=(None,)):
        if len(folds) > 1:
            raise RuntimeError("too many at once")
        fits = []
        for fold in folds:
            self.fit(X[fold.train], y[fold.train])
            fits.append([FoldFit(self.predict(X[fold.predict]))] * len(seeds))
        return fits


@pytest.mark.parametrize("jobs", [1, 2])
def test_any_scikit_learn_estimator_is_a_probe(jobs):
    data = planted()
    spec = spec_of(lambda options: Lasso(alpha=0.01))
    fits = fit_folds(spec, OPTIONS, data.X, data.y, data.folds, jobs=jobs)
    for fold, (fit,) in zip(data.folds, fits, strict=True):
        expected = Lasso(alpha=0.01).fit(data.X[fold.train], data.y[fold.train])
        np.testing.assert_allclose(fit.predictions, expected.predict(data.X[fold.predict]))
        assert fit.iterations == expected.n_iter_
        assert fit.predictions.dtype == np.float64


def test_a_probe_in_a_loose_file_runs_in_other_processes(tmp_path):
    path = tmp_path / "mean_probe.py"
    path.write_text(
        textwrap.dedent(
            """
            import numpy as np

            class Mean:
                def fit(self, X, y, sample_weight=None):
                    self.mean = float(np.mean(y))
                    return self

                def predict(self, X):
                    return np.full(len(X), self.mean)
            """
        )
    )
    module = load_file(path)
    data = planted()
    fits = fit_folds(
        spec_of(lambda options: module.Mean()), OPTIONS, data.X, data.y, data.folds, jobs=2
    )
    for fold, (fit,) in zip(data.folds, fits, strict=True):
        assert fit.predictions[0] == data.y[fold.train].mean()
    del sys.modules[module.__name__]


def test_a_seeded_estimator_is_made_once_a_seed():
    data = planted()

    def make(options):
        return Fragile(predicts=options.seed)

    fits = fit_folds(
        spec_of(make, seeded=True), OPTIONS, data.X, data.y, data.folds[:1], seeds=(0, 7)
    )
    np.testing.assert_allclose(fits[0][1].predictions - fits[0][0].predictions, 7)


def test_a_probe_without_a_seed_is_fitted_once_for_all():
    data = planted()
    made = []

    def make(options):
        made.append(options.seed)
        return Fragile()

    (row,) = fit_folds(spec_of(make), OPTIONS, data.X, data.y, data.folds[:1], seeds=(3, 4, 5))
    assert len(row) == 3
    assert row[0] is row[1] is row[2]
    assert set(made) == {3}


@pytest.mark.parametrize("kind", [Fragile, FragileTogether])
def test_a_fold_that_breaks_breaks_alone(kind):
    data = planted()
    size = len(data.folds[1].train)
    spec = spec_of(lambda options: kind(breaks_on=size))
    first, (broken,), third = fit_folds(spec, OPTIONS, data.X, data.y, data.folds)
    assert broken == FitFailure("The fit broke with ArithmeticError: the matrix is singular")
    assert isinstance(first[0], FoldFit)
    assert isinstance(third[0], FoldFit)


@pytest.mark.parametrize("spec", [RIDGE, LOGISTIC, MLP, spec_of(lambda options: Fragile())])
def test_training_rows_of_one_level_fail_with_a_sentence(spec):
    data = planted()
    one = FoldRows(np.flatnonzero(data.y == 2), data.folds[0].predict)
    none = FoldRows(np.arange(0), data.folds[0].predict)
    options = replace(OPTIONS, seed=0)
    (single,), (empty,), (good,) = fit_folds(
        spec, options, data.X, data.y, [one, none, data.folds[0]], seeds=(0,)
    )
    assert "of one level (class 2)" in single.message
    assert "holds no text" in empty.message
    assert isinstance(good, FoldFit)


def test_a_level_of_weight_zero_is_no_level():
    data = planted()
    weight = (data.y == 3).astype(float)
    rows = fit_folds(RIDGE, OPTIONS, data.X, data.y, data.folds, sample_weight=weight)
    assert all("of one level (class 3)" in fit.message for (fit,) in rows)


def test_weights_are_never_left_out_in_silence():
    data = planted()
    spec = spec_of(lambda options: KNeighborsRegressor())
    ones = np.ones(len(data.y))
    (fit,) = fit_folds(spec, OPTIONS, data.X, data.y, data.folds[:1], sample_weight=ones)[0]
    assert isinstance(fit, FoldFit)
    ((failed,),) = fit_folds(
        spec, OPTIONS, data.X, data.y, data.folds[:1], sample_weight=data.weight
    )
    assert "KNeighborsRegressor takes no sample_weight" in failed.message


def test_weights_reach_a_plain_estimator():
    data = planted()
    fold = data.folds[0]
    spec = spec_of(lambda options: Fragile())
    (fit,) = fit_folds(spec, OPTIONS, data.X, data.y, [fold], sample_weight=data.weight)[0]
    expected = np.average(data.y[fold.train], weights=data.weight[fold.train])
    assert fit.predictions[0] == pytest.approx(expected)


def test_an_estimator_that_does_not_converge_says_so():
    data = planted()
    spec = spec_of(lambda options: LogisticRegression(max_iter=2), kind="classifier")
    (fit,) = fit_folds(spec, OPTIONS, data.X, data.y, data.folds[:1])[0]
    assert not fit.converged
    assert "failed to converge" in fit.message
    assert fit.iterations == 2


@pytest.mark.parametrize("predicts", [np.nan, np.inf])
def test_predictions_that_are_not_finite_are_a_failure(predicts):
    data = planted()
    spec = spec_of(lambda options: Fragile(predicts=predicts))
    ((fit,),) = fit_folds(spec, OPTIONS, data.X, data.y, data.folds[:1])
    assert "not finite" in fit.message


@pytest.mark.parametrize("spec", [RIDGE, MLP])
def test_features_that_are_not_finite_fail_every_fold(spec):
    data = planted()
    data.X[3, 3] = np.nan
    rows = fit_folds(spec, OPTIONS, data.X, data.y, data.folds, seeds=(0,))
    assert all("not finite (first in row 3)" in fit.message for (fit,) in rows)


def test_a_network_that_diverges_is_a_failure_with_its_cause():
    data = planted()
    spec = spec_of(lambda options: MLPClassifierProbe(learning_rate=1e30, random_state=0))
    ((fit,),) = fit_folds(spec, OPTIONS, data.X, data.y, data.folds[:1])
    assert "the training loss was not finite in epoch" in fit.message


def test_a_fold_without_room_on_the_accelerator_is_fitted_on_the_cpu():
    data = planted()
    devices = []

    class Greedy(FragileTogether):
        def fit_folds(self, X, y, folds, **rest):
            devices.append(device)
            if device != "cpu":
                raise torch.OutOfMemoryError("invented")
            return super().fit_folds(X, y, folds, **rest)

    def make(options):
        nonlocal device
        device = options.device
        return Greedy()

    device = ""
    options = ProbeOptions(device="cuda")
    rows = fit_folds(spec_of(make), options, data.X, data.y, data.folds[:2])
    assert devices == ["cuda", "cuda", "cpu", "cuda", "cpu"]
    for fold, (fit,) in zip(data.folds, rows, strict=False):
        assert fit.predictions[0] == data.y[fold.train].mean()


def test_a_probe_that_cant_be_made_stops_the_run():
    def make(options):
        raise ProbeError("It needs a package.")

    data = planted()
    with pytest.raises(ProbeError, match="needs a package"):
        fit_folds(spec_of(make), OPTIONS, data.X, data.y, data.folds)


def test_continuous_scores_of_plain_estimators():
    """Values, expected levels, a decision function of two classes, or none."""
    data = planted()
    fold = data.folds[0]
    asked = data.X[fold.predict]

    def scores_of(make, y=data.y):
        ((fit,),) = fit_folds(spec_of(lambda options: make()), OPTIONS, data.X, y, [fold])
        return fit.scores, make().fit(data.X[fold.train], y[fold.train])

    scores, model = scores_of(lambda: Lasso(alpha=0.01))
    np.testing.assert_array_equal(scores, model.predict(asked))
    y = np.where(data.y == 2, 1, data.y)
    scores, model = scores_of(LogisticRegression, y)
    np.testing.assert_allclose(scores, (model.predict_proba(asked) * [0, 1, 3, 4]).sum(axis=1))
    scores, model = scores_of(RidgeClassifier, (data.y > 1).astype(np.int64))
    np.testing.assert_allclose(scores, model.decision_function(asked), rtol=1e-6)
    scores, _ = scores_of(RidgeClassifier)
    assert scores is None


def test_a_continuous_score_that_is_not_finite_is_a_failure():
    data = planted()

    class Broken(Fragile):
        def fit_folds(self, X, y, folds, **rest):
            n = len(folds[0].predict)
            return [[FoldFit(np.zeros(n), scores=np.full(n + self.predicts, np.inf))]]

    for extra, message in ((0, "score that is not finite"), (1, "scores of shape")):
        spec = spec_of(lambda options, extra=extra: Broken(predicts=extra))
        ((fit,),) = fit_folds(spec, OPTIONS, data.X, data.y, data.folds[:1])
        assert message in fit.message


def test_a_folds_own_weights_stand_in_place_of_those_of_all_rows():
    data = planted()
    fold = data.folds[0]
    weight = data.weight[fold.train] * (np.arange(len(fold.train)) % 3)
    spec = spec_of(lambda options: Fragile())
    own = replace(fold, weight=weight)
    ones = np.ones(len(data.y))
    ((fit,),) = fit_folds(spec, OPTIONS, data.X, data.y, [own], sample_weight=ones)
    assert fit.predictions[0] == pytest.approx(np.average(data.y[fold.train], weights=weight))
    level = replace(fold, weight=(data.y[fold.train] == 3).astype(float))
    ((failed,),) = fit_folds(spec, OPTIONS, data.X, data.y, [level])
    assert "of one level (class 3)" in failed.message


def test_counts_give_a_plain_estimator_the_unit_of_the_training_rows():
    data = planted(dtype=np.float64)
    fold = data.folds[0]
    count = np.arange(len(fold.train)) % 3.0
    counted = replace(fold, count=count)
    spec = spec_of(lambda options: Lasso(alpha=0.01))
    ((fit,),) = fit_folds(spec, OPTIONS, 50 * data.X - 9, data.y, [counted])
    scaler = StandardScaler().fit(data.X[fold.train], sample_weight=count)
    expected = Lasso(alpha=0.01).fit(scaler.transform(data.X[fold.train]), data.y[fold.train])
    expected = expected.predict(scaler.transform(data.X[fold.predict]))
    np.testing.assert_allclose(fit.predictions, expected, atol=1e-6)


ALPHAS = (100.0, 1.0)


def spec_of_ridge(estimator):
    """A ridge whose penalty the harness may choose, of some class."""
    card = ridge.CARD.model_copy(update={"name": "invented"})
    return ProbeSpec(
        card,
        lambda options: estimator(1.0 if options.penalty is None else options.penalty),
    )


class RidgeOfFolds(Ridge):
    """Has a batched fit, and none for paths."""

    def fit_folds(self, X, y, folds, **rest):
        return RidgeProbe(self.alpha).fit_folds(X, y, folds, **rest)


class BreaksOnOneHundred(RidgeProbe):
    """Breaks whenever several folds or penalties are fitted at once, and on one penalty always."""

    def fit_paths(self, X, y, folds, *, penalties, **rest):
        if len(folds) > 1 or len(penalties) > 1 or penalties[0] == 100.0:
            raise ArithmeticError("too much")
        return super().fit_paths(X, y, folds, penalties=penalties, **rest)


@pytest.mark.parametrize("estimator", [Ridge, RidgeOfFolds, RidgeProbe])
def test_a_path_is_the_fits_with_each_penalty(estimator):
    """Whether the estimator has a path, a batched fit or neither."""
    data = planted()
    spec = spec_of_ridge(estimator)
    folds = [*data.folds, FoldRows(np.flatnonzero(data.y == 1), data.folds[0].predict)]
    *paths, failed = fit_paths(
        spec, OPTIONS, data.X, data.y, folds, penalties=(*ALPHAS, None), seeds=(0, 1)
    )
    for fold, path in zip(data.folds, paths, strict=True):
        for alpha, fits in zip((*ALPHAS, 1.0), path, strict=True):
            model = Ridge(alpha).fit(data.X[fold.train].astype(float), data.y[fold.train])
            expected = model.predict(data.X[fold.predict].astype(float))
            for fit in fits:
                np.testing.assert_allclose(fit.predictions, expected, atol=1e-5)
            assert len(fits) == 2
    assert [[type(fit) for fit in fits] for fits in failed] == [[FitFailure] * 2] * 3
    one = fit_folds(spec, replace(OPTIONS, penalty=100.0), data.X, data.y, data.folds)
    for (fit,), path in zip(one, paths, strict=True):
        np.testing.assert_allclose(fit.predictions, path[0][0].predictions, atol=1e-9)


def test_a_penalty_that_breaks_takes_no_other_one_down():
    data = planted()
    spec = spec_of_ridge(BreaksOnOneHundred)
    paths = fit_paths(spec, OPTIONS, data.X, data.y, data.folds, penalties=ALPHAS)
    expected = fit_folds(RIDGE, OPTIONS, data.X, data.y, data.folds)
    for path, (fit,) in zip(paths, expected, strict=True):
        (broken,), (good,) = path
        assert broken == FitFailure("The fit broke with ArithmeticError: too much")
        np.testing.assert_allclose(good.predictions, fit.predictions, atol=1e-9)


def test_a_path_that_finds_no_memory_on_the_accelerator_is_fitted_on_the_cpu():
    class SmallDevice(RidgeProbe):
        def fit_paths(self, X, y, folds, **rest):
            if self.device != "cpu":
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().fit_paths(X, y, folds, **rest)

    data = planted()
    spec = ProbeSpec(ridge.CARD, lambda options: SmallDevice(options.penalty, options.device))
    paths = fit_paths(
        spec, ProbeOptions(device="cuda"), data.X, data.y, data.folds, penalties=ALPHAS
    )
    expected = fit_paths(RIDGE, OPTIONS, data.X, data.y, data.folds, penalties=ALPHAS)
    for path, wanted in zip(paths, expected, strict=True):
        for (fit,), (want,) in zip(path, wanted, strict=True):
            np.testing.assert_allclose(fit.predictions, want.predictions, atol=1e-9)


def test_a_probe_without_a_penalty_is_not_given_one():
    data = planted()
    with pytest.raises(ProbeError, match="names no penalty"):
        fit_paths(MLP, OPTIONS, data.X, data.y, data.folds, penalties=ALPHAS)


def test_values_of_a_penalty_go_from_the_strongest_to_the_weakest():
    for values, strongest in (
        ((1.0, 10.0), "largest"),
        ((10.0, 1.0), "smallest"),
        ((1.0, 1.0), "largest"),
    ):
        with pytest.raises(ValueError, match="from the strongest to the weakest"):
            Penalty(name="alpha", values=values, strongest=strongest)
    assert Penalty(name="C", values=(1.0, 10.0), strongest="smallest").values == (1.0, 10.0)


# -- plain estimators, one by one and over processes ----------------------------------------------


def test_a_loose_probe_in_worker_processes_and_one_that_kills_them(tmp_path, monkeypatch):
    path = tmp_path / "worker_probe.py"
    path.write_text(
        textwrap.dedent(
            """
            import os
            import numpy as np
            from threadpoolctl import threadpool_info

            class Worker:
                def __init__(self, number, parent):
                    self.number, self.parent = number, parent

                def fit(self, X, y, sample_weight=None):
                    self.threads = max(one["num_threads"] for one in threadpool_info())
                    return self

                def predict(self, X):
                    if self.number == 9 and os.getpid() != self.parent:
                        os._exit(1)
                    said = (self.number, self.threads, os.getpid() == self.parent)
                    return np.array(said, dtype=float)
            """
        )
    )
    module = load_file(path)
    monkeypatch.setattr(parallel, "PAYS", 0.0)
    monkeypatch.setattr(parallel, "usable_cores", lambda: 6)
    data = planted()
    fold = replace(data.folds[0], predict=data.folds[0].predict[:3])

    def fit(*numbers):
        tasks = [(module.Worker(number, os.getpid()), fold) for number in numbers]
        return parallel.fit_each(tasks, data.X, data.y, None, jobs=2)

    found = [fit.predictions.tolist() for fit in fit(0, 1, 2)]
    assert found == [[0, 3, 1], [1, 3, 0], [2, 3, 0]]
    first, *killed = fit(0, 9, 9)
    assert first.predictions.tolist() == [0, 3, 1]
    assert [one.partition(":")[0] for one in killed] == [
        "The fit broke with TerminatedWorkerError"
    ] * 2
    assert module.__name__ not in cloudpickle.list_registry_pickle_by_value()
    del sys.modules[module.__name__]


@pytest.mark.parametrize(
    ("seconds", "jobs", "alone"),
    [
        # Three more of two seconds are six, which don't pay yet.
        ((2.0, 2.0, 2.0), 2, 4),
        ((2.5,), 2, 1),
        ((2.5, 2.5, 2.5), 1, 4),
        # The mean of both is what one of the two that are left will take.
        ((1.0, 6.0), 2, 2),
        ((1.0, 5.0, 20.0), 2, 3),
    ],
)
def test_processes_are_started_when_what_is_left_takes_longer_than_that(
    monkeypatch, seconds, jobs, alone
):
    clock = iter([100.0, *np.cumsum([100.0, *seconds]), *[1e9] * 9])
    sent = []

    def over(tasks, X, y, weight, jobs, threads):
        sent.append((len(tasks), jobs, threads))
        return ["sent"] * len(tasks)

    monkeypatch.setattr(parallel, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    monkeypatch.setattr(parallel, "_over_processes", over)
    monkeypatch.setattr(parallel, "usable_cores", lambda: 7)
    data = planted()
    tasks = [(Fragile(), data.folds[0]) for _ in range(4)]
    found = parallel.fit_each(tasks, data.X, data.y, None, jobs=jobs)
    assert [isinstance(fit, FoldFit) for fit in found] == [True] * alone + [False] * (4 - alone)
    assert sent == ([] if alone == 4 else [(4 - alone, 2, 3)])


@pytest.mark.parametrize(
    ("cores", "jobs", "threads"), [(6, 1, 6), (6, 2, 3), (5, 2, 2), (3, 4, 1), (4, 0, 4)]
)
def test_fits_share_the_cores_out(monkeypatch, cores, jobs, threads):
    class Asks(Fragile):
        def predict(self, X):
            return np.full(len(X), max(one["num_threads"] for one in threadpool_info()))

    monkeypatch.setattr(parallel, "usable_cores", lambda: cores)
    data = planted()
    (fit,) = parallel.fit_each([(Asks(), data.folds[0])], data.X, data.y, None, jobs)
    assert set(fit.predictions) == {threads}


def test_warnings_of_a_fit_say_that_it_did_not_converge_or_are_passed_on():
    class Warns(Fragile):
        n_iter_ = (3, 7, 5)

        def fit(self, X, y, sample_weight=None):
            for message in self.predicts:
                warnings.warn(message, stacklevel=1)
            return super().fit(X, y, sample_weight)

        def predict(self, X):
            return np.full(len(X), self.mean_)

    data = planted()

    def fit(*messages):
        (fit,) = parallel.fit_each([(Warns(0, messages), data.folds[0])], data.X, data.y, None)
        return fit.converged, fit.message, fit.iterations

    late = ConvergenceWarning("too few"), ConvergenceWarning("still")
    with pytest.warns(UserWarning, match="odd values") as caught:
        found = [fit(late[0], UserWarning("odd values"), late[1]), fit(UserWarning("odd values"))]
    assert found == [(False, "too few still", 7), (True, "", 7)]
    assert [str(one.message) for one in caught] == ["odd values"] * 2
    assert {one.category for one in caught} == {UserWarning}
    assert {one.filename for one in caught} == {__file__}


def test_who_is_neither_regressor_nor_classifier_has_no_continuous_score():
    class Neither(BaseEstimator):
        def fit(self, X, y, sample_weight=None):
            return self

        def predict(self, X):
            return np.ones(len(X))

        def decision_function(self, X):
            return np.zeros(len(X))

    class Bare(ClassifierMixin, BaseEstimator):
        fit = Neither.fit
        predict = Neither.predict

    data = planted()
    tasks = [(kind(), data.folds[0]) for kind in (Neither, Bare)]
    for fit in parallel.fit_each(tasks, data.X, data.y, None):
        assert set(fit.predictions) == {1.0}
        assert fit.scores is None
        assert fit.iterations is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ProbeError("It is so."), "It is so."),
        (ValueError(), "The fit broke with ValueError: no message"),
        (ValueError("\n one\ntwo"), "The fit broke with ValueError: one"),
    ],
)
def test_a_failed_fit_is_described_in_one_sentence(error, said):
    assert parallel.describe(error) == said


def test_predictions_of_another_number_than_asked_for_are_a_failure():
    class Short(Fragile):
        def predict(self, X):
            return np.zeros(len(X) - 1)

    data = planted()
    spec = spec_of(lambda options: Short())
    ((fit,),) = fit_folds(spec, OPTIONS, data.X, data.y, data.folds[:1])
    count = len(data.folds[0].predict)
    assert fit == FitFailure(
        f"The probe gave predictions of shape ({count - 1},), expected ({count},)."
    )


def test_a_probe_that_is_batched_on_one_device_alone_is_a_failure_on_the_other():
    class Greedy(FragileTogether):
        def fit_folds(self, X, y, folds, **rest):
            raise torch.OutOfMemoryError("invented")

    data = planted()
    spec = spec_of(lambda options: Ridge() if options.device == "cpu" else Greedy())
    ((fit,),) = fit_folds(spec, ProbeOptions(device="cuda"), data.X, data.y, data.folds[:1])
    assert fit == FitFailure("The fit broke with TypeError: Ridge() has no batched fit")


# -- what is tried again, and what is said ---------------------------------------------------------


class Scripted(Fragile):
    """Breaks with an error that a script says, by device, number of folds and penalties."""

    def __init__(self, script=None, options=None):
        super().__init__()
        self.script, self.options = script, options

    def fit_paths(self, X, y, folds, *, penalties, sample_weight=None, seeds=(None,)):
        error = self.script(self.options.device, len(folds), tuple(penalties))
        if error is not None:
            raise error
        return [
            [[FoldFit(np.full(len(fold.predict), value))] * len(seeds) for value in penalties]
            for fold in folds
        ]


def tried(script, device="cuda", folds=2, penalties=(100.0, 1.0)):
    """What was tried, in order, and what became of each fold and penalty."""
    seen = []

    def watched(*asked):
        seen.append(asked)
        return script(*asked)

    data = planted()
    card = ridge.CARD.model_copy(update={"name": "invented"})
    spec = ProbeSpec(card, lambda options: Scripted(watched, options))
    paths = fit_paths(
        spec, ProbeOptions(device=device), data.X, data.y, data.folds[:folds], penalties=penalties
    )
    return seen, [
        [fit.message if isinstance(fit, FitFailure) else fit.predictions[0] for (fit,) in path]
        for path in paths
    ]


NO_MEMORY = torch.OutOfMemoryError("invented")


def test_what_lacks_memory_is_cut_to_one_fold_then_fitted_on_the_cpu():
    seen, found = tried(lambda device, folds, penalties: NO_MEMORY if device == "cuda" else None)
    both = (100.0, 1.0)
    assert seen == [
        ("cuda", 2, both), ("cuda", 1, both), ("cpu", 1, both), ("cuda", 1, both), ("cpu", 1, both),
    ]  # fmt: skip
    assert found == [[100.0, 1.0]] * 2


def test_what_lacks_memory_on_the_cpu_is_cut_to_one_penalty_and_not_tried_again_as_it_was():
    seen, found = tried(lambda device, folds, penalties: NO_MEMORY, "cpu", folds=1)
    assert seen == [("cpu", 1, (100.0, 1.0)), ("cpu", 1, (100.0,)), ("cpu", 1, (1.0,))]
    assert found == [["The fit broke with OutOfMemoryError: invented"] * 2]


def test_another_error_on_an_accelerator_is_not_tried_on_the_cpu():
    seen, found = tried(lambda device, folds, penalties: ValueError("odd"), folds=1)
    assert {device for device, *_ in seen} == {"cuda"}
    assert len(seen) == 3
    assert found == [["The fit broke with ValueError: odd"] * 2]


def test_what_breaks_on_the_cpu_after_a_lack_of_memory_is_told_by_its_last_error():
    def script(device, folds, penalties):
        return NO_MEMORY if device == "cuda" else ValueError(f"{len(penalties)} penalties")

    seen, found = tried(script, folds=1, penalties=(100.0,))
    assert seen == [("cuda", 1, (100.0,)), ("cpu", 1, (100.0,))]
    assert found == [["The fit broke with ValueError: 1 penalties"]]
    seen, found = tried(script, folds=1)
    assert [(device, len(values)) for device, _, values in seen] == [
        ("cuda", 2), ("cpu", 2), ("cuda", 1), ("cpu", 1), ("cuda", 1), ("cpu", 1),
    ]  # fmt: skip
    assert found == [["The fit broke with ValueError: 1 penalties"] * 2]


def test_one_penalty_that_breaks_among_three_is_the_only_one_that_fails():
    def script(device, folds, penalties):
        return ArithmeticError("ten") if 10.0 in penalties else None

    seen, found = tried(script, "cpu", penalties=(100.0, 10.0, 1.0))
    assert found == [[100.0, "The fit broke with ArithmeticError: ten", 1.0]] * 2
    assert [(folds, len(values)) for _, folds, values in seen] == [
        (2, 3), (1, 3), (1, 1), (1, 1), (1, 1), (1, 3), (1, 1), (1, 1), (1, 1),
    ]  # fmt: skip


def test_folds_that_no_probe_can_learn_from_are_told_why_and_the_others_keep_their_places():
    data = planted()
    fold = data.folds[0]
    some = np.flatnonzero(data.y == 2)[:3]
    folds = [FoldRows(some, fold.predict), fold, FoldRows(some[:0], fold.predict), data.folds[1]]
    weight = np.where(np.arange(len(data.y)) == some[1], 0.0, 1.0)
    spec = spec_of_ridge(RidgeProbe)
    for given, count in ((None, 3), (weight, 2)):
        paths = fit_paths(
            *(spec, OPTIONS, data.X, data.y, folds),
            penalties=ALPHAS,
            sample_weight=given,
            seeds=(0, 1),
        )
        one = FitFailure(
            f"All {count} training texts are of one level (class 2): a probe needs at least two "
            "levels, so add a corpus that has others."
        )
        none = FitFailure("The training part holds no text: add a corpus, or leave this fold out.")
        assert paths[0] == [[one, one]] * 2
        assert paths[2] == [[none, none]] * 2
        for place in (1, 3):
            for fits in paths[place]:
                assert [len(fit.predictions) for fit in fits] == [len(folds[place].predict)] * 2


def test_a_probe_whose_card_names_no_penalty_is_refused_one_and_takes_its_own():
    data = planted()
    spec = spec_of(lambda options: Fragile())
    with pytest.raises(ProbeError) as caught:
        fit_paths(spec, OPTIONS, data.X, data.y, data.folds, penalties=(None, 1.0))
    assert str(caught.value) == (
        "The card of probe 'invented' names no penalty: give it one "
        "(ProbeCard(penalty=Penalty(…))), or fit it with its own parameters."
    )
    ((fit,),) = fit_paths(spec, OPTIONS, data.X, data.y, data.folds[:1], penalties=(None,))[0]
    assert isinstance(fit, FoldFit)


def test_seeds_of_a_seeded_probe_are_fitted_one_by_one_with_each_penalty():
    data = planted()
    card = ridge.CARD.model_copy(update={"name": "invented", "seeded": True})
    made = []

    def make(options):
        made.append((options.seed, options.penalty))
        return Fragile(predicts=options.seed * 100 + (options.penalty or 0))

    paths = fit_paths(
        *(ProbeSpec(card, make), OPTIONS, data.X, data.y, data.folds[:2]),
        penalties=(3.0, 2.0),
        seeds=(5, 7),
    )
    for fold, path in zip(data.folds, paths, strict=False):
        mean = data.y[fold.train].mean()
        found = [[fit.predictions[0] - mean for fit in fits] for fits in path]
        np.testing.assert_allclose(found, [[503, 703], [502, 702]])
    # One is made to see what it can; the others are fitted, fold by fold.
    assert made == [(5, 3.0), *[(5, 3.0), (7, 3.0)] * 2, *[(5, 2.0), (7, 2.0)] * 2]


@pytest.mark.parametrize(
    ("fit", "said"),
    [
        (FoldFit(np.zeros(2)), "The probe gave predictions of shape (2,), expected (3,)."),
        (FoldFit(np.zeros((3, 1))), "The probe gave predictions of shape (3, 1), expected (3,)."),
        (
            FoldFit(np.array([0, np.nan, 0]), message="Too few steps"),
            "The probe predicted a value that is not finite (Too few steps).",
        ),
        (FoldFit(np.array([0, 0, np.inf])), "The probe predicted a value that is not finite."),
        (
            FoldFit(np.zeros(3), scores=np.zeros(4)),
            "The probe gave scores of shape (4,), expected (3,).",
        ),
        (
            FoldFit(np.zeros(3), scores=np.array([0, 0, -np.inf])),
            "The probe gave a continuous score that is not finite.",
        ),
        (FoldFit(np.zeros(3), scores=np.ones(3)), None),
    ],
)
def test_what_no_score_can_be_computed_from_is_refused_in_these_words(fit, said):
    class Given(Fragile):
        def fit_folds(self, X, y, folds, **rest):
            return [[fit] for _ in folds]

    data = planted()
    fold = replace(data.folds[0], predict=data.folds[0].predict[:3])
    ((found,),) = fit_folds(spec_of(lambda options: Given()), OPTIONS, data.X, data.y, [fold])
    assert found == FitFailure(said) if said else found is fit


def test_weights_of_one_are_none_and_others_leave_rows_of_none_out():
    seen = []

    class Watches(Fragile):
        def fit(self, X, y, sample_weight=None):
            seen.append((len(X), sample_weight))
            return super().fit(X, y, sample_weight)

    data = planted()
    fold = data.folds[0]
    n = len(fold.train)
    for weight in (np.ones(n), np.where(np.arange(n) < 4, 0.0, 2.0)):
        parallel.fit_each([(Watches(), replace(fold, weight=weight))], data.X, data.y, None)
    assert seen[0] == (n, None)
    assert seen[1][0] == n - 4
    assert seen[1][1].tolist() == [2.0] * (n - 4)


def test_texts_are_not_put_into_a_unit():
    class Reads(Fragile):
        def fit(self, X, y, sample_weight=None):
            self.read = list(X)
            return super().fit(X, y, sample_weight)

        def predict(self, X):
            return np.full(len(X), float(len(self.read[0])))

    texts = np.array(["aaa", "bb", "c", "dddd"], dtype=object)
    fold = FoldRows(np.array([0, 1]), np.array([2, 3]), count=np.ones(2))
    (fit,) = parallel.fit_each([(Reads(), fold)], texts, np.array([0, 1, 2, 3]), None)
    assert fit.predictions.tolist() == [3.0, 3.0]
