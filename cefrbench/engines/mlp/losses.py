"""The loss of an MLP's outputs, and a stack's losses until their epochs end."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from cefrbench.engines.mlp.model import OutputUnit


def activate(scores: Tensor, output: OutputUnit) -> Tensor:
    """Outputs ``[…, outputs]`` as values or probabilities; may overwrite the scores.

    For each kind, the loss's derivative in the scores is this less the target.
    """
    if output == "identity":
        return scores
    if output == "softmax":
        return torch.softmax(scores, -1)
    # torch's sigmoid rounds a number by its place in the tensor, exp does not.
    return scores.neg_().exp_().add_(1).reciprocal_()


def loss(predicted: Tensor, target: Tensor, output: OutputUnit) -> Tensor:
    """Half the squared error, or the log-loss clipped as in scikit-learn, ``[…]``."""
    if output == "identity":
        return 0.5 * (predicted - target)[..., 0] ** 2
    hit = predicted * target
    if output == "logistic":
        hit = hit + (1 - predicted) * (1 - target)
    tiny = torch.finfo(hit.dtype).eps
    return -hit.sum(-1).clamp_(tiny, 1 - tiny).log_()


class EpochLosses:
    """Sums over each model's epoch: mean loss of a batch with its L2 term, times its rows.

    A step only notes what its loss is made of; the sums are made when an epoch ends, all steps at
    once, so that a step stays short.

    Parameters
    ----------
    totals : Tensor, shape (models,)
        Zeros.
    output : OutputUnit
    """

    def __init__(self, totals: Tensor, output: OutputUnit) -> None:
        self._totals = totals
        self._output = output
        self._steps: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        self._penalties: list[Tensor] = []

    def note(
        self,
        predicted: Tensor,
        target: Tensor,
        weight: Tensor,
        norms: Tensor,
        penalty: Tensor,
    ) -> None:
        """Note a step of the first models.

        Parameters
        ----------
        predicted, target : Tensor, shape (models, rows, outputs)
        weight : Tensor, shape (models, rows)
            Weight of each row's loss in the sum.
        norms : Tensor, shape (models,)
            Euclidean norms of the coefficients.
        penalty : Tensor, shape (models,)
            Weight of half the squared norm in the sum.
        """
        self._steps.append((predicted, target, weight, norms))
        self._penalties.append(penalty)

    def close(self, ended: Sequence[int]) -> list[float]:
        """Sums of the models whose epoch has ended; they begin anew."""
        predicted, target, weight, norms = zip(*self._steps, strict=True)
        totals = self._totals[: len(norms[0])]
        losses = loss(torch.cat(predicted, 1), torch.cat(target, 1), self._output)
        totals += (torch.cat(weight, 1) * losses).sum(1)
        squares = torch.stack(norms).square_()
        totals += 0.5 * (torch.stack(self._penalties) * squares).sum(0)
        self._steps, self._penalties = [], []
        # The one place where the host waits for the device.
        sums: list[float] = totals[list(ended)].tolist()
        totals[list(ended)] = 0.0
        return sums

    def overwrite(self, model: int, other: int) -> None:
        """Put another model's sum in the place of one that has left."""
        self._totals[model] = self._totals[other]
        self._totals[other] = 0.0
