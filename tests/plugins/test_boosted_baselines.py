"""The surface baselines: the study's boosted trees, and scikit-learn's."""

import sys

import numpy as np
import pytest
from planted import planted

from cefrbench.contracts.probe import ProbeOptions
from cefrbench.cores import usable_cores
from cefrbench.errors import ProbeError
from cefrbench.plugins import PluginHost
from cefrbench.probing.fit import fit_folds

#: As many processes as cores leave each fit one core, which is all that so few rows need.
CORES = usable_cores()


@pytest.fixture(scope="module")
def host():
    return PluginHost(load="")


def test_xgboost_is_the_studys_regressor(host):
    xgboost = pytest.importorskip("xgboost")
    data = planted(n=120, dim=3)
    fold = data.folds[0]
    spec = host.get_probe("xgboost")
    (fit,) = fit_folds(spec, ProbeOptions(), data.X, data.y, [fold], jobs=CORES)[0]
    study = xgboost.XGBRegressor(
        n_estimators=300,
        max_depth=4,
        learning_rate=0.05,
        subsample=0.8,
        colsample_bytree=0.8,
        random_state=42,
        n_jobs=1,
    )
    study.fit(data.X[fold.train], data.y[fold.train])
    np.testing.assert_allclose(fit.predictions, study.predict(data.X[fold.predict]))


def test_without_xgboost_the_error_names_the_extra(host, monkeypatch):
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(ProbeError, match=r"cefrbench\[paper\]"):
        host.get_probe("xgboost").make(ProbeOptions())


def test_histogram_trees_learn_the_signal_and_repeat_by_seed(host):
    data = planted(n=200, dim=10)
    spec = host.get_probe("hist-gradient-boosting")
    first, second, again = (
        fit_folds(spec, ProbeOptions(), data.X, data.y, data.folds[:1], seeds=(seed,), jobs=CORES)[
            0
        ][0]
        for seed in (0, 1, 0)
    )
    np.testing.assert_array_equal(first.predictions, again.predictions)
    assert (first.predictions != second.predictions).any()
    truth = data.y[data.folds[0].predict]
    assert np.corrcoef(first.predictions, truth)[0, 1] > 0.5


def test_the_built_in_probes_are_registered_and_none_is_broken(host):
    assert set(host.probes.items) >= {
        "ridge",
        "logistic",
        "ordinal",
        "mlp-regressor",
        "mlp-classifier",
        "xgboost",
        "hist-gradient-boosting",
    }
    assert not [p for p in host.broken() if p.name.startswith("cefrbench_plugins.probes")]
