"""Hidden states as they come out of a model's layers, one at a time.

Numbered as transformers numbers ``hidden_states``: 0 is what enters the first layer, k what
leaves layer k, and L, the last, what the model returns (after the final norm, where there is one).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

#: Receives the number of a layer and its states, shape (batch, tokens, width).
Visitor = Callable[[int, Tensor], None]


@dataclass(frozen=True)
class Anatomy:
    """What a look at a loaded model shows.

    Attributes
    ----------
    stack : ModuleList or None
        The layers in order; none when they can't be found, and transformers has to collect.
    depth : int
        L: hidden states are numbered 0 to L.
    width : int
    causal : bool
        Whether a token's states are free of all later tokens.
    """

    stack: nn.ModuleList | None
    depth: int
    width: int
    causal: bool


def examine(model: nn.Module) -> Anatomy:
    """Find a model's layers, and whether it looks ahead, by running it on two tiny inputs.

    The layers found are used only if their inputs are bit for bit the hidden states that
    transformers gives for the same tokens.
    """
    ids = torch.tensor([[5, 6, 7, 8], [5, 6, 7, 9]], device=next(model.parameters()).device)
    states = _collected(model, ids)
    causal = torch.equal(states[-1][0, :3], states[-1][1, :3])
    stack = _find_stack(model, ids, states)
    return Anatomy(stack, len(states) - 1, states[-1].shape[-1], causal)


def visit_states(model: nn.Module, anatomy: Anatomy, visitor: Visitor, **inputs: Any) -> None:
    """Run a model once and hand each hidden state to ``visitor`` as it comes out.

    With a known stack no state outlives the layer that reads it.

    Parameters
    ----------
    model : Module
    anatomy : Anatomy
    visitor : callable
    **inputs
        ``input_ids`` and, where there is padding to hide, ``attention_mask``.
    """
    if anatomy.stack is None:
        for number, states in enumerate(_collected(model, **inputs)):
            visitor(number, states)
        return
    with _watching(anatomy.stack, visitor):
        output = model(**inputs)
    visitor(anatomy.depth, output.last_hidden_state)


def _collected(model: nn.Module, input_ids: Tensor, **inputs: Any) -> tuple[Tensor, ...]:
    with torch.inference_mode():
        output = model(input_ids=input_ids, output_hidden_states=True, **inputs)
    states: tuple[Tensor, ...] = output.hidden_states
    return states


@contextmanager
def _watching(stack: nn.ModuleList, visitor: Visitor) -> Iterator[None]:
    """Show the input of every layer of a stack to ``visitor`` while the block runs."""

    def watch(number: int) -> Any:
        def hook(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            visitor(number, args[0] if args else kwargs["hidden_states"])

        return hook

    handles = [
        layer.register_forward_pre_hook(watch(number), with_kwargs=True)
        for number, layer in enumerate(stack)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _find_stack(
    model: nn.Module, ids: Tensor, expected: tuple[Tensor, ...]
) -> nn.ModuleList | None:
    """Find the list of modules whose inputs are the hidden states, by watching each in turn."""
    for module in model.modules():
        if not isinstance(module, nn.ModuleList) or len(module) != len(expected) - 1:
            continue
        seen: dict[int, Tensor] = {}
        anatomy = Anatomy(module, len(module), 0, False)
        try:
            with torch.inference_mode():
                visit_states(model, anatomy, seen.__setitem__, input_ids=ids)
        except KeyError:
            # Its modules aren't given `hidden_states`: not the stack.
            continue
        if len(seen) == len(expected) and all(
            torch.equal(seen[k], state) for k, state in enumerate(expected)
        ):
            return module
    return None
