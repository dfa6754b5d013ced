"""Weights reach every step of a pipeline as if each were fitted by hand."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from cefrbench.errors import ProbeError
from cefrbench.probing.weighted import ADD_WEIGHTS, fit_weighted, weight_parameters

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4)) * [1, 10, 100, 1000]
Y = RNG.integers(0, 5, 50)
WEIGHT = RNG.uniform(0.2, 3, 50)


def by_hand():
    scaler = StandardScaler().fit(X, sample_weight=WEIGHT)
    return Ridge().fit(scaler.transform(X), Y, WEIGHT).predict(scaler.transform(X))


def nested():
    return make_pipeline("passthrough", make_pipeline(StandardScaler(), Ridge()))


def asked():
    with config_context(enable_metadata_routing=True):
        return make_pipeline(
            StandardScaler().set_fit_request(sample_weight=True),
            Ridge().set_fit_request(sample_weight=True),
        )


def searched():
    """As the advice has it, for a search that scores a pipeline."""
    with config_context(enable_metadata_routing=True):
        ridge = Ridge().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=True)
        return GridSearchCV(make_pipeline(scaler, ridge), {"ridge__alpha": [1.0]}, cv=2)


@pytest.mark.parametrize(
    "make", [lambda: make_pipeline(StandardScaler(), Ridge()), nested, asked, searched]
)
@pytest.mark.parametrize("on", [True, False])
def test_each_step_gets_its_weights_whatever_the_process_is_set_to(make, on):
    model = make()
    with config_context(enable_metadata_routing=on):
        fit_weighted(model, X, Y, WEIGHT)
    assert model.predict(X) == pytest.approx(by_hand())


def test_a_step_without_weights_before_the_last_is_left_as_it_is():
    model = make_pipeline(FunctionTransformer(), Ridge())
    fit_weighted(model, X, Y, WEIGHT)
    assert model.predict(X) == pytest.approx(Ridge().fit(X, Y, WEIGHT).predict(X))


def test_another_error_of_a_fit_stays_what_it_is():
    with pytest.raises(ValueError, match="NaN"):
        fit_weighted(make_pipeline(Ridge()), X * np.nan, Y, WEIGHT)


class Bare:
    """An estimator of nobody's classes: no parameters to look at, and no weights."""

    def fit(self, X, y):
        raise AssertionError("it must not be fitted without its weights")


class BareWeighted(Bare):
    def fit(self, X, y, sample_weight=None):
        self.seen = sample_weight


def test_an_estimator_without_parameters_gets_weights_or_is_refused():
    model = BareWeighted()
    fit_weighted(model, X, Y, WEIGHT)
    assert model.seen is WEIGHT
    with pytest.raises(ProbeError, match="Bare takes no sample_weight, and rows are weighted: add"):
        fit_weighted(Bare(), X, Y, WEIGHT)


def test_the_last_step_of_a_pipeline_decides_whether_it_takes_weights():
    with pytest.raises(ProbeError, match="KNeighborsRegressor, the last step of a pipeline, takes"):
        fit_weighted(make_pipeline(StandardScaler(), KNeighborsRegressor()), X, Y, WEIGHT)


def test_an_estimator_that_takes_no_weights_is_refused_with_what_to_do():
    X, y = np.arange(8.0).reshape(4, 2), np.arange(4)
    with pytest.raises(ProbeError) as raised:
        fit_weighted(KNeighborsRegressor(1), X, y, np.ones(4))
    assert str(raised.value) == (
        "KNeighborsRegressor takes no sample_weight, and rows are weighted: add "
        "sample_weight=None to its fit and pass it on; an estimator that can't weigh rows can draw "
        "them with probability by weight, from its seed."
    )


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (Ridge, ["sample_weight"]),
        (KNeighborsRegressor, []),
        (
            lambda: make_pipeline(StandardScaler(), Ridge()),
            ["standardscaler__sample_weight", "ridge__sample_weight"],
        ),
        (
            nested,
            ["pipeline__standardscaler__sample_weight", "pipeline__ridge__sample_weight"],
        ),
        (lambda: make_pipeline(StandardScaler(), KNeighborsRegressor()), []),
        (lambda: make_pipeline(FunctionTransformer(), Ridge()), ["ridge__sample_weight"]),
        # One whose name begins like the last one's.
        (lambda: Pipeline([("a_b", StandardScaler()), ("a", KNeighborsRegressor())]), []),
        (lambda: GridSearchCV(Ridge(), {"alpha": [1.0]}), ["sample_weight"]),
        (Bare, []),
    ],
)
def test_weights_go_under_these_names(make, names):
    assert weight_parameters(make()) == names


class TakesAny:
    """Hands whatever it is given on, and predicts nothing."""

    def fit(self, X, y, **more):
        return self


class Searches(TakesAny):
    def fit(self, X, y, **more):
        self.more = more
        return self

    def predict(self, X):
        return X


def test_what_takes_any_parameter_gets_weights_where_it_predicts():
    assert weight_parameters(TakesAny()) == []
    search = Searches()
    fit_weighted(search, X, Y, WEIGHT)
    assert search.more == {"sample_weight": WEIGHT}


class Breaks(Searches):
    def __init__(self, error):
        self.error = error

    def fit(self, X, y, **more):
        raise self.error


class BreaksPlain(Bare):
    def fit(self, X, y, sample_weight=None):
        raise ValueError("sample_weight is odd")


@pytest.mark.parametrize("kind", [TypeError, ValueError])
def test_weights_that_are_not_handed_on_are_told_with_what_to_do(kind):
    with pytest.raises(ProbeError) as raised:
        fit_weighted(Breaks(kind("got an unexpected argument 'sample_weight'")), X, Y, WEIGHT)
    assert str(raised.value) == (
        "Breaks does not hand sample_weight on to all of its parts: put "
        ".set_fit_request(sample_weight=True) behind each part that takes weights (and "
        ".set_score_request(sample_weight=True), where a search scores it), after "
        "sklearn.set_config(enable_metadata_routing=True) at the beginning of make()."
    )
    with pytest.raises(kind, match="something else"):
        fit_weighted(Breaks(kind("something else")), X, Y, WEIGHT)
    with pytest.raises(KeyError):
        fit_weighted(Breaks(KeyError("sample_weight")), X, Y, WEIGHT)


def test_what_an_estimator_says_of_its_own_weights_stays_what_it_is():
    with pytest.raises(ValueError, match="sample_weight is odd") as raised:
        fit_weighted(BreaksPlain(), X, Y, WEIGHT)
    assert not isinstance(raised.value, ProbeError)


def test_the_last_step_of_the_innermost_pipeline_is_named():
    for model, name in (
        (make_pipeline(make_pipeline(StandardScaler(), KNeighborsRegressor())), "KNeighbors"),
        (KNeighborsRegressor(), "KNeighbors"),
    ):
        place = ", the last step of a pipeline," if hasattr(model, "steps") else ""
        with pytest.raises(ProbeError) as raised:
            fit_weighted(model, X, Y, WEIGHT)
        assert str(raised.value) == (
            f"{name}Regressor{place} takes no sample_weight, and rows are weighted: {ADD_WEIGHTS}."
        )
