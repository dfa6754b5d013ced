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

from cefrbench_plugins.probes._mlp_model import Model, Settings
from cefrbench_plugins.probes._mlp_networks import Networks, StackedAdam

#: Rows that are predicted at a time.
PREDICTED_ROWS = 1024


class Stack:
    """Models of one shape and output in training.

    On an accelerator, float32 products follow ``torch.set_float32_matmul_precision``.

    Parameters
    ----------
    features : Tensor, shape (n, dim)
        One layer's features, on the device.
    models : sequence of Model
    settings : Settings
    """

    def __init__(self, features: Tensor, models: Sequence[Model], settings: Settings) -> None:
        self.features = features
        self.models = list(models)
        self.output = models[0].labels.output
        self.settings = settings
        self.networks = Networks.stacked([m.weights for m in models], features)
        self.adam = StackedAdam(self.networks, settings.learning_rate)
        self._losses = features.new_zeros(len(models))
        dim, width = self.networks.hidden.shape[1:]
        rows = min(settings.batch_size, max(len(m.rows) for m in models))
        self._spaces = [
            features.new_empty(len(models), rows, columns) for columns in (dim, width, width)
        ]

    def train(self) -> None:
        """Train every model until it stops; it leaves with its scores or its weights."""
        while self.models:
            self._step()
            ended = [i for i, model in enumerate(self.models) if model.epoch_ended]
            if not ended:
                continue
            # The one place where the host waits for the device: the end of a model's epoch.
            totals = self._losses[ended].tolist()
            self._losses[ended] = 0.0
            for i, total in reversed(list(zip(ended, totals, strict=True))):
                if self.models[i].stops(total, self.settings):
                    self._leave(i)

    def _leave(self, i: int) -> None:
        """Let a model go, and give its place to the last one of the stack."""
        model, last = self.models[i], len(self.models) - 1
        if model.predict is None:
            model.weights = self.networks.weights(i)
        else:
            model.scores = self._predict(model.predict, i)
        if i < last:
            self.adam.overwrite(i, last)
            self._losses[i] = self._losses[last]
            self.models[i] = self.models[last]
        self._losses[last] = 0.0
        self.models.pop()

    def _predict(self, rows: NDArray[np.intp], i: int) -> NDArray[np.floating]:
        net, only = self.networks, slice(i, i + 1)
        parts = []
        for part in torch.split(torch.from_numpy(rows).to(self.features.device), PREDICTED_ROWS):
            active = multiply(self.features[part][None], net.hidden[only])
            active.add_(net.hidden_bias[only]).relu_()
            parts.append(multiply(active, net.out[only]).add_(net.out_bias[only]))
        return torch.cat(parts, 1)[0].cpu().numpy()

    def _step(self) -> None:
        """One batch of each model: forward, loss, backward, Adam."""
        batches = [model.next_batch(self.settings.batch_size) for model in self.models]
        sums = [float(m.weight[b].sum()) for m, b in zip(self.models, batches, strict=True)]
        rows, target, share = self._on_device(batches, sums)
        m, n = rows.shape
        net, gradient = self.networks.first(m), self.adam.gradients.first(m)
        batch, hidden, back = (
            space.view(-1)[: m * n * space.shape[2]].view(m, n, space.shape[2])
            for space in self._spaces
        )
        torch.index_select(self.features, 0, rows.view(-1), out=batch.view(m * n, -1))
        multiply(batch, net.hidden, hidden).add_(net.hidden_bias).relu_()
        loss, miss = self._loss(multiply(hidden, net.out).add_(net.out_bias), target)
        decay = [self.settings.alpha / total for total in sums]
        self._losses[:m] += self._epoch_share((share * loss).sum(1), batches, decay)
        miss *= share[:, :, None]
        multiply(hidden.transpose(1, 2), miss, gradient.out)
        torch.sum(miss, 1, keepdim=True, out=gradient.out_bias)
        # A unit at zero passes nothing back; the sign of a ReLU's output is its derivative.
        multiply(miss, net.out.transpose(1, 2), back).mul_(hidden.sign_())
        multiply(batch.transpose(1, 2), back, gradient.hidden)
        torch.sum(back, 1, keepdim=True, out=gradient.hidden_bias)
        self.adam.step(decay)

    def _on_device(
        self, batches: Sequence[NDArray[np.intp]], sums: Sequence[float]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Rows, targets and shares of the batch's weight, each ``[model, row]``.

        A batch shorter than the longest is filled up with rows whose share is zero.
        """
        shape = (len(batches), max(len(batch) for batch in batches))
        rows = np.zeros(shape, dtype=np.int32)
        target = np.zeros(shape, dtype=self.models[0].labels.target.dtype)
        share = np.zeros(shape)
        for i, (model, batch, total) in enumerate(zip(self.models, batches, sums, strict=True)):
            rows[i, : len(batch)] = model.rows[batch]
            target[i, : len(batch)] = model.labels.target[batch]
            share[i, : len(batch)] = model.weight[batch] / total
        dtype = self.features.dtype
        return (
            self._sent(rows, torch.int32),
            self._sent(target, torch.int64 if self.output == "softmax" else dtype),
            self._sent(share, dtype),
        )

    def _sent(self, values: NDArray[Any], dtype: torch.dtype) -> Tensor:
        """Bring values to the device without waiting for what it is still computing."""
        tensor = torch.from_numpy(values).to(dtype)
        if self.features.is_cuda:
            tensor = tensor.pin_memory()
        return tensor.to(self.features.device, non_blocking=True)

    def _loss(self, scores: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Loss ``[model, row]``, and its derivative in the scores ``[model, row, output]``."""
        target = target[:, :, None]
        if self.output == "identity":
            miss = scores.sub_(target)
            return 0.5 * miss[:, :, 0] ** 2, miss
        if self.output == "logistic":
            likely = scores.sigmoid_()
            hit = torch.where(target > 0, likely, 1 - likely)
            miss = likely.sub_(target)
        else:
            likely = torch.softmax(scores, 2)
            hit = likely.gather(2, target)
            miss = likely.scatter_add_(2, target, -torch.ones_like(hit))
        tiny = torch.finfo(hit.dtype).eps
        return -hit[:, :, 0].clamp_(tiny, 1 - tiny).log_(), miss

    def _epoch_share(
        self, loss: Tensor, batches: Sequence[NDArray[np.intp]], decay: Sequence[float]
    ) -> Tensor:
        """Mean loss of a batch with its L2 term, times the batch's rows; ``[model]``."""
        coefficients = self.networks.coefficients[: len(batches)]
        squares = torch.linalg.vector_norm(coefficients, dim=1).square_()
        counts = loss.new_tensor([len(batch) for batch in batches])
        total: Tensor = counts * (loss + loss.new_tensor(decay) * (0.5 * squares))
        return total


def multiply(left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
    """Product of two stacks of matrices, ``[model, a, b] × [model, b, c]``.

    On the CPU through NumPy, whose BLAS is an eighth faster here than torch's, and which takes one
    model at a time: a model's numbers don't depend on which others are in the stack.
    """
    if left.device.type != "cpu":
        return torch.bmm(left, right) if out is None else torch.bmm(left, right, out=out)
    product = np.matmul(left.numpy(), right.numpy(), out=None if out is None else out.numpy())
    return torch.from_numpy(product) if out is None else out
