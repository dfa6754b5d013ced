"""Models that look like others and are not: what was found in them is tried before it is used."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import transformers
from torch import nn

from cefrbench.engines.transformer.loading import prepare_model
from cefrbench.engines.transformer.pooling import Pooler
from cefrbench.engines.transformer.shortcut import PooledLayer, shorten
from cefrbench.engines.transformer.states import examine, visit_states

IDS = torch.arange(5, 25)[None]


class Adapted(nn.Module):
    """Three layers, and before each an adapter that sees something else than the hidden states."""

    def __init__(self, named: bool) -> None:
        super().__init__()
        self.embed = nn.Embedding(300, 16)
        self.adapters = nn.ModuleList(nn.Linear(16, 16) for _ in range(3))
        if named:
            self.layers = nn.ModuleList(nn.Linear(16, 16) for _ in range(3))
        else:
            self.one, self.two, self.three = (nn.Linear(16, 16) for _ in range(3))

    def forward(self, input_ids, output_hidden_states=False, attention_mask=None):
        layers = self.layers if hasattr(self, "layers") else (self.one, self.two, self.three)
        states = [self.embed(input_ids)]
        for adapter, layer in zip(self.adapters, layers, strict=True):
            moved = adapter(states[-1].tanh())
            states.append(layer(states[-1]) + moved)
        return SimpleNamespace(last_hidden_state=states[-1], hidden_states=tuple(states))


@pytest.mark.parametrize("named", [True, False])
def test_a_list_of_as_many_modules_is_no_stack_unless_it_sees_the_states(named):
    torch.manual_seed(0)
    model = Adapted(named).eval()
    anatomy = examine(model)
    assert anatomy.stack is (model.layers if named else None)
    seen: dict[int, torch.Tensor] = {}
    with torch.inference_mode():
        visit_states(model, anatomy, seen.__setitem__, input_ids=IDS)
        expected = model(IDS).hidden_states
    assert sorted(seen) == [0, 1, 2, 3]
    for layer, states in enumerate(expected):
        torch.testing.assert_close(seen[layer], states)


class Doubled(nn.Linear):
    """Does something else with its weights than a linear layer."""

    def forward(self, states):
        return nn.functional.linear(states, 2 * self.weight, self.bias)


@pytest.mark.parametrize("part", ["key", "value"])
def test_a_last_layer_that_uses_its_weights_in_its_own_way_stays_as_it_is(part):
    """Names and kinds of its parts are BERT's: only trying it shows that it is none."""
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=300,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        initializer_range=0.2,
    )
    model = prepare_model(transformers.AutoModel.from_config(config), "cpu")
    anatomy = examine(model)
    last = anatomy.stack[-1]
    attention = last.attention.self
    odd = Doubled(32, 32)
    odd.load_state_dict(getattr(attention, part).state_dict())
    setattr(attention, part, odd)
    with torch.inference_mode():
        expected = model(input_ids=IDS).last_hidden_state
        assert shorten(model, anatomy, "last") is None
        assert anatomy.stack[-1] is last
        assert not any(isinstance(module, PooledLayer) for module in model.modules())
        torch.testing.assert_close(model(input_ids=IDS).last_hidden_state, expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("equal", [True, False])
def test_a_mean_in_half_precision_is_summed_in_single_precision(dtype, equal):
    """Of a long text: rounded to eight bits, its sum would be off by a two-hundredth."""
    torch.manual_seed(0)
    lengths = torch.tensor([500, 500] if equal else [500, 321])
    states = (torch.randn(2, 500, 8) + 1).to(dtype)
    found = Pooler("mean", lengths, 500, equal)(states)
    assert found.dtype == torch.float32
    for row, length in enumerate(lengths):
        exact = states[row, :length].double().numpy().mean(axis=0)
        np.testing.assert_allclose(found[row].numpy(), exact, rtol=1e-5)
