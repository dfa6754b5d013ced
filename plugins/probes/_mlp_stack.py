"""Train many MLPs of one shape at once: one stack of weights, a batch of its own for each model.

The models share every operation and nothing else: each has its own rows, batches and stopping
epoch, and leaves the stack when it stops. The arithmetic is that of scikit-learn's
``MLPRegressor`` and ``MLPClassifier`` with their default settings.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cefrbench_plugins.probes._mlp_adam import StackedAdam
from cefrbench_plugins.probes._mlp_draws import Weights
from cefrbench_plugins.probes._mlp_model import Model, Settings

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
        self.adam = StackedAdam(
            [self._stacked("hidden"), self._stacked("out")],
            [self._stacked("hidden_bias"), self._stacked("out_bias")],
            settings.learning_rate,
        )
        self._losses = features.new_zeros(len(models))
        dim, width = self.adam.params[0].shape[1:]
        rows = min(settings.batch_size, max(len(m.rows) for m in models))
        self._spaces = [
            features.new_empty(len(models), rows, columns) for columns in (dim, width, width)
        ]

    def _stacked(self, name: str) -> Tensor:
        values = np.stack([np.atleast_2d(getattr(m.weights, name)) for m in self.models])
        return torch.from_numpy(values).to(self.features)

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
        weights = [p[i] for p in self.adam.params]
        model, last = self.models[i], len(self.models) - 1
        if model.predict is None:
            hidden, out, hidden_bias, out_bias = (w.cpu().numpy().copy() for w in weights)
            model.weights = Weights(hidden, hidden_bias[0], out, out_bias[0])
        else:
            model.scores = self._predict(model.predict, *weights)
        if i < last:
            self.adam.overwrite(i, last)
            self._losses[i] = self._losses[last]
            self.models[i] = self.models[last]
        self._losses[last] = 0.0
        self.models.pop()

    def _predict(self, rows: NDArray[np.intp], *weights: Tensor) -> NDArray[np.floating]:
        hidden, out, hidden_bias, out_bias = (w[None] for w in weights)
        parts = []
        for part in torch.from_numpy(rows).to(self.features.device).split(PREDICTED_ROWS):
            active = multiply(self.features[part][None], hidden).add_(hidden_bias).relu_()
            parts.append(multiply(active, out).add_(out_bias))
        return torch.cat(parts, 1)[0].cpu().numpy()

    def _step(self) -> None:
        """One batch of each model: forward, loss, backward, Adam."""
        batches = [model.next_batch(self.settings.batch_size) for model in self.models]
        sums = [float(m.weight[b].sum()) for m, b in zip(self.models, batches, strict=True)]
        rows, target, share = self._on_device(batches, sums)
        m, n = rows.shape
        weights, out_weights, bias, out_bias = (p[:m] for p in self.adam.params)
        gradient, out_gradient, bias_gradient, out_bias_gradient = (
            g[:m] for g in self.adam.gradients
        )
        batch, hidden, back = (
            space.view(-1)[: m * n * space.shape[2]].view(m, n, space.shape[2])
            for space in self._spaces
        )
        torch.index_select(self.features, 0, rows.view(-1), out=batch.view(m * n, -1))
        multiply(batch, weights, hidden).add_(bias).relu_()
        loss, miss = self._loss(multiply(hidden, out_weights).add_(out_bias), target)
        decay = [self.settings.alpha / total for total in sums]
        self._losses[:m] += self._epoch_share((share * loss).sum(1), batches, decay)
        miss *= share[:, :, None]
        multiply(hidden.transpose(1, 2), miss, out_gradient)
        torch.sum(miss, 1, keepdim=True, out=out_bias_gradient)
        # A unit at zero passes nothing back; the sign of a ReLU's output is its derivative.
        multiply(miss, out_weights.transpose(1, 2), back).mul_(hidden.sign_())
        multiply(batch.transpose(1, 2), back, gradient)
        torch.sum(back, 1, keepdim=True, out=bias_gradient)
        self.adam.step(decay)

    def _on_device(
        self, batches: Sequence[NDArray[np.intp]], sums: Sequence[float]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Rows, targets and shares of the batch's weight, each ``[model, row]``.

        A batch shorter than the longest is filled up with rows whose share is zero.
        """
        shape = (len(batches), max(len(batch) for batch in batches))
        rows = np.zeros(shape, dtype=np.int64)
        target = np.zeros(shape, dtype=self.models[0].labels.target.dtype)
        share = np.zeros(shape)
        for i, (model, batch, total) in enumerate(zip(self.models, batches, sums, strict=True)):
            rows[i, : len(batch)] = model.rows[batch]
            target[i, : len(batch)] = model.labels.target[batch]
            share[i, : len(batch)] = model.weight[batch] / total
        device, dtype = self.features.device, self.features.dtype
        return (
            torch.from_numpy(rows).to(device, non_blocking=True),
            torch.from_numpy(target).to(device, torch.int64 if self.output == "softmax" else dtype),
            torch.from_numpy(share).to(device, dtype),
        )

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
        squares = sum(
            torch.linalg.vector_norm(p[: len(batches)].flatten(1), dim=1).square_()
            for p in self.adam.params[:2]
        )
        counts = loss.new_tensor([len(batch) for batch in batches])
        return counts * (loss + loss.new_tensor(decay) * (0.5 * squares))


def multiply(left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
    """Product of two stacks of matrices, ``[model, a, b] × [model, b, c]``.

    On the CPU through NumPy, whose BLAS is an eighth faster here than torch's, and which takes one
    model at a time: a model's numbers don't depend on which others are in the stack.
    """
    if left.device.type != "cpu":
        return torch.bmm(left, right) if out is None else torch.bmm(left, right, out=out)
    product = np.matmul(left.numpy(), right.numpy(), out=None if out is None else out.numpy())
    return torch.from_numpy(product) if out is None else out
