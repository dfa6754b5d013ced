"""Adam on a stack of networks, in scikit-learn's form."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim.adam import adam

from cefrbench.engines.mlp.draws import LayerWeights

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class Networks:
    """The parameters of many networks, or their gradients, each ``[model, …]``.

    All coefficients of a model lie in one row of one tensor and all biases in one of another, so
    that Adam, the norm and a move to another place are one operation each.

    Attributes
    ----------
    coefficients, biases : Tensor, shape (models, …)
    hidden : Tensor, shape (models, dim, width)
    out : Tensor, shape (models, width, outputs)
    hidden_bias : Tensor, shape (models, 1, width)
    out_bias : Tensor, shape (models, 1, outputs)
    """

    def __init__(self, coefficients: Tensor, biases: Tensor, dim: int, width: int) -> None:
        models = len(coefficients)
        self.coefficients, self.biases = coefficients, biases
        outputs = biases.shape[1] - width
        hidden, out = torch.split(coefficients, [dim * width, width * outputs], dim=1)
        hidden_bias, out_bias = torch.split(biases, [width, outputs], dim=1)
        self.hidden = hidden.view(models, dim, width)
        self.out = out.view(models, width, outputs)
        self.hidden_bias = hidden_bias.view(models, 1, width)
        self.out_bias = out_bias.view(models, 1, outputs)

    @classmethod
    def stacked(cls, weights: Sequence[LayerWeights], like: Tensor) -> Networks:
        """Put networks side by side, on the device and in the precision of a tensor.

        One at a time, and each distinct one sent once: together they may not fit into the host.
        """
        models = len(weights)
        dim, width, outputs = weights[0].shape
        coefficients = like.new_empty(models, dim * width + width * outputs)
        stack = cls(coefficients, like.new_empty(models, width + outputs), dim, width)
        sent: dict[int, int] = {}
        for i, network in enumerate(weights):
            twin = sent.setdefault(id(network), i)
            if twin < i:
                stack.overwrite(i, twin)
            else:
                stack.hidden[i] = torch.from_numpy(network.hidden)
                stack.out[i] = torch.from_numpy(network.out)
                stack.hidden_bias[i, 0] = torch.from_numpy(network.hidden_bias)
                stack.out_bias[i, 0] = torch.from_numpy(network.out_bias)
        return stack

    def first(self, models: int) -> Networks:
        """The first few, sharing memory."""
        if models == len(self.coefficients):
            return self
        return self._shaped(self.coefficients[:models], self.biases[:models])

    def zeros(self) -> Networks:
        """Zeros of the same shape."""
        return self._shaped(torch.zeros_like(self.coefficients), torch.zeros_like(self.biases))

    def _shaped(self, coefficients: Tensor, biases: Tensor) -> Networks:
        return Networks(coefficients, biases, *self.hidden.shape[1:])

    def overwrite(self, model: int, other: int) -> None:
        """Put another network in the place of one."""
        self.coefficients[model] = self.coefficients[other]
        self.biases[model] = self.biases[other]

    def weights(self, model: int) -> LayerWeights:
        """One network, brought to the host."""
        parts = (self.hidden[model], self.hidden_bias[model, 0], self.out[model])
        return LayerWeights(*(p.cpu().numpy().copy() for p in (*parts, self.out_bias[model, 0])))


class StackedAdam:
    """Adam for networks that are all at the same step.

    Kingma and Ba (2015), "Adam: A Method for Stochastic Optimization". scikit-learn adds epsilon
    before it corrects the second moment's bias, torch after, so epsilon is scaled to agree.

    Parameters
    ----------
    networks : Networks
    learning_rate : float
    together : bool
        Whether all models are one tensor: a few operations a step, however many there are.
    """

    def __init__(self, networks: Networks, learning_rate: float, *, together: bool) -> None:
        self.networks = networks
        self.gradients = networks.zeros()
        self._first, self._second = networks.zeros(), networks.zeros()
        self._learning_rate = learning_rate
        self._together = together
        self._steps = 0
        # A clock for each tensor that torch is given, and it moves them itself.
        clocks = networks.biases.new_zeros(2, 1 if together else len(networks.biases))
        self._clocks, self._bias_clocks = ([*row.unbind()] for row in clocks)

    def step(self, decay: Tensor) -> None:
        """Update the first ``len(decay)`` models.

        Parameters
        ----------
        decay : Tensor, shape (models,)
            Each model's L2 penalty on its coefficients in this step.
        """
        self._steps += 1
        parts = (self.networks, self.gradients, self._first, self._second)
        states = [part.first(len(decay)) for part in parts]
        if self._together:
            params, gradients, *_ = states
            gradients.coefficients.addcmul_(params.coefficients, decay[:, None])
            self._update([[state.coefficients] for state in states], self._clocks, 0.0)
            self._update([[state.biases] for state in states], self._bias_clocks, 0.0)
            return
        # On a CPU each model's come apart: where a number lies in a tensor may decide how it is
        # rounded.
        decays = decay.tolist()
        for one in sorted(set(decays)):
            same = [i for i, value in enumerate(decays) if value == one]
            coefficients = [[state.coefficients[i] for i in same] for state in states]
            self._update(coefficients, [self._clocks[i] for i in same], one)
        biases = [[*state.biases.unbind()] for state in states]
        self._update(biases, self._bias_clocks[: len(decays)], 0.0)

    def _update(self, states: Sequence[list[Tensor]], clocks: list[Tensor], decay: float) -> None:
        params, gradients, first, second = states
        adam(
            params,
            gradients,
            first,
            second,
            [],
            clocks,
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
        for state in (self.networks, self._first, self._second):
            state.overwrite(model, other)
