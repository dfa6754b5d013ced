"""The last layer for one token of each text, where pooling wants no other.

With pooling ``last`` or ``cls`` the last layer's queries, attention output and feed-forward block
matter at the pooled token alone, and with one query a text even keys and values need not be made
of all tokens. In a model of six layers that is a sixth of all arithmetic. In the deep causal models
it is three per cent, which isn't worth their rotary positions here, so this is for layers built as
BERT's are.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from cefrbench.contracts.cards import Pooling
from cefrbench.engines.transformer.states import Anatomy


class PooledLayer(nn.Module):
    """Stands for a BERT layer and gives its output at one token of each text.

    Parameters
    ----------
    layer : Module
        The layer of transformers; its weights are used as they are.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer: Any = layer
        #: Index of each text's token, shape (batch,), set before every pass; none for all tokens.
        self.tokens: Tensor | None = None

    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        *others: Any,
        **named: Any,
    ) -> Tensor:
        """Give the states of the chosen tokens, shape (batch, 1, width), or those of all."""
        if self.tokens is None:
            states: Tensor = self.layer(hidden_states, attention_mask, *others, **named)
            return states
        block = self.layer.attention.self
        count, width = block.num_attention_heads, hidden_states.shape[-1]
        rows = torch.arange(len(hidden_states), device=hidden_states.device)
        chosen = hidden_states[rows, self.tokens][:, None]
        # One query a head, asked of the states themselves: q · (K x) is (q K) · x, and the key's
        # bias adds the same to all scores of a head, which softmax doesn't see.
        query = block.query(chosen).view(len(rows), count, -1)
        asked = torch.einsum("bhe,hew->bhw", query, block.key.weight.view(count, -1, width))
        if attention_mask is not None:
            # Padding is hidden from every token alike, so any row of the mask will do.
            attention_mask = attention_mask[:, :, :1]
        mixed = nn.functional.scaled_dot_product_attention(
            asked[:, None],
            hidden_states[:, None],
            hidden_states[:, None],
            attn_mask=attention_mask,
            scale=query.shape[-1] ** -0.5,
        )[:, 0]
        # The weights of attention sum to one, so values may be taken after the mean.
        value = torch.einsum("bhw,hew->bhe", mixed, block.value.weight.view(count, -1, width))
        context = value.flatten(1)[:, None] + block.value.bias
        attended = self.layer.attention.output(context, chosen)
        states = self.layer.output(self.layer.intermediate(attended), attended)
        return states


def shorten(model: nn.Module, anatomy: Anatomy, pooling: Pooling) -> PooledLayer | None:
    """Put a :class:`PooledLayer` in the place of a model's last layer, where that is exact.

    The shortened model is tried on tokens first and must give what the whole one gives.

    Returns
    -------
    PooledLayer or None
        None where the pooling needs all tokens or the layers aren't BERT's.
    """
    stack = anatomy.stack
    if stack is None or pooling not in {"last", "cls"} or not _is_bert_layer(stack[-1]):
        return None
    weight = next(model.parameters())
    ids = torch.tensor([[5, 6, 7, 8, 9], [9, 8, 7, 0, 0]], device=weight.device)
    inputs = {"input_ids": ids, "attention_mask": (ids > 0).long()}
    whole = stack[-1]
    with torch.inference_mode():
        expected = model(**inputs).last_hidden_state[[0, 1], [4, 2]]
        short = PooledLayer(whole)
        short.tokens = torch.tensor([4, 2], device=weight.device)
        stack[-1] = short
        found = model(**inputs).last_hidden_state[:, 0]
    short.tokens = None
    if torch.allclose(expected, found, rtol=0, atol=32 * torch.finfo(weight.dtype).eps):
        return short
    stack[-1] = whole
    return None


def _is_bert_layer(layer: nn.Module) -> bool:
    parts = {
        *("attention.self.query", "attention.self.key", "attention.self.value"),
        *("attention.output.dense", "intermediate.dense", "output.dense"),
    }
    names = {name for name, module in layer.named_modules() if isinstance(module, nn.Linear)}
    return names == parts
