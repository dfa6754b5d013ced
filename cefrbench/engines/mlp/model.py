"""One MLP in training, seen from the host: its rows, its batches, and when it stops."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cefrbench.engines.mlp.draws import LayerWeights

if TYPE_CHECKING:
    from cefrbench.engines.mlp.validation import Validation

#: Squared loss of one value; log loss of one probability; log loss of several.
OutputUnit = Literal["identity", "logistic", "softmax"]


@dataclass(frozen=True, slots=True)
class Labels:
    """One fold's labels, as a network reads them.

    Attributes
    ----------
    target : ndarray of float64, shape (n_train, outputs)
        What each output is to come to: the value (regressors), or 1 for the class and 0 for others.
    classes : ndarray
        The class of each output, or both classes of the only one; empty for regressors.
    output : OutputUnit
    """

    target: NDArray[np.float64]
    classes: NDArray[Any]
    output: OutputUnit

    @property
    def outputs(self) -> int:
        """Units of the output layer."""
        return int(self.target.shape[1])


@dataclass(frozen=True, slots=True)
class Settings:
    """Hyperparameters; the defaults are scikit-learn's, but for the 1,000 epochs of the study."""

    alpha: float = 1e-4
    batch_size: int = 200
    learning_rate: float = 1e-3
    tol: float = 1e-4
    n_iter_no_change: int = 10
    max_iter: int = 1000


@dataclass(slots=True)
class Model:
    """One model: its data, its place in the epoch, what it has learnt so far.

    Attributes
    ----------
    rows : ndarray of int
        Training rows, indices into the layer's features.
    predict : ndarray of int, or None
        Rows to predict; none keeps the weights instead.
    labels : Labels
    weight : ndarray of float64, shape (len(rows),)
        All positive.
    weights : LayerWeights
        Where training starts; if they are kept, what it comes to.
    random : numpy.random.RandomState
        For the shuffles.
    validation : Validation or None
        Rows held out; training stops by their score, and the best weights are kept.
    unit : (mean, scale), each ndarray of shape (dim,), or None
        The features are read as ``(x - mean) * scale``.
    scores : ndarray, shape (len(predict), outputs), or None
        Outputs for the rows to predict, once training has ended.
    validation_scores : list of float
        Score of the rows held out after each epoch.
    losses : list of float
        Training loss of each epoch.
    message : str
        Why training ended, when it was not by the stopping rule.
    """

    rows: NDArray[np.intp]
    predict: NDArray[np.intp] | None
    labels: Labels
    weight: NDArray[np.float64]
    weights: LayerWeights
    random: np.random.RandomState
    validation: Validation | None = None
    unit: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    scores: NDArray[Any] | None = None
    validation_scores: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    message: str = ""
    improved: bool = field(init=False, default=False)
    _random_at_start: Any = field(init=False)
    _order: NDArray[np.intp] = field(init=False)
    _position: int = field(init=False)
    _best: float = field(init=False)
    _epochs_without_gain: int = field(init=False)

    def __post_init__(self) -> None:
        self._random_at_start = self.random.get_state()
        self.rewind()

    def rewind(self) -> None:
        """Go back to where training starts."""
        self.random.set_state(self._random_at_start)
        self.losses.clear()
        self.validation_scores.clear()
        self._order = np.arange(len(self.rows))
        self._position, self._best, self._epochs_without_gain = 0, math.inf, 0

    @property
    def epoch_begins(self) -> bool:
        """Whether the next batch is an epoch's first."""
        return self._position == 0

    def begin_epoch(self) -> NDArray[np.intp]:
        """Shuffle the order anew and give it: positions in ``rows``."""
        self.random.shuffle(self._order)
        return self._order

    def next_batch(self, size: int) -> NDArray[np.intp]:
        """Positions in ``rows`` of the next batch; the order is shuffled anew for each epoch."""
        order = self.begin_epoch() if self.epoch_begins else self._order
        batch = order[self._position : self._position + size]
        self.advance(size)
        return batch

    def advance(self, size: int) -> None:
        """Leave the next batch behind."""
        self._position = min(self._position + size, len(self.rows))

    @property
    def epoch_ended(self) -> bool:
        """Whether the last batch was the epoch's last."""
        return self._position >= len(self.rows)

    def stops(self, total_loss: float, settings: Settings, held_out: float | None = None) -> bool:
        """Close an epoch, and say whether the model stops here by scikit-learn's rule.

        It stops when for more than ``n_iter_no_change`` epochs in a row the loss has not come
        down by ``tol`` below the best one before.

        Parameters
        ----------
        total_loss : float
            Sum over the epoch's batches of mean loss times number of rows.
        settings : Settings
        held_out : float, optional
            Score of the rows held out; stands in place of the loss.
        """
        self._position = 0
        loss = total_loss / len(self.rows)
        self.losses.append(loss)
        self.improved = False
        if held_out is not None:
            self.validation_scores.append(held_out)
        if not math.isfinite(loss):
            self.message = f"the training loss was not finite in epoch {len(self.losses)}"
            return True
        # A score is a loss with its sign turned; that of outputs not finite is no gain, no lapse.
        value = loss if held_out is None else -held_out
        without_gain = value > self._best - settings.tol
        self._epochs_without_gain = self._epochs_without_gain + 1 if without_gain else 0
        self.improved = value < self._best
        if self.improved:
            self._best = value
        if self._epochs_without_gain > settings.n_iter_no_change:
            return True
        if len(self.losses) == settings.max_iter:
            self.message = f"no convergence in {settings.max_iter} epochs"
            return True
        return False
