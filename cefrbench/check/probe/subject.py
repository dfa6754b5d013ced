"""What the checks of a probe look at: estimators, and data with a planted signal."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from cefrbench.check.fresh import Packed
from cefrbench.contracts.probe import Estimator, ProbeOptions, ProbeSpec
from cefrbench.probing.weighted import fit_weighted
from cefrbench.statistics.scores import qwk
from cefrbench.statistics.scoring import round_to_class

N_CLASSES = 5
#: Predictions that differ by less, in levels and on average, are the same but for the optimiser.
TOLERANCE = 0.03


@dataclass(frozen=True, slots=True)
class Planted:
    """Features or texts in which the level is written plainly, with some noise.

    Attributes
    ----------
    X : ndarray of float32, shape (n, dim), or of str, shape (n,)
    y : ndarray of int64, shape (n,)
    """

    X: NDArray[Any]
    y: NDArray[np.int64]


def planted(n: int, seed: int, dim: int = 8, noise: float = 0.7) -> Planted:
    """Draw ``n`` texts, as many of each level as can be, whose features follow their level.

    The level moves the features along one direction (an ordinal signal, as in the study) and
    shifts them a little by class, so that classifiers and regressors both find it.
    """
    rng = np.random.default_rng(seed)
    layout = np.random.default_rng(0)  # the same directions for every draw
    direction, shifts = layout.normal(size=dim), layout.normal(size=(N_CLASSES, dim))
    y = rng.permutation(np.arange(n) % N_CLASSES)
    X = (y[:, None] - 2) * direction + 0.2 * shifts[y] + noise * rng.normal(size=(n, dim))
    return Planted(X.astype(np.float32), y.astype(np.int64))


def planted_texts(n: int, seed: int) -> Planted:
    """Draw ``n`` texts whose words follow their level.

    A level has words of its own, and its neighbours some of them. As many words stand in two texts
    that lie beside each other and nowhere else: whoever counts words of texts that were not
    trained on gives the others another weight.
    """
    rng, layout = np.random.default_rng(seed), np.random.default_rng(0)
    y = rng.permutation(np.arange(n) % N_CLASSES)
    known = [_word(layout) for _ in range(6 * N_CLASSES)]
    texts: list[str] = []
    beside: list[str] = []
    for row, level in enumerate(y):
        if row % 2 == 0:
            beside = [_word(rng) for _ in range(12)]
        place = rng.normal(6 * level + 3, 4, size=12).round().astype(int)
        words = [known[i] for i in np.clip(place, 0, len(known) - 1)] + beside
        texts.append(" ".join(rng.permutation(words)))
    return Planted(np.array(texts, dtype=object), y.astype(np.int64))


def _word(rng: np.random.Generator) -> str:
    return "".join(rng.choice(list("aeiou" if i % 2 else "bdfgklmnprst")) for i in range(6))


def agreement(y: NDArray[np.int64], predictions: NDArray[Any]) -> float:
    """Quadratic weighted kappa of rounded, clipped predictions."""
    classes = round_to_class(np.asarray(predictions, dtype=np.float64), N_CLASSES)
    confusion = np.zeros((N_CLASSES, N_CLASSES))
    np.add.at(confusion, (y, classes), 1)
    value = qwk(confusion)
    return 0.0 if value is None else value


class ProbeSubject:
    """One probe under test."""

    def __init__(self, spec: ProbeSpec, device: str = "cpu") -> None:
        self.spec = spec
        self.device = device
        self.packed = Packed.of(spec, spec.make)
        self.train = self.draw(160, seed=1)
        self.test = self.draw(120, seed=2)

    @property
    def reads_texts(self) -> bool:
        """Whether texts stand in place of features."""
        return self.spec.reads == "texts"

    def draw(self, n: int, seed: int) -> Planted:
        """Plant a signal in what the probe reads."""
        return planted_texts(n, seed) if self.reads_texts else planted(n, seed)

    def make(self, seed: int = 0, penalty: float | None = None) -> Any:
        """Make an estimator as the harness does: a seed only for probes that say they take one."""
        return self.spec.make(self.options(seed, penalty))

    def options(self, seed: int = 0, penalty: float | None = None) -> ProbeOptions:
        """What the harness tells the probe when it makes an estimator."""
        own = seed if self.spec.card.seeded else None
        return ProbeOptions(seed=own, device=self.device, n_classes=N_CLASSES, penalty=penalty)

    def fit_predict(
        self,
        y: NDArray[np.int64] | None = None,
        X: NDArray[Any] | None = None,
        weight: NDArray[np.float64] | None = None,
        seed: int = 0,
    ) -> NDArray[np.float64]:
        """Fit a new estimator on the training data, some of it replaced; predict the test data."""
        return fit_predict(
            self.make(seed),
            self.train.X if X is None else X,
            self.train.y if y is None else y,
            self.test.X,
            weight,
        )

    @cached_property
    def predictions(self) -> NDArray[np.float64]:
        """Predictions of the test data after a fit on the training data."""
        return self.fit_predict()

    def same(self, one: NDArray[Any], other: NDArray[Any]) -> bool:
        """Whether two predictions are equal but for the tolerance of an optimiser."""
        return gap(one, other) <= TOLERANCE


@contextmanager
def quiet() -> Iterator[None]:
    """Fit on data this small: one thread, which is faster, and no warnings of optimisers."""
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        yield


def fit_predict(
    estimator: Estimator,
    X: NDArray[Any],
    y: NDArray[np.int64],
    X_new: NDArray[Any],
    weight: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Fit and predict, on copies."""
    X, y, X_new = X.copy(), y.copy(), X_new.copy()
    with quiet():
        if weight is None:
            estimator.fit(X, y)
        else:
            fit_weighted(estimator, X, y, weight)
        return np.asarray(estimator.predict(X_new), dtype=np.float64)


def gap(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Mean absolute difference of two predictions, in levels."""
    return float(np.abs(np.asarray(one) - np.asarray(other)).mean())
