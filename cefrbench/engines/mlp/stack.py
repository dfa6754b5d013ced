"""Train many MLPs of one shape at once: one stack of weights, a batch of its own for each model.

The models share every operation and nothing else: each has its own rows, batches and stopping
epoch, and leaves the stack when it stops. The arithmetic is that of scikit-learn's
``MLPRegressor`` and ``MLPClassifier`` with their default settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cefrbench.engines.mlp.batches import BatchSource, DeviceBatches, HostBatches
from cefrbench.engines.mlp.losses import EpochLosses, activate
from cefrbench.engines.mlp.model import Model, Settings
from cefrbench.engines.mlp.networks import Networks, StackedAdam
from cefrbench.mapped import gather

#: Rows that are predicted at a time.
PREDICTED_ROWS = 1024


class Stack:
    """Models of one shape and output in training.

    Parameters
    ----------
    features : Tensor, shape (n, dim)
        One layer's features, on the device.
    models : sequence of Model
    settings : Settings
    on_device : bool
        Whether features lie on an accelerator: then a step sends nothing and is few operations.
    source : ndarray, optional
        The features, where they are mapped from disk: rows are then read from there.
    """

    def __init__(
        self,
        features: Tensor,
        models: Sequence[Model],
        settings: Settings,
        *,
        on_device: bool,
        source: NDArray[Any] | None = None,
    ) -> None:
        self.features = features
        self._source = source
        self.models = list(models)
        self.output = models[0].labels.output
        self.settings = settings
        self.networks = Networks.stacked([m.weights for m in models], features)
        self.adam = StackedAdam(self.networks, settings.learning_rate, together=on_device)
        self._losses = EpochLosses(features.new_zeros(len(models)), self.output)
        dim, width = self.networks.hidden.shape[1:]
        size, alpha = settings.batch_size, settings.alpha
        self._batches: BatchSource = (
            DeviceBatches(models, size, alpha, features)
            if on_device
            else HostBatches(size, alpha, features)
        )
        rows = min(size, max(len(m.rows) for m in models))
        self._spaces = [
            features.new_empty(len(models), rows, columns) for columns in (dim, width, width)
        ]
        self._best = None
        if any(m.validation for m in models):
            self._best = self.networks.zeros()
        self._units: Tensor | None = None
        if any(m.unit for m in models):
            own = [m.unit or (np.zeros(dim), np.ones(dim)) for m in models]
            self._units = torch.from_numpy(np.array(own)).to(features)[:, :, None]

    def train(self) -> None:
        """Train every model until it stops; it leaves with its scores or its weights."""
        while self.models:
            self._step()
            ended = [i for i, model in enumerate(self.models) if model.epoch_ended]
            if not ended:
                continue
            totals = self._losses.close(ended)
            for i, total in reversed(list(zip(ended, totals, strict=True))):
                if self._stops(i, total):
                    self._leave(i)

    def _stops(self, i: int, total: float) -> bool:
        """Close a model's epoch; keep its weights if they are the best on rows held out."""
        model = self.models[i]
        if model.validation is None or self._best is None:
            return model.stops(total, self.settings)
        held_out = model.validation.score(self._predict(model.validation.rows, i))
        stops = model.stops(total, self.settings, held_out)
        if model.improved:
            self._best.coefficients[i] = self.networks.coefficients[i]
            self._best.biases[i] = self.networks.biases[i]
        scored = np.isfinite(model.validation_scores).any()
        if stops and scored and np.isfinite(model.losses[-1]):
            self.networks.coefficients[i] = self._best.coefficients[i]
            self.networks.biases[i] = self._best.biases[i]
        return stops

    def _leave(self, i: int) -> None:
        """Let a model go, and give its place to the last one of the stack."""
        model, last = self.models[i], len(self.models) - 1
        if model.predict is None:
            model.weights = self.networks.weights(i)
        else:
            model.scores = self._predict(model.predict, i)
        if i < last:
            self.adam.overwrite(i, last)
            self._losses.overwrite(i, last)
            self._batches.overwrite(i, last)
            if self._best is not None:
                self._best.overwrite(i, last)
            if self._units is not None:
                self._units[i] = self._units[last]
            self.models[i] = self.models[last]
        self.models.pop()

    def _predict(self, rows: NDArray[np.intp], i: int) -> NDArray[np.floating]:
        net, only = self.networks, slice(i, i + 1)
        parts = []
        for part in torch.split(torch.from_numpy(rows).to(self.features.device), PREDICTED_ROWS):
            inputs = self._rows(part)[None]
            if self._units is not None:
                inputs.sub_(self._units[only, 0]).mul_(self._units[only, 1])
            active = multiply(inputs, net.hidden[only])
            active.add_(net.hidden_bias[only]).relu_()
            parts.append(multiply(active, net.out[only]).add_(net.out_bias[only]))
        return torch.cat(parts, 1)[0].cpu().numpy()

    def _rows(self, rows: Tensor, out: Tensor | None = None) -> Tensor:
        """Some rows of the features."""
        if self._source is None:
            return torch.index_select(self.features, 0, rows, out=out)
        found = torch.from_numpy(gather(self._source, rows.numpy()))
        return found if out is None else out.copy_(found)

    def _step(self) -> None:
        """One batch of each model: forward, loss, backward, Adam."""
        rows, target, share, weight, decay, penalty = self._batches.next(self.models)
        m, n = rows.shape
        net, gradient = self.networks.first(m), self.adam.gradients.first(m)
        batch, hidden, back = (
            space.view(-1)[: m * n * space.shape[2]].view(m, n, space.shape[2])
            for space in self._spaces
        )
        self._rows(rows.view(-1), batch.view(m * n, -1))
        if self._units is not None:
            batch.sub_(self._units[:m, 0]).mul_(self._units[:m, 1])
        multiply(batch, net.hidden, hidden).add_(net.hidden_bias).relu_()
        predicted = activate(multiply(hidden, net.out).add_(net.out_bias), self.output)
        norms = torch.linalg.vector_norm(net.coefficients, dim=1)
        self._losses.note(predicted, target, weight, norms, penalty)
        miss = (predicted - target).mul_(share[:, :, None])
        multiply(hidden.transpose(1, 2), miss, gradient.out)
        torch.sum(miss, 1, keepdim=True, out=gradient.out_bias)
        # A unit at zero passes nothing back; the sign of a ReLU's output is its derivative.
        multiply(miss, net.out.transpose(1, 2), back).mul_(hidden.sign_())
        multiply(batch.transpose(1, 2), back, gradient.hidden)
        torch.sum(back, 1, keepdim=True, out=gradient.hidden_bias)
        self.adam.step(decay)


def multiply(left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
    """Product of two stacks of matrices, ``[model, a, b] × [model, b, c]``.

    On the CPU through NumPy, whose BLAS is an eighth faster here than torch's, and which takes one
    model at a time: a model's numbers don't depend on which others are in the stack.
    """
    if left.device.type != "cpu":
        return torch.bmm(left, right) if out is None else torch.bmm(left, right, out=out)
    product = np.matmul(left.numpy(), right.numpy(), out=None if out is None else out.numpy())
    return torch.from_numpy(product) if out is None else out
