"""Early stopping in scikit-learn's meaning: which rows are held out, and how they are scored."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split

from cefrbench.engines.mlp.model import Labels


@dataclass(frozen=True, slots=True)
class Validation:
    """Rows of one model that are held out of its training.

    Attributes
    ----------
    rows : ndarray of int
        Indices into the layer's features.
    truth : ndarray, shape (len(rows),)
    weight : ndarray of float64, shape (len(rows),)
    decide : callable
        Turns outputs ``[n, outputs]`` into values or classes.
    classifies : bool
    """

    rows: NDArray[np.intp]
    truth: NDArray[Any]
    weight: NDArray[np.float64]
    decide: Callable[[NDArray[Any]], NDArray[Any]]
    classifies: bool

    def score(self, scores: NDArray[Any]) -> float:
        """Weighted accuracy or R²; NaN when an output is not finite."""
        if not np.isfinite(scores).all():
            return float("nan")
        measure = accuracy_score if self.classifies else r2_score
        return float(measure(self.truth, self.decide(scores), sample_weight=self.weight))


def hold_out(
    labels: Labels,
    groups: NDArray[Any] | None,
    fraction: float,
    random: np.random.RandomState,
) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Positions to train on and to hold out, drawn as scikit-learn's networks draw them.

    Units, not rows, are drawn: by default each row is one. Only a single output unit is
    stratified: scikit-learn reads several as several labels, and leaves those to chance; so does
    a class with a lone unit, which scikit-learn refuses.

    Returns
    -------
    tuple of ndarray or None
        None where fewer than two units would be held out: R² asks for two.
    """
    n = len(labels.target)
    if groups is None:
        first = unit = np.arange(n)
    else:
        _, first, unit = np.unique(groups, return_index=True, return_inverse=True)
    if math.ceil(fraction * len(first)) < 2:
        return None
    level = labels.target[first, 0]
    paired = labels.output == "logistic" and min(np.sum(level == 0), np.sum(level == 1)) > 1
    kept, held = train_test_split(
        np.arange(len(first)),
        random_state=random,
        test_size=fraction,
        stratify=level if paired else None,
    )
    if groups is not None:
        inside = np.isin(unit, held)
        kept, held = np.flatnonzero(~inside), np.flatnonzero(inside)
    return kept, held
