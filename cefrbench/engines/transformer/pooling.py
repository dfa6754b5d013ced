"""Pooling: one vector a text out of the states of its tokens, whatever stands beside it."""

from __future__ import annotations

import torch
from torch import Tensor

from cefrbench.contracts.cards import Pooling


class Pooler:
    """Pools the states of one right-padded batch, layer after layer.

    Parameters
    ----------
    pooling : {"last", "mean", "cls", "max"}
        ``last``: the last token of the text, special tokens included (``[SEP]`` in BERT);
        ``cls``: the first one; ``mean`` and ``max``: over all tokens but padding.
    lengths : Tensor of int64, shape (batch,)
        Tokens of each text, on the device of the states.
    longest : int
        Greatest length; the states are that long.
    equal : bool
        Whether all lengths are equal: there is no padding to leave out.

    Attributes
    ----------
    tokens : Tensor of int64, shape (batch,), or None
        The one token of each text that is taken; none where all of them count.
    """

    def __init__(self, pooling: Pooling, lengths: Tensor, longest: int, equal: bool) -> None:
        self.pooling = pooling
        self.lengths = lengths
        self.tokens: Tensor | None = None
        if pooling == "last":
            self.tokens = lengths - 1
        elif pooling == "cls":
            self.tokens = torch.zeros_like(lengths)
        self._rows = torch.arange(len(lengths), device=lengths.device)
        steps = torch.arange(longest, device=lengths.device)
        self._padding = None if equal else (steps >= lengths[:, None])[:, :, None]

    def __call__(self, states: Tensor) -> Tensor:
        """Pool the states of one layer.

        Parameters
        ----------
        states : Tensor, shape (batch, longest, width)

        Returns
        -------
        Tensor of float32, shape (batch, width)
            Sums run in float32 whatever the states' type is.
        """
        if self.tokens is not None:
            return states[self._rows, self.tokens].float()
        if self.pooling == "max":
            if self._padding is not None:
                states = states.masked_fill(self._padding, -torch.inf)
            return states.amax(dim=1).float()
        if self._padding is not None:
            states = states.masked_fill(self._padding, 0)
        return states.sum(dim=1, dtype=torch.float32) / self.lengths[:, None]
