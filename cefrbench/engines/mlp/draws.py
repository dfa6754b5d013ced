"""The random numbers of an MLP in scikit-learn's order: same seed, same start, same batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LayerWeights:
    """Weights of a network with one hidden layer.

    Attributes
    ----------
    hidden : ndarray, shape (dim, width)
    hidden_bias : ndarray, shape (width,)
    out : ndarray, shape (width, outputs)
    out_bias : ndarray, shape (outputs,)
    """

    hidden: NDArray[Any]
    hidden_bias: NDArray[Any]
    out: NDArray[Any]
    out_bias: NDArray[Any]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Width of the features, of the hidden layer, and of the output."""
        return (*self.hidden.shape, self.out.shape[1])

    def scores(self, X: NDArray[Any]) -> NDArray[Any]:
        """Outputs before the output activation, ``[n, outputs]``."""
        hidden = np.maximum(X @ self.hidden + self.hidden_bias, 0)
        scores: NDArray[Any] = hidden @ self.out + self.out_bias
        return scores


class Draws:
    """Starting weights and shuffles, kept per seed and shape.

    The draws are those of ``sklearn.neural_network``: weights and biases uniform within
    ``√(6 / (fan_in + fan_out))`` (Glorot and Bengio 2010), hidden layer first, then one shuffle of
    the row order of the epoch before for each epoch. They depend on nothing but the seed and the
    sizes, so it makes no difference what else is trained beside a model.

    Parameters
    ----------
    dim : int
        Width of the features, and of the hidden layer.
    dtype : numpy dtype
        Of the weights; the draws themselves are in double precision.
    """

    def __init__(self, dim: int, dtype: Any) -> None:
        self._dim = dim
        self._dtype = np.dtype(dtype)
        self._kept: dict[tuple[int, int], tuple[LayerWeights, Any]] = {}

    def start(self, seed: int | None, outputs: int) -> tuple[LayerWeights, np.random.RandomState]:
        """Starting weights, and the generator for the shuffles that follow."""
        if seed is None:
            random = np.random.RandomState()
            return self._draw(random, outputs), random
        if (seed, outputs) not in self._kept:
            random = np.random.RandomState(seed)
            weights = self._draw(random, outputs)
            self._kept[seed, outputs] = (weights, random.get_state())
        weights, state = self._kept[seed, outputs]
        random = np.random.RandomState()
        random.set_state(state)
        return weights, random

    def _draw(self, random: np.random.RandomState, outputs: int) -> LayerWeights:
        hidden = self._uniform(random, self._dim, self._dim)
        out = self._uniform(random, self._dim, outputs)
        return LayerWeights(*hidden, *out)

    def _uniform(
        self, random: np.random.RandomState, fan_in: int, fan_out: int
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        bound = np.sqrt(6.0 / (fan_in + fan_out))
        coefficients = random.uniform(-bound, bound, (fan_in, fan_out)).astype(self._dtype)
        bias = random.uniform(-bound, bound, fan_out).astype(self._dtype)
        return coefficients, bias
