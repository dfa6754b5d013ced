"""The planted fits are those of the engine."""

import numpy as np
from simulated_fits import balanced, folds_of, make_world, ridge

from cefrbench.contracts.probe import FoldRows
from cefrbench.engines.linear.ridge import RidgeProbe


def test_fits_from_moments_are_those_of_the_engine() -> None:
    rng = np.random.default_rng(0)
    world = make_world(rng)
    texts = world.texts(rng, (40, 60, 30, 50, 40))
    features = world.features(rng, texts).astype(np.float32).astype(np.float64)
    for train, predict in folds_of(texts, "lofo") + folds_of(texts, "iid"):
        count = np.vstack([np.ones(len(train)), rng.poisson(1.0, (3, len(train)))]).astype(float)
        weight = balanced(texts, train, count)
        found = ridge(features, texts.level, (train, predict), count, weight, 10.0)
        for values, drawn, own in zip(found, count, weight, strict=True):
            fold = FoldRows(train, predict, own, drawn)
            [[expected]] = RidgeProbe(10.0).fit_folds(
                features.astype(np.float32), texts.level, [fold]
            )
            np.testing.assert_allclose(values, expected.predictions, atol=1e-5)
