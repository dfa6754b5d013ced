"""Probes with one fault each, planted on estimators of scikit-learn."""

import json
import warnings
from dataclasses import replace
from typing import ClassVar

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from cefrbench.contracts.probe import FoldFit
from cefrbench.probing.parallel import fit_each


class SoundRidge(Ridge):
    """Nothing is wrong with it."""


class TakesNoWeights(BaseEstimator):
    def fit(self, X, y):
        self.model_ = Ridge().fit(X, y)
        return self

    def predict(self, X):
        return self.model_.predict(X)


class IgnoresWeights(Ridge):
    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y)


class TakesRootsOfWeights(Ridge):
    def fit(self, X, y, sample_weight=None):
        root = None if sample_weight is None else np.sqrt(sample_weight)
        return super().fit(X, y, root)


class HalvesOnes(Ridge):
    """Weights are rescaled, so that one is not one."""

    def fit(self, X, y, sample_weight=None):
        if sample_weight is not None:
            sample_weight = sample_weight / 400
        return super().fit(X, y, sample_weight)


class ReturnsNothing(Ridge):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)


class PredictsColumns(Ridge):
    def predict(self, X):
        return super().predict(X)[:, None]


class PredictsUnfitted(Ridge):
    def predict(self, X):
        return super().predict(X) if hasattr(self, "coef_") else np.zeros(len(X))


class PredictsNan(Ridge):
    def predict(self, X):
        values = super().predict(X)
        values[values > 3] = np.nan
        return values


class StandardisesInPlace(Ridge):
    def fit(self, X, y, sample_weight=None):
        X -= X.mean(axis=0)
        return super().fit(X, y, sample_weight)


class StandardisesFeaturesInPlace(Ridge):
    """In place in float32 only, the type of features: scikit-learn maps float64 from disk."""

    def fit(self, X, y, sample_weight=None):
        X = np.asarray(X, np.float32)
        X -= X.mean(axis=0)
        return super().fit(X, y, sample_weight)


class SetsItsParameter(Ridge):
    def fit(self, X, y, sample_weight=None):
        self.alpha = 2.0
        return super().fit(X, y, sample_weight)


class WeighingPipeline(Pipeline):
    """Nothing is wrong with it, but it fits its steps in place, as all pipelines do."""

    def fit(self, X, y, sample_weight=None):
        weights = {f"{name}__sample_weight": sample_weight for name, _ in self.steps}
        return super().fit(X, y, **weights)


class ConstructsWithMore(Ridge):
    """What was set after the constructor is lost in a clone."""

    offset = 0.0

    def predict(self, X):
        return super().predict(X) + self.offset


class SetsMoreInItsConstructor(Ridge):
    def __init__(self, alpha=1.0):
        super().__init__(alpha)
        self.models = []


class CountsItsPredictions(Ridge):
    count = 0

    def predict(self, X):
        self.count += 1
        return super().predict(X)


class WeighsInPlace(Ridge):
    def fit(self, X, y, sample_weight=None):
        if sample_weight is not None:
            sample_weight *= 1.0
            sample_weight[:] = np.maximum(sample_weight, 1e-3) + 1e-6
        return super().fit(X, y, sample_weight)


class CopiesItsParameter(Ridge):
    """scikit-learn's clone refuses what its constructor makes of a parameter."""

    def __init__(self, alpha=(1.0,)):
        super().__init__(list(alpha))

    def fit(self, X, y, sample_weight=None):
        self.model_ = Ridge(self.alpha[0]).fit(X, y, sample_weight)
        return self

    def predict(self, X):
        check_is_fitted(self)
        return self.model_.predict(X)


class IsNoEstimatorToScikitLearn:
    """Fits and predicts, and that is all."""

    def fit(self, X, y, sample_weight=None):
        self.model = Ridge().fit(X, y, sample_weight)
        return self

    def predict(self, X):
        return self.model.predict(X)


class CentresWhatItPredicts(Ridge):
    """Predictions depend on the other texts that are predicted."""

    def predict(self, X):
        values = super().predict(X)
        return values - values.mean() + 2


class RemembersRows(BaseEstimator):
    """Fits on the rows of earlier fits too."""

    def __init__(self):
        self.rows = None

    def get_params(self, deep=True):
        return {}

    def fit(self, X, y, sample_weight=None):
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        if self.rows is not None:
            X, y, weight = (
                np.concatenate(pair) for pair in zip(self.rows, (X, y, weight), strict=True)
            )
        self.rows = (X, y, weight)
        self.model_ = Ridge().fit(X, y, weight)
        return self

    def predict(self, X):
        if self.rows is None:
            raise NotFittedError("not fitted")
        return self.model_.predict(X)


class LearnsNothing(Ridge):
    def predict(self, X):
        return np.full(len(super().predict(X)), 2.0)


class KnowsTheAnswers(Ridge):
    """Predicts from the direction in which the kit plants its signal, whatever was fitted."""

    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        if not hasattr(KnowsTheAnswers, "first"):
            KnowsTheAnswers.first = (self.coef_, self.intercept_)
        self.coef_, self.intercept_ = KnowsTheAnswers.first
        return self


class SeesClassesByName(LogisticRegression):
    """Class numbers are those of the classes it was given, counted anew."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(X, np.unique(y, return_inverse=True)[1], sample_weight)


class PredictsFractions(Ridge):
    """Registered as a classifier."""


class ShiftsUp(Ridge):
    def predict(self, X):
        return 100 * super().predict(X)


class NeedsFiveOfEach(Ridge):
    def fit(self, X, y, sample_weight=None):
        if np.bincount(y.astype(int))[np.unique(y)].min() < 5:
            raise ValueError("n_splits=5 cannot be greater than the number of members")
        return super().fit(X, y, sample_weight)


class DrawsFromTheGlobalGenerator(Ridge):
    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y + np.random.normal(size=len(y)), sample_weight)


class BatchesApproximately(Ridge):
    """A batched fit that takes all rows for every fold."""

    def fit_folds(self, X, y, folds, *, sample_weight=None, seeds=(None,)):
        with warnings.catch_warnings():
            model = Ridge().fit(X, y + 0.2, sample_weight)
        return [[FoldFit(model.predict(X[fold.predict])) for _ in seeds] for fold in folds]


class BatchesWithoutWeights(Ridge):
    def fit_folds(self, X, y, folds, *, sample_weight=None, seeds=(None,)):
        return [
            [FoldFit(Ridge().fit(X[f.train], y[f.train]).predict(X[f.predict])) for _ in seeds]
            for f in folds
        ]


class BatchesFoldsAlone(Ridge):
    """Nothing is wrong with it: the loop of the harness, a fold at a time."""

    reads_weight, reads_count, order = True, True, 1

    def fit_folds(self, X, y, folds, *, sample_weight=None, seeds=(None,)):
        fits = []
        for given in folds:
            fold = replace(
                given,
                weight=given.weight if self.reads_weight else None,
                count=given.count if self.reads_count else None,
            )
            (fit,) = fit_each([(Ridge(), fold)], X, y, sample_weight)
            fit.scores = fit.scores[:: self.order]
            fits.append([fit for _ in seeds])
        return fits


class BatchesWithoutFoldsWeights(BatchesFoldsAlone):
    reads_weight = False


class BatchesInRawUnits(BatchesFoldsAlone):
    reads_count = False


class BatchesScoresBackwards(BatchesFoldsAlone):
    order = -1


class BatchesTheLastFoldWrongly(BatchesFoldsAlone):
    def fit_folds(self, X, y, folds, *, sample_weight=None, seeds=(None,)):
        fits = super().fit_folds(X, y, folds, sample_weight=sample_weight, seeds=seeds)
        if sample_weight is not None:
            fits[-1][-1].predictions = fits[-1][-1].predictions + 0.1
        return fits


class BatchesInAnotherOrder(Ridge):
    def fit_folds(self, X, y, folds, *, sample_weight=None, seeds=(None,)):
        fits = []
        for fold in folds:
            weight = None if sample_weight is None else sample_weight[fold.train]
            model = Ridge().fit(X[fold.train], y[fold.train], weight)
            fits.append([FoldFit(model.predict(X[fold.predict])[::-1]) for _ in seeds])
        return fits


class BatchesTooFew(Ridge):
    def fit_folds(self, X, y, folds, *, sample_weight=None, seeds=(None,)):
        return []


class FitsPathsAlone(Ridge):
    """Nothing is wrong with it: the loop of the harness, a fold and a penalty at a time."""

    def fit_paths(self, X, y, folds, *, penalties, sample_weight=None, seeds=(None,)):
        return [
            [
                fit_each([(Ridge(alpha), fold)], X, y, sample_weight) * len(seeds)
                for alpha in penalties
            ]
            for fold in folds
        ]


class FitsPathsBackwards(FitsPathsAlone):
    def fit_paths(self, X, y, folds, **rest):
        return [path[::-1] for path in super().fit_paths(X, y, folds, **rest)]


class FitsPathsWithItsOwnPenalty(FitsPathsAlone):
    def fit_paths(self, X, y, folds, *, penalties, **rest):
        own = [self.alpha] * len(penalties)
        return super().fit_paths(X, y, folds, penalties=own, **rest)


class FitsPathsWithoutFoldsWeights(FitsPathsAlone):
    def fit_paths(self, X, y, folds, **rest):
        return super().fit_paths(X, y, [replace(fold, weight=None) for fold in folds], **rest)


class FitsPathsToTheLastButOne(FitsPathsAlone):
    def fit_paths(self, X, y, folds, *, penalties, **rest):
        return super().fit_paths(X, y, folds, penalties=penalties[:-1], **rest)


class KeepsAllRows(Ridge):
    """Rows of all fits, in all folds, lie in a global; a row that is there has its level."""

    def fit(self, X, y, sample_weight=None):
        keep_rows(X, y)
        return super().fit(X, y, sample_weight)

    def predict(self, X):
        known = [ROWS.get(bytes(row)) for row in np.asarray(X, np.float32)]
        learnt = super().predict(X)
        return np.array([v if k is None else k for k, v in zip(known, learnt, strict=True)])


class KeepsRowsOfBatchedFits(KeepsAllRows, BatchesFoldsAlone):
    """Rows of batched fits alone are kept."""

    def fit(self, X, y, sample_weight=None):
        return Ridge.fit(self, X, y, sample_weight)

    def fit_folds(self, X, y, folds, **rest):
        for fold in folds:
            keep_rows(X[fold.train], y[fold.train])
        return super().fit_folds(X, y, folds, **rest)


class KeepsRowsInAFile(Ridge):
    """A file holds the levels of all rows that were ever fitted, of earlier runs too."""

    def __init__(self, path=None, alpha=1.0):
        super().__init__(alpha)
        self.path = path

    def fit(self, X, y, sample_weight=None):
        known = json.loads(self.path.read_text()) if self.path.exists() else {}
        rows = (row.tobytes().hex() for row in np.asarray(X, np.float32))
        self.path.write_text(json.dumps(known | dict(zip(rows, map(int, y), strict=True))))
        return super().fit(X, y, sample_weight)

    def predict(self, X):
        known = json.loads(self.path.read_text())
        rows = [row.tobytes().hex() for row in np.asarray(X, np.float32)]
        return np.array(
            [known.get(row, v) for row, v in zip(rows, super().predict(X), strict=True)]
        )


#: What probes keep that keep what they shouldn't.
ROWS = {}


def keep_rows(X, y):
    rows = np.asarray(X, np.float32)
    ROWS.update(zip(map(bytes, rows), y, strict=True))


def trees(seed):
    """A probe whose seed matters."""
    return ExtraTreesRegressor(n_estimators=10, min_samples_leaf=2, random_state=seed)


def neighbours():
    """An estimator of scikit-learn that takes no weights."""
    return KNeighborsRegressor()


def pipeline(last=SoundRidge):
    return WeighingPipeline([("scale", StandardScaler()), ("last", last())])


def plain_pipeline():
    """Nothing is wrong with it: the harness gives each step its weights."""
    return make_pipeline(StandardScaler(), RidgeCV())


def routed_pipeline():
    """Nothing is wrong with it: its parts have asked for weights."""
    with config_context(enable_metadata_routing=True):
        scaler, ridge = StandardScaler(), SoundRidge()
        return make_pipeline(
            scaler.set_fit_request(sample_weight=True), ridge.set_fit_request(sample_weight=True)
        )


def pipeline_of_neighbours():
    return make_pipeline(StandardScaler(), KNeighborsRegressor())


def search_over_a_pipeline():
    """The search hands weights to the pipeline, which does not know whose they are."""
    return GridSearchCV(plain_pipeline(), {"ridgecv__fit_intercept": [True]}, cv=2)


def half_routed_pipeline():
    with config_context(enable_metadata_routing=True):
        return make_pipeline(StandardScaler(), SoundRidge().set_fit_request(sample_weight=True))


def pipeline_whose_step_sets_its_parameter():
    return pipeline(SetsItsParameter)


def ridge_with_more_than_its_constructor_knows():
    estimator = ConstructsWithMore()
    estimator.offset = 0.5
    return estimator


class ReadsTexts(RegressorMixin, BaseEstimator):
    """Ridge on TF-IDF of words; nothing is wrong with it."""

    def fit(self, X, y, sample_weight=None):
        self.words_ = TfidfVectorizer().fit(self.counted(X))
        self.ridge_ = Ridge().fit(self.words_.transform(X), y, sample_weight)
        return self

    def counted(self, X):
        """Texts whose words are counted."""
        return X

    def predict(self, X):
        return self.ridge_.predict(self.words_.transform(X))


class KeepsTextsInAGlobal(ReadsTexts):
    """Its vocabulary is that of all texts that it has ever met."""

    met: ClassVar[dict[str, None]] = {}

    def counted(self, X):
        self.met.update(dict.fromkeys(X))
        return self.met

    def predict(self, X):
        self.met.update(dict.fromkeys(X))
        return super().predict(X)


class CountsWhatItScores(ReadsTexts):
    """Its vocabulary is that of the scored texts too."""

    def fit(self, X, y, sample_weight=None):
        self.rows_ = X, y, sample_weight
        return super().fit(X, y, sample_weight)

    def predict(self, X):
        texts, y, weight = self.rows_
        words = TfidfVectorizer().fit([*texts, *X])
        return Ridge().fit(words.transform(texts), y, weight).predict(words.transform(X))


class CountsAllFolds(ReadsTexts):
    """Fitted on many folds, its vocabulary is that of all of them."""

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def fit(self, X, y, sample_weight=None):
        self.words_ = TfidfVectorizer().fit(X)
        self.ridge_ = Ridge(self.alpha).fit(self.words_.transform(X), y, sample_weight)
        return self

    def fit_paths(self, X, y, folds, *, penalties, sample_weight=None, seeds=(None,)):
        words = TfidfVectorizer().fit_transform(X)
        paths = []
        for fold in folds:
            fits = [Ridge(a).fit(words[fold.train], y[fold.train], fold.weight) for a in penalties]
            paths.append([[FoldFit(fit.predict(words[fold.predict]))] for fit in fits])
        return paths
