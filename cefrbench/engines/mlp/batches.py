"""The batches of a stack of MLPs: step by step on a host, an epoch ahead for an accelerator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cefrbench.engines.mlp.model import Model


class Batch(NamedTuple):
    """One batch of each model; one shorter than the longest is filled up with rows of weight zero.

    Attributes
    ----------
    rows : Tensor of int, shape (models, rows)
        Rows of the features.
    target : Tensor, shape (models, rows, outputs)
    share : Tensor, shape (models, rows)
        Each row's share of its batch's weight.
    weight : Tensor, shape (models, rows)
        Those shares times the batch's number of rows.
    decay : Tensor, shape (models,)
        Each model's L2 penalty on its coefficients in this step: ``alpha`` over the batch's
        weight. In double precision on a host.
    penalty : Tensor, shape (models,)
        Those times the batch's number of rows.
    """

    rows: Tensor
    target: Tensor
    share: Tensor
    weight: Tensor
    decay: Tensor
    penalty: Tensor


class BatchSource(Protocol):
    """Where a stack gets its batches from."""

    def next(self, models: Sequence[Model]) -> Batch:
        """Go on by one batch of each model."""

    def overwrite(self, model: int, other: int) -> None:
        """Put another model's batches in the place of one that has left."""


class HostBatches:
    """Made when they are asked for.

    Parameters
    ----------
    size : int
    alpha : float
    like : Tensor
        In the precision of this one.
    """

    def __init__(self, size: int, alpha: float, like: Tensor) -> None:
        self._size, self._alpha = size, alpha
        self._numbers = np.dtype(str(like.dtype).removeprefix("torch."))

    def next(self, models: Sequence[Model]) -> Batch:
        """See :class:`BatchSource`."""
        chosen = [model.next_batch(self._size) for model in models]
        shape = (len(chosen), max(map(len, chosen)))
        rows = np.zeros(shape, dtype=np.int32)
        target = np.zeros((*shape, models[0].labels.outputs), dtype=self._numbers)
        share, weight = np.zeros((2, *shape), dtype=self._numbers)
        decay = np.empty(len(chosen))
        penalty = np.empty(len(chosen), dtype=self._numbers)
        for i, (model, batch) in enumerate(zip(models, chosen, strict=True)):
            count, total = len(batch), float(model.weight[batch].sum())
            rows[i, :count] = model.rows[batch]
            target[i, :count] = model.labels.target[batch]
            part = model.weight[batch] / total
            share[i, :count] = part
            weight[i, :count] = count * part
            decay[i] = self._alpha / total
            penalty[i] = count * (self._alpha / total)
        return Batch(*map(torch.from_numpy, (rows, target, share, weight, decay, penalty)))

    def overwrite(self, model: int, other: int) -> None:
        """Nothing is kept."""


class DeviceBatches:
    """Sent an epoch at a time, so that a step sends nothing and the device need not wait.

    Parameters
    ----------
    models : sequence of Model
    size : int
    alpha : float
    like : Tensor
        On the device, and in the precision, of this one.
    """

    def __init__(self, models: Sequence[Model], size: int, alpha: float, like: Tensor) -> None:
        longest = max(len(model.rows) for model in models)
        self._size, self._alpha = min(size, longest), alpha
        self._steps = -(-longest // self._size)
        self._like = like
        self._numbers = np.dtype(str(like.dtype).removeprefix("torch."))
        shape, outputs = (len(models), self._steps, self._size), models[0].labels.outputs
        self._rows = torch.zeros(shape, dtype=torch.int32, device=like.device)
        self._target = like.new_zeros(*shape, outputs)
        self._share = like.new_zeros(shape)
        # Number of rows, decay, and their product.
        self._sums = like.new_zeros(len(models), self._steps, 3)
        self._at = torch.empty(0, dtype=torch.int64, device=like.device)
        self._done = [0] * len(models)
        self._moved = True

    def next(self, models: Sequence[Model]) -> Batch:
        """See :class:`BatchSource`."""
        starting = [i for i, model in enumerate(models) if model.epoch_begins]
        if starting:
            self._send(starting, models)
        if self._moved:
            places = [i * self._steps + self._done[i] for i in range(len(models))]
            self._at = torch.tensor(places).to(self._like.device)
            self._moved = False
        rows, target, share, sums = (
            torch.index_select(table.flatten(0, 1), 0, self._at)
            for table in (self._rows, self._target, self._share, self._sums)
        )
        self._at = self._at + 1
        for i, model in enumerate(models):
            model.advance(self._size)
            self._done[i] += 1
        count, decay, penalty = sums.unbind(1)
        return Batch(rows, target, share, share * count[:, None], decay, penalty)

    def overwrite(self, model: int, other: int) -> None:
        """See :class:`BatchSource`."""
        for table in (self._rows, self._target, self._share, self._sums):
            table[model] = table[other]
        self._done[model] = self._done[other]
        self._moved = True

    def _send(self, starting: Sequence[int], models: Sequence[Model]) -> None:
        """Draw the epochs of models that begin one, and send them."""
        width = self._steps * self._size
        rows = np.zeros((len(starting), width), dtype=np.int32)
        target = np.zeros((*rows.shape, models[0].labels.outputs), dtype=self._numbers)
        share = np.zeros(rows.shape, dtype=self._numbers)
        sums = np.zeros((len(starting), self._steps, 3), dtype=self._numbers)
        for row, i in enumerate(starting):
            model = models[i]
            order = model.begin_epoch()
            count, weight = len(order), model.weight[order]
            starts = np.arange(0, count, self._size)
            counts = np.diff(starts, append=count)
            totals = np.add.reduceat(weight, starts)
            rows[row, :count] = model.rows[order]
            target[row, :count] = model.labels.target[order]
            share[row, :count] = weight / np.repeat(totals, counts)
            decay = self._alpha / totals
            sums[row, : len(starts)] = np.stack([counts, decay, counts * decay], axis=1)
            self._done[i] = 0
        where = torch.tensor(starting).to(self._like.device)
        for table, values in (
            (self._rows, rows),
            (self._target, target),
            (self._share, share),
            (self._sums, sums),
        ):
            table[where] = self._sent(values).view(len(starting), *table.shape[1:])
        self._moved = True

    def _sent(self, values: NDArray[Any]) -> Tensor:
        """Bring values to the device without waiting for what it is still computing."""
        tensor = torch.from_numpy(values)
        if self._like.is_cuda:
            tensor = tensor.pin_memory()
        return tensor.to(self._like.device, non_blocking=True)
