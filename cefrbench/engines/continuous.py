"""The continuous score of a classifier: the level that its probabilities expect."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

Doubles = NDArray[np.float64]


def expected_level(probability: NDArray[Any], classes: NDArray[Any]) -> Doubles:
    """Mean class number under each row's probabilities ``[n, classes]``."""
    level: Doubles = probability.astype(np.float64) @ classes.astype(np.float64)
    return level


def probabilities(scores: NDArray[Any]) -> Doubles:
    """Probabilities ``[n, classes]`` of linear scores: one column for two classes, or one each."""
    scores = scores.astype(np.float64)
    if scores.shape[1] == 1:
        # Each side by itself: 1 − p would lose the digits of a small one.
        return np.hstack([expit(-scores), expit(scores)])
    chances: Doubles = softmax(scores, axis=1)
    return chances
