"""The unit of a feature, against scikit-learn's scaler and repeated rows."""

import numpy as np
import pytest
from planted import badly_scaled, planted
from sklearn.preprocessing import StandardScaler

from cefrbench.engines.standardise import standardise, standardised


def test_counts_are_repeated_rows_to_scikit_learns_scaler():
    data = planted()
    X, train = badly_scaled(data.X), data.folds[0].train
    count = (np.arange(len(train)) % 4).astype(float)
    mean, scale = standardise(X, train, count)
    scaler = StandardScaler().fit(X[np.repeat(train, count.astype(int))].astype(float))
    np.testing.assert_allclose(mean, scaler.mean_, rtol=1e-12)
    np.testing.assert_allclose(1 / scale, scaler.scale_, rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1, -3e8])
def test_a_constant_column_is_zero_in_every_row(value):
    """Constant over rows that count, that is; the others may differ."""
    data = planted()
    train, predict = data.folds[0].train, data.folds[0].predict
    count = np.ones(len(train))
    count[:3] = 0
    data.X[:, 2] = value
    data.X[train[:3], 2] = 7.0
    data.X[predict[0], 2] = 9.0
    for rows in (train, predict):
        units = standardised(data.X, train, count, rows)
        assert (units[:, 2] == 0).all()
        assert units.dtype == data.X.dtype
        assert (units[:, 1] != 0).all()


def test_what_rounding_leaves_of_a_constant_is_constant():
    rows = np.arange(50)
    X = (1e6 + 1e-10 * (rows % 2))[:, None] * np.ones((1, 2))
    X[:, 1] = 1e6 + 1e-3 * (rows % 2)
    _, scale = standardise(X, rows, np.ones(50))
    assert scale[0] == 0
    assert scale[1] == pytest.approx(2e3, rel=1e-3)


def test_another_unit_of_a_feature_changes_nothing():
    data = planted(dtype=np.float64)
    train, count = data.folds[0].train, np.ones(len(data.folds[0].train))
    there = standardised(10 * data.X + 3, train, count, train)
    np.testing.assert_allclose(there, standardised(data.X, train, count, train), atol=1e-12)


@pytest.mark.parametrize("count", [[1.0], [0.0] * 3, [1.0, -1.0, 2.0], [1.0, np.nan, 1.0]])
def test_counts_that_make_no_sense_are_refused(count):
    with pytest.raises(ValueError, match="count"):
        standardise(np.eye(3), np.arange(3), np.array(count))
