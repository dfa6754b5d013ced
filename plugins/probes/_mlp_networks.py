"""Adam on a stack of networks, in scikit-learn's form."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim.adam import adam

from cefrbench_plugins.probes._mlp_draws import Weights

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class Networks:
    """The parameters of many networks, and their gradients, each ``[model, …]``.

    All parameters of a model lie in one row of one tensor, coefficients first, so that Adam, the
    norm and a move to another place are one operation each.

    Attributes
    ----------
    hidden : Tensor, shape (models, dim, width)
    out : Tensor, shape (models, width, outputs)
    hidden_bias : Tensor, shape (models, 1, width)
    out_bias : Tensor, shape (models, 1, outputs)
    """

    def __init__(self, flat: Tensor, dim: int, width: int, outputs: int) -> None:
        models = len(flat)
        self.flat = flat
        parts = torch.split(flat, [dim * width, width * outputs, width, outputs], dim=1)
        self.hidden = parts[0].view(models, dim, width)
        self.out = parts[1].view(models, width, outputs)
        self.hidden_bias = parts[2].view(models, 1, width)
        self.out_bias = parts[3].view(models, 1, outputs)
        biases = width + outputs
        self.coefficients, self.biases = flat[:, :-biases], flat[:, -biases:]

    @classmethod
    def stacked(cls, weights: Sequence[Weights], like: Tensor) -> Networks:
        """Put networks side by side, on the device and in the precision of a tensor.

        One at a time, and each distinct one sent once: together they may not fit into the host.
        """
        dim, width, outputs = weights[0].shape
        size = dim * width + width * outputs + width + outputs
        stack = cls(like.new_empty(len(weights), size), dim, width, outputs)
        sent: dict[int, int] = {}
        for i, network in enumerate(weights):
            twin = sent.setdefault(id(network), i)
            if twin < i:
                stack.flat[i] = stack.flat[twin]
            else:
                stack.hidden[i] = torch.from_numpy(network.hidden)
                stack.out[i] = torch.from_numpy(network.out)
                stack.hidden_bias[i, 0] = torch.from_numpy(network.hidden_bias)
                stack.out_bias[i, 0] = torch.from_numpy(network.out_bias)
        return stack

    def first(self, models: int) -> Networks:
        """The first few, sharing memory."""
        if models == len(self.flat):
            return self
        return self._shaped(self.flat[:models])

    def like(self) -> Networks:
        """Zeros of the same shape."""
        return self._shaped(torch.zeros_like(self.flat))

    def _shaped(self, flat: Tensor) -> Networks:
        return Networks(flat, self.hidden.shape[1], self.hidden.shape[2], self.out.shape[2])

    def weights(self, model: int) -> Weights:
        """One network, brought to the host."""
        parts = (self.hidden[model], self.hidden_bias[model, 0], self.out[model])
        return Weights(*(p.cpu().numpy().copy() for p in (*parts, self.out_bias[model, 0])))


class StackedAdam:
    """Adam for networks that are all at the same step.

    Kingma and Ba (2015), "Adam: A Method for Stochastic Optimization". scikit-learn adds epsilon
    before it corrects the second moment's bias, torch after, so epsilon is scaled to agree.
    """

    def __init__(self, networks: Networks, learning_rate: float) -> None:
        self.networks = networks
        self.gradients = networks.like()
        self._moments = [torch.zeros_like(networks.flat) for _ in range(2)]
        self._learning_rate = learning_rate
        self._steps = 0
        self._clock = torch.zeros(len(networks.flat), device=networks.flat.device)

    def step(self, decay: Sequence[float]) -> None:
        """Update the first ``len(decay)`` models.

        Parameters
        ----------
        decay : sequence of float
            Each model's L2 penalty in this step: ``alpha`` over the batch's weight.
        """
        models = len(decay)
        # The penalty spares the biases; Adam applies it to the whole row, so it is taken off here.
        scale = self.networks.flat.new_tensor(decay)[:, None]
        self.gradients.biases[:models] -= scale * self.networks.biases[:models]
        self._clock.fill_(self._steps)
        self._steps += 1
        if len(set(decay)) == 1:
            self._update([slice(models)], decay[0])
        else:
            for value in sorted(set(decay)):
                same = [slice(i, i + 1) for i in range(models) if decay[i] == value]
                self._update(same, value)

    def _update(self, models: Sequence[slice], decay: float) -> None:
        """Update some models; torch counts the steps of each tensor that it is given."""
        params, gradients, first, second = (
            [state[part] for part in models]
            for state in (self.networks.flat, self.gradients.flat, *self._moments)
        )
        adam(
            params,
            gradients,
            first,
            second,
            [],
            [self._clock[part][0] for part in models],
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
        for state in (self.networks.flat, *self._moments):
            state[model] = state[other]
