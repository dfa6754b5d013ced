"""Adam on a stack of models, in scikit-learn's form."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim.adam import adam

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class StackedAdam:
    """Parameters of many models with their gradients and moments, all ``[model, …]``.

    Kingma and Ba (2015), "Adam: A Method for Stochastic Optimization". scikit-learn adds epsilon
    before it corrects the second moment's bias, torch after, so epsilon is scaled to agree.

    Parameters
    ----------
    coefficients : sequence of Tensor
        Bear the L2 penalty.
    biases : sequence of Tensor
        Don't.
    learning_rate : float
    """

    def __init__(
        self, coefficients: Sequence[Tensor], biases: Sequence[Tensor], learning_rate: float
    ) -> None:
        self.params = [*coefficients, *biases]
        self.gradients = [torch.zeros_like(p) for p in self.params]
        self._penalised = len(coefficients)
        self._learning_rate = learning_rate
        self._moments = [[torch.zeros_like(p) for p in self.params] for _ in range(2)]
        self._steps = 0
        models = len(self.params[0])
        # torch counts steps in one tensor per parameter; here all are at the same step.
        clock = torch.zeros(models * len(self.params), device=self.params[0].device)
        self._clock, self._ticks = clock, list(clock)

    def step(self, decay: Sequence[float]) -> None:
        """Update the first ``len(decay)`` models.

        Parameters
        ----------
        decay : sequence of float
            Each model's L2 penalty in this step: ``alpha`` over the batch's weight.
        """
        models = len(decay)
        self._steps += 1
        penalised = range(self._penalised)
        if len(set(decay)) == 1:
            self._update([slice(models)], penalised, decay[0])
        else:
            for value in sorted(set(decay)):
                same = [slice(i, i + 1) for i in range(models) if decay[i] == value]
                self._update(same, penalised, value)
        self._update([slice(models)], range(self._penalised, len(self.params)), 0.0)

    def _update(self, models: Sequence[slice], which: range, decay: float) -> None:
        parts = [
            [tensors[k][part] for part in models for k in which]
            for tensors in (self.params, self.gradients, *self._moments)
        ]
        self._clock.fill_(self._steps - 1)
        adam(
            *parts,
            [],
            self._ticks[: len(parts[0])],
            fused=True,
            amsgrad=False,
            beta1=BETA1,
            beta2=BETA2,
            lr=self._learning_rate,
            weight_decay=decay,
            eps=EPSILON / (1 - BETA2**self._steps) ** 0.5,
            maximize=False,
        )

    def overwrite(self, model: int, other: int) -> None:
        """Put another model's state in the place of one that has left."""
        for tensors in (self.params, *self._moments):
            for tensor in tensors:
                tensor[model] = tensor[other]
