"""Linear layers on a CPU with weights packed once, for oneDNN's products.

PyTorch multiplies float32 matrices on a CPU by the BLAS that it is built with, which lays out the
weights anew at every call. oneDNN, which PyTorch carries too, lays them out once and was an eighth
faster where it was measured (docs/performance.md). Its operators are those that ``torch.compile``
puts into a frozen model; they are no public API, so a model is packed only where a trial shows the
same states.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from cefrbench.engines.transformer.states import Anatomy, visit_states

#: Rows that weights are laid out for; other numbers are right as well.
_ROWS = 2048
#: Greatest difference of a state in the trial, as a share of the greatest state.
_ROUNDING = 1e-4


class PackedLinear(nn.Module):
    """Stands for a float32 ``nn.Linear`` on a CPU; it holds no other copy of the weights.

    Parameters
    ----------
    linear : Linear
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.bias = linear.bias
        self._packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), _ROWS)

    def forward(self, states: Tensor) -> Tensor:
        """Give ``states @ weight.T + bias``, shape (..., out_features)."""
        product: Tensor = torch.ops.mkldnn._linear_pointwise(
            states, self._packed, self.bias, "none", [], ""
        )
        return product

    def __deepcopy__(self, _: dict[int, Any]) -> PackedLinear:
        """Give itself: it never changes, and a packed tensor can't be copied."""
        return self


def pack_linears(model: nn.Module, anatomy: Anatomy) -> bool:
    """Pack the linear layers of a model's stack, if it is a float32 model on a CPU.

    The first layer is tried before the others, which are packed only if they are built like it:
    so the weights are in memory once, but for those of one layer.

    Returns
    -------
    bool
        Whether the model was packed.
    """
    weight = next(model.parameters())
    if anatomy.stack is None or weight.device.type != "cpu" or weight.dtype != torch.float32:
        return False
    first, *others = anatomy.stack
    plain = _linears(first)
    if not plain:
        return False
    expected = _trial(model, anatomy)
    try:
        _pack(first)
        found = _trial(model, anatomy)
    except (AttributeError, RuntimeError, TypeError):
        # The layer uses its weights in a way of its own, or this build lacks the operators.
        same = False
    else:
        same = all(
            float((a - b).abs().max()) <= _ROUNDING * float(b.abs().max())
            for a, b in zip(found, expected, strict=True)
        )
    if not same:
        for name, linear in plain.items():
            first.set_submodule(name, linear)
        return False
    for layer in others:
        if type(layer) is type(first) and _linears(layer).keys() == plain.keys():
            _pack(layer)
    return True


def _linears(layer: nn.Module) -> dict[str, nn.Linear]:
    # Of exactly this type: what is derived from it may do something else with its weights.
    return {name: m for name, m in layer.named_modules() if type(m) is nn.Linear}


def _pack(layer: nn.Module) -> None:
    for name, linear in _linears(layer).items():
        layer.set_submodule(name, PackedLinear(linear))


def _trial(model: nn.Module, anatomy: Anatomy) -> list[Tensor]:
    """Give all states of a few tokens."""
    ids = torch.tensor([[5, 6, 7, 8, 9]])
    states: list[Tensor] = []
    with torch.inference_mode():
        visit_states(model, anatomy, lambda _, state: states.append(state), input_ids=ids)
    return states
